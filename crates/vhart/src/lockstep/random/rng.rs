//! A generator of random numbers: the same seed gives the same program everywhere.

/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators").
pub(crate) struct Rng(pub u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `n`, which is not zero.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Whether something that happens once in `n` times happens now.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of `choices`, which are not none.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// A number of any size, often one at which arithmetic turns over.
    pub(crate) fn value(&mut self) -> u64 {
        match self.below(4) {
            0 => self.pick(&[0, 1, u64::MAX, i64::MIN as u64, i64::MAX as u64, 0x8000_0000, 0x7fff_ffff]),
            1 => self.next() & 0xff,
            2 => self.next() as i32 as u64,
            _ => self.next(),
        }
    }

    /// Bits of which about as many are set as the last two choices agree on: none, few, half, most or all.
    pub(crate) fn bits(&mut self) -> u64 {
        match self.below(5) {
            0 => 0,
            1 => self.next() & self.next() & self.next(),
            2 => self.next(),
            3 => self.next() | self.next() | self.next(),
            _ => u64::MAX,
        }
    }
}
