//! A hart that guests run on: what it holds of them between two runs. Privileged ISA, "H Extension for Hypervisor
//! Support".

use alloc::sync::Arc;

use isa::csr::{hcounteren, hedeleg, hgatp, hideleg, hvip, vsie};
use isa::paging::PAGE_SIZE;

use crate::addr::Gpa;
use crate::hart::Hart;
use crate::hypervisor::Hypervisor;
use crate::museum::{Mistake, is_repeated};

/// A hart of which the hypervisor is in charge.
#[derive(Debug)]
pub struct Local<H> {
    /// The hart.
    pub hart: H,
    pub(crate) hypervisor: Arc<Hypervisor>,
    pub(crate) number: usize,
    /// Whose supervisor CSRs the hart still holds, by the virtual hart's identity.
    pub(crate) former: Option<u64>,
    /// What `hgatp` holds.
    pub(crate) hgatp: u64,
    /// The VMID in it, with its generation.
    pub(crate) tag: u64,
    /// When the hart is interrupted for a guest's timer.
    pub(crate) alarm: u64,
}

/// More pages than this are not worth a fence each.
const MOST_PAGES: u64 = 512;

/// An alarm that never rings.
pub(crate) const NEVER: u64 = u64::MAX;

impl<H: Hart> Local<H> {
    /// Takes charge of hart `number`, which is less than the machine's number of harts.
    ///
    /// # Panics
    /// Where it is not.
    pub fn enable(hypervisor: Arc<Hypervisor>, mut hart: H, number: usize) -> Local<H> {
        assert!(number < hypervisor.harts.count(), "the machine has no hart {number}");
        hart.write::<{ hvip::NUMBER }>(0);
        hart.write::<{ hgatp::NUMBER }>(0);
        // A guest of an earlier hypervisor may have left translations behind.
        hart.hfence_gvma(None, None);
        // Nor may one of its alarms ring.
        hart.set_alarm(NEVER);
        Local { hart, hypervisor, number, former: None, hgatp: 0, tag: 0, alarm: NEVER }
    }

    /// Gives the hart back; no virtual hart is loaded.
    ///
    /// The order keeps interrupts that guests enabled from reaching the host when they stop being delegated.
    pub fn disable(mut self) -> H {
        if is_repeated(Mistake::B32) {
            self.hart.write::<{ hideleg::NUMBER }>(0);
        }
        self.hart.write::<{ vsie::NUMBER }>(0);
        self.hart.write::<{ hvip::NUMBER }>(0);
        self.hart.write::<{ hedeleg::NUMBER }>(0);
        self.hart.write::<{ hideleg::NUMBER }>(0);
        self.hart.write::<{ hcounteren::NUMBER }>(0);
        self.hart
    }

    /// Learns that the hart's CSRs are lost, as after a sleep that does not retain them. No virtual hart is loaded.
    pub fn forget(&mut self) {
        if !is_repeated(Mistake::B14) {
            self.former = None;
        }
        // What the hart cannot hold.
        self.hgatp = NEVER;
        self.hart.set_alarm(NEVER);
        self.alarm = NEVER;
    }

    /// Forgets what this hart has cached of a range of guest physical addresses of one machine.
    pub(crate) fn fence_guest(&mut self, vmid: u16, start: Gpa, size: u64) {
        let pages = size.div_ceil(PAGE_SIZE);
        if pages > MOST_PAGES {
            return self.hart.hfence_gvma(None, Some(vmid));
        }
        for page in 0..pages {
            self.hart.hfence_gvma(Some(start.offset(page * PAGE_SIZE)), Some(vmid));
        }
    }

    /// The hart's number.
    pub fn number(&self) -> usize {
        self.number
    }
}
