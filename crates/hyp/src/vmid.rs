//! Virtual machine identifiers, handed out in generations. Privileged ISA, "Hypervisor Guest Address
//! Translation and Protection (hgatp) Register".
//!
//! A virtual machine keeps its VMID until all have been used up. Then a new generation begins: guests leave every hart,
//! every hart forgets its translations, and machines with a VMID of an older generation get a new one before they run.
//! Where they first run with it, what is cached under it is forgotten once more: a hart may have walked the old tables
//! until then, and HFENCE.GVMA need not forget what VS-stage tables said.

use crate::hart::{Hart, RemoteFence};
use crate::host::Host;
use crate::hypervisor::Harts;
use crate::museum::{Mistake, is_repeated};
use crate::sync::{AtomicU64, Mutex, Ordering};

/// Where the generation begins in a word whose low bits are the number.
const GENERATION: u32 = 16;

/// The VMID of one virtual machine, which may have gone stale.
#[derive(Default, Debug)]
pub struct Vmid(AtomicU64);

impl Vmid {
    /// The number for `hgatp`, 0 before the first use.
    pub fn number(&self) -> u16 {
        self.tag() as u16
    }

    /// The number with its generation: what no two machines ever have, nor one machine twice. 0 before the first use.
    pub(crate) fn tag(&self) -> u64 {
        self.0.load(Ordering::SeqCst)
    }

    fn generation(&self) -> u64 {
        self.tag() >> GENERATION
    }
}

/// Hands out VMIDs.
#[derive(Debug)]
pub struct Vmids {
    bits: u32,
    generation: AtomicU64,
    /// The next number; 0 when a new generation must begin.
    next: Mutex<u16>,
}

impl Vmids {
    /// An allocator of VMIDs of `bits` bits, as [`probe`](crate::probe::probe) found them, for a machine of
    /// `harts` harts.
    ///
    /// Fewer VMIDs than harts would force a new generation at every switch, so that they are not used then.
    pub fn new(bits: u32, harts: usize) -> Vmids {
        let enough = 1usize.checked_shl(bits).is_none_or(|count| count > harts);
        let bits = if enough { bits } else { 0 };
        Vmids { bits, generation: AtomicU64::new(1), next: Mutex::new(0) }
    }

    /// How many bits of a VMID are used: 0 where translations must be forgotten at every switch, for want of VMIDs.
    pub fn bits(&self) -> u32 {
        self.bits
    }

    /// Whether translations must be forgotten at every switch, for want of VMIDs.
    pub fn is_unused(&self) -> bool {
        self.bits == 0
    }

    /// Whether `vmid` may belong to another virtual machine by now.
    pub fn is_stale(&self, vmid: &Vmid) -> bool {
        !self.is_unused() && vmid.generation() != self.generation.load(Ordering::SeqCst)
    }

    /// Renews `vmid` if it is stale, from hart `number`, which runs no guest now.
    ///
    /// A guest that is about to enter on another hart looks for itself [whether it is stale](Vmids::is_stale) after that
    /// hart has said that it is [in a guest](Harts::enter): so one of the two sees the other.
    pub fn update<H: Hart>(&self, hart: &mut H, number: usize, host: &impl Host, harts: &Harts, vmid: &Vmid) {
        if !self.is_stale(vmid) {
            return;
        }
        let mut next = self.next.lock();
        // Another virtual hart of the machine may have been faster.
        if !self.is_stale(vmid) {
            return;
        }
        if *next == 0 {
            self.generation.fetch_add(1, Ordering::SeqCst);
            *next = 1;
            if !is_repeated(Mistake::B12) {
                harts.expel_guests(host, number);
            }
            hart.hfence_gvma(None, None);
            hart.remote_fence(RemoteFence::Guests);
        }
        let generation = self.generation.load(Ordering::SeqCst);
        vmid.0.store(generation << GENERATION | u64::from(*next), Ordering::SeqCst);
        *next = ((u32::from(*next) + 1) & ((1 << self.bits) - 1)) as u16;
    }
}

#[cfg(test)]
impl Vmids {
    /// Gives numbers to machines that do not matter until one is stale.
    pub(crate) fn exhaust(&self, harts: &Harts, vmid: &Vmid) {
        let (mut hart, host) = (crate::fake::FakeHart::default(), crate::fake::FakeHost::default());
        while !self.is_stale(vmid) {
            self.update(&mut hart, 1, &host, harts, &Vmid::default());
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::fake::{Event, FakeHart, FakeHost};

    struct World {
        hart: FakeHart,
        host: FakeHost,
        harts: Arc<Harts>,
        vmids: Vmids,
    }

    fn world(bits: u32, harts: usize) -> World {
        World {
            hart: FakeHart::default(),
            host: FakeHost::default(),
            harts: Arc::new(Harts::new(harts)),
            vmids: Vmids::new(bits, harts),
        }
    }

    impl World {
        fn update(&mut self, vmid: &Vmid) -> Vec<Event> {
            let World { hart, host, harts, vmids } = self;
            vmids.update(hart, 0, host, harts, vmid);
            hart.take_events()
        }
    }

    const FORGET: [Event; 2] = [Event::HfenceGvma(None, None), Event::RemoteFence(RemoteFence::Guests)];

    #[test]
    fn numbers_start_at_one_and_stay() {
        let (mut world, vmid) = (world(14, 1), Vmid::default());
        assert_eq!(world.update(&vmid), FORGET);
        assert_eq!(vmid.number(), 1);
        assert_eq!(world.update(&vmid), []);
        assert_eq!(vmid.number(), 1);
    }

    #[test]
    fn no_two_machines_share_a_number_of_one_generation() {
        for bits in [1, 2, 7] {
            let mut world = world(bits, 1);
            let machines: [Vmid; 200] = core::array::from_fn(|_| Vmid::default());
            for round in 0..5 {
                for i in 0..machines.len() {
                    world.update(&machines[i]);
                    let valid: Vec<_> =
                        machines.iter().filter(|v| !world.vmids.is_stale(v)).map(Vmid::number).collect();
                    for (n, number) in valid.iter().enumerate() {
                        assert!(*number != 0 && u32::from(*number) < 1 << bits);
                        assert!(!valid[..n].contains(number), "{bits} bits, round {round}, machine {i}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_new_generation_fences_before_a_number_is_used_again() {
        let mut world = world(2, 1);
        for i in 0..12 {
            let vmid = Vmid::default();
            let fenced = world.update(&vmid);
            assert_eq!(fenced, if i % 3 == 0 { &FORGET[..] } else { &[] });
            assert_eq!(u32::from(vmid.number()), i % 3 + 1);
        }
    }

    #[test]
    fn a_new_generation_makes_running_guests_exit_and_waits_for_them() {
        let mut world = world(2, 2);
        for _ in 0..3 {
            world.update(&Vmid::default());
        }
        world.harts.enter(1);
        let harts = Arc::clone(&world.harts);
        *world.host.on_kick.borrow_mut() = Some(Box::new(move |hart| harts.leave(hart)));
        world.update(&Vmid::default());
        assert_eq!(world.host.take_kicks(), [1]);
    }

    #[test]
    fn too_few_bits_are_not_used() {
        for (bits, harts, unused) in [(0, 1, true), (1, 1, false), (1, 2, true), (2, 3, false), (2, 4, true)]
        {
            assert_eq!(Vmids::new(bits, harts).is_unused(), unused, "{bits} bits, {harts} harts");
        }
        let (mut world, vmid) = (world(0, 1), Vmid::default());
        assert_eq!(world.update(&vmid), []);
        assert_eq!(vmid.number(), 0);
    }
}
