//! Where runs are cut: the numbers of instructions between two looks at the machines.

use crate::lockstep::random::Rng;

/// Before so many instructions there are no long slices, so that short programs are looked at often.
const EARLY: u64 = 5000;

/// Slices in the order that belongs to a seed.
pub(super) struct Slices(Rng);

impl Slices {
    pub(super) fn new(seed: u64) -> Slices {
        Slices(Rng(seed))
    }

    /// The length of the next one, of a run that has come to instruction `done`: mostly a few instructions,
    /// sometimes hundreds, now and then thousands.
    pub(super) fn next(&mut self, done: u64) -> u64 {
        let kind = self.0.below(8);
        match kind {
            0..=4 => 1 + self.0.below(20),
            7 if EARLY <= done => 1000 + self.0.below(19_001),
            _ => 20 + self.0.below(281),
        }
    }
}

/// A seed for the program called `name`: FNV-1a.
pub(super) fn seed_of(name: &str) -> u64 {
    name.bytes()
        .fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3))
}
