//! The entropy device. VIRTIO 1.2, 5.4 "Entropy Device".
//!
//! What it gives is no secret and the same in every run: numbers from a seed, by SplitMix64 (Steele, Lea and Flood,
//! "Fast Splittable Pseudorandom Number Generators"). A guest whose keys matter must not take them from here.

use super::queue::Serving;
use super::{Broken, Function};
use crate::state::{self, BadState};

/// Bytes that a request gets at most; the driver asks again if it wants more.
const GIVEN_AT_ONCE: u64 = 64 << 10;

/// A source of numbers that look random.
#[derive(Debug)]
pub(super) struct Entropy {
    seed: u64,
    /// What the next number is made of.
    next: u64,
}

impl Entropy {
    /// The numbers that follow from `seed`.
    pub(super) fn new(seed: u64) -> Entropy {
        Entropy { seed, next: seed }
    }

    fn number(&mut self) -> u64 {
        self.next = self.next.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.next ^ self.next >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ mixed >> 31
    }
}

impl Function for Entropy {
    fn id(&self) -> u32 {
        4
    }

    fn queues(&self) -> usize {
        1
    }

    fn serve(&mut self, _queue: usize, serving: &mut Serving<'_>) -> Result<(), Broken> {
        while let Some(chain) = serving.next()? {
            let count = chain.writable().min(GIVEN_AT_ONCE);
            let numbers = (0..count.div_ceil(8)).flat_map(|_| self.number().to_le_bytes());
            let bytes: Vec<u8> = numbers.take(count as usize).collect();
            chain.write(serving.ram(), 0, &bytes)?;
            serving.give_back(chain, count)?;
        }
        Ok(())
    }

    fn reset(&mut self) {
        self.next = self.seed;
    }

    fn save(&self) -> Vec<u8> {
        state::encode(&(self.seed, self.next))
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), BadState> {
        let (seed, next): (u64, u64) = state::decode(state)?;
        BadState::unless(seed == self.seed, "the entropy device had another seed")?;
        self.next = next;
        Ok(())
    }
}
