//! The entropy source behind the `seed` CSR. Unprivileged ISA, "Entropy Source".
//!
//! Its numbers are not random: a run is to be repeatable. Every hart begins with BIST, then alternates between
//! WAIT and ES16.

use isa::csr::seed::{ENTROPY, OPST};

use crate::hart::Hart;

const WAIT: u64 = 1;
const ES16: u64 = 2;

impl Hart {
    /// What `seed` shows until the next poll.
    pub(super) fn entropy(&self) -> u64 {
        match self.csr.polls {
            // BIST, after reset.
            0 => 0,
            polls if polls % 2 == 1 => OPST.of(WAIT),
            polls => OPST.of(ES16) | ENTROPY.of(self.number(polls / 2)),
        }
    }

    /// The `n`th number of the source: SplitMix64 over the knob, the hart and `n`.
    fn number(&self, n: u64) -> u64 {
        let start = u64::from(self.variant().entropy) << 32 | self.id() as u64 & 0xffff_ffff;
        let mut z = start.wrapping_add(n.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z >> 48
    }
}
