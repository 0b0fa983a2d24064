//! Virtual machine identifiers, handed out in generations. Privileged ISA, "Hypervisor Guest Address
//! Translation and Protection (hgatp) Register".
//!
//! A virtual machine keeps its VMID until all have been used up. Then a new generation begins: every hart
//! forgets its translations, and machines with a VMID of an older generation get a new one before they run.

use crate::hart::Hart;

/// The VMID of one virtual machine, which may have gone stale.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Vmid {
    /// The number, 0 before the first use.
    number: u16,
    generation: u64,
}

impl Vmid {
    /// The number for `hgatp`.
    pub const fn number(self) -> u16 {
        self.number
    }
}

/// Hands out VMIDs.
#[derive(Debug)]
pub struct Vmids {
    bits: u32,
    generation: u64,
    /// The next number; 0 when a new generation must begin.
    next: u16,
}

impl Vmids {
    /// An allocator of VMIDs of `bits` bits, as [`probe`](crate::probe::probe) found them, for a machine of
    /// `harts` harts.
    ///
    /// Fewer VMIDs than harts would force a new generation at every switch, so that they are not used then.
    pub fn new(bits: u32, harts: usize) -> Vmids {
        let enough = 1usize.checked_shl(bits).is_none_or(|count| count > harts);
        Vmids { bits: if enough { bits } else { 0 }, generation: 1, next: 0 }
    }

    /// Whether translations must be forgotten at every switch, for want of VMIDs.
    pub fn is_unused(&self) -> bool {
        self.bits == 0
    }

    /// Whether `vmid` may belong to another virtual machine by now.
    pub fn is_stale(&self, vmid: Vmid) -> bool {
        !self.is_unused() && vmid.generation != self.generation
    }

    /// Renews `vmid` if it is stale; says whether it changed, so that `hgatp` must be written.
    ///
    /// When a new generation begins, guests that run on other harts still use VMIDs of the old one: the
    /// host must make them exit before a number is in use twice.
    pub fn update<H: Hart>(&mut self, hart: &mut H, vmid: &mut Vmid) -> bool {
        if !self.is_stale(*vmid) {
            return false;
        }
        if self.next == 0 {
            self.generation += 1;
            self.next = 1;
            hart.hfence_gvma();
            hart.remote_hfence_gvma();
        }
        *vmid = Vmid { number: self.next, generation: self.generation };
        self.next = ((u32::from(self.next) + 1) & ((1 << self.bits) - 1)) as u16;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Event, FakeHart};

    #[test]
    fn numbers_start_at_one_and_stay() {
        let (mut hart, mut vmids, mut vmid) = (FakeHart::default(), Vmids::new(14, 1), Vmid::default());
        assert!(vmids.update(&mut hart, &mut vmid));
        assert_eq!(vmid.number(), 1);
        assert_eq!(hart.take_events(), [Event::HfenceGvma, Event::RemoteHfenceGvma]);
        assert!(!vmids.update(&mut hart, &mut vmid));
        assert_eq!(hart.take_events(), []);
    }

    #[test]
    fn no_two_machines_share_a_number_of_one_generation() {
        let (mut hart, mut vmids) = (FakeHart::default(), Vmids::new(2, 1));
        let mut machines = [Vmid::default(); 8];
        for round in 0..5 {
            for i in 0..machines.len() {
                vmids.update(&mut hart, &mut machines[i]);
                let valid: Vec<_> = machines.iter().filter(|v| !vmids.is_stale(**v)).collect();
                for (n, vmid) in valid.iter().enumerate() {
                    assert_ne!(vmid.number(), 0);
                    assert!(
                        valid[..n].iter().all(|other| other.number() != vmid.number()),
                        "round {round}, machine {i}: {machines:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_new_generation_fences_before_a_number_is_used_again() {
        let (mut hart, mut vmids) = (FakeHart::default(), Vmids::new(2, 1));
        for i in 0..12 {
            let mut vmid = Vmid::default();
            vmids.update(&mut hart, &mut vmid);
            let fenced = !hart.take_events().is_empty();
            assert_eq!(fenced, i % 3 == 0);
            assert_eq!(u32::from(vmid.number()), i % 3 + 1);
        }
    }

    #[test]
    fn too_few_bits_are_not_used() {
        for (bits, harts, unused) in [(0, 1, true), (1, 1, false), (1, 2, true), (2, 3, false), (2, 4, true)]
        {
            assert_eq!(Vmids::new(bits, harts).is_unused(), unused, "{bits} bits, {harts} harts");
        }
        let mut vmid = Vmid::default();
        assert!(!Vmids::new(0, 1).update(&mut FakeHart::default(), &mut vmid));
        assert_eq!(vmid.number(), 0);
    }
}
