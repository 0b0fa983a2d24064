//! The hypervisor as a whole: what it knows of the machine, and what the machine's harts share.

use alloc::sync::Arc;
use alloc::vec::Vec;

use isa::ext::ExtSet;
use isa::paging::Scheme;

use crate::error::Error;
use crate::hart::Hart;
use crate::host::Host;
use crate::probe::{self, Features};
use crate::sync::{AtomicBool, AtomicU64, Ordering, spin_loop};
use crate::vmid::Vmids;

/// What the kernel has been told of the machine, by its device tree and its firmware.
#[derive(Clone, Debug)]
pub struct Machine {
    /// The extensions that every hart has.
    pub isa: ExtSet,
    /// Ticks of the clock in a second.
    pub frequency: u64,
    /// How many harts the hypervisor runs guests on.
    pub harts: usize,
    /// Bytes of a cache block for management, zeroing and prefetching.
    pub block_size: u64,
    /// SBI's vendor, architecture and implementation of the harts.
    pub ids: [u64; 3],
    /// The translation that guests are to have, where it is not the widest that the harts have.
    pub gstage: Option<&'static Scheme>,
}

/// The hypervisor.
#[derive(Debug)]
pub struct Hypervisor {
    /// The machine.
    pub machine: Machine,
    /// What its harts have for guests.
    pub features: Features,
    /// Who has which VMID.
    pub vmids: Vmids,
    /// Which harts run guests now.
    pub harts: Harts,
    next_id: AtomicU64,
}

impl Hypervisor {
    /// Finds out what `hart`, one of the machine's, can do. It runs no guest.
    ///
    /// # Errors
    /// What the machine lacks.
    pub fn new<H: Hart>(hart: &mut H, machine: Machine) -> Result<Arc<Hypervisor>, Error> {
        let features = probe::probe(hart, machine.gstage)?;
        let vmids = Vmids::new(features.vmid_bits, machine.harts);
        let harts = Harts::new(machine.harts);
        Ok(Arc::new(Hypervisor { machine, features, vmids, harts, next_id: AtomicU64::new(1) }))
    }

    /// A number that nothing else has; never 0.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id.fetch_add(1, Ordering::Relaxed)
    }
}

/// Which harts run a guest at this moment, by their number.
#[derive(Debug)]
pub struct Harts(Vec<AtomicBool>);

impl Harts {
    /// So many harts, of which none does.
    pub fn new(count: usize) -> Harts {
        Harts((0..count).map(|_| AtomicBool::new(false)).collect())
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.len()
    }

    /// Says that a hart is about to enter a guest. It looks afterwards whether it may.
    pub fn enter(&self, hart: usize) {
        self.0[hart].store(true, Ordering::SeqCst);
    }

    /// Says that a hart has left its guest, or has not entered.
    pub fn leave(&self, hart: usize) {
        self.0[hart].store(false, Ordering::SeqCst);
    }

    /// Makes every guest on a hart other than `own` exit, and waits until they have.
    pub fn expel_guests(&self, host: &impl Host, own: usize) {
        let others = || self.0.iter().enumerate().filter(|(number, _)| *number != own);
        for (number, in_guest) in others() {
            if in_guest.load(Ordering::SeqCst) {
                host.kick(number);
            }
        }
        for (_, in_guest) in others() {
            while in_guest.load(Ordering::SeqCst) {
                spin_loop();
            }
        }
    }
}
