//! A generator of random numbers that is the same everywhere.

/// SplitMix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators").
#[derive(Clone, Copy)]
pub(crate) struct Rng(pub(crate) u64);

#[allow(dead_code, reason = "each test file uses a part of it")]
impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ z >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// Whether something that happens once in `n` times happens now.
    pub(crate) fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// One of `choices`.
    pub(crate) fn pick<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[self.below(choices.len() as u64) as usize]
    }

    /// All ones, except once in `n` times, when it is random.
    pub(crate) fn ones_except_one_in(&mut self, n: u64) -> u64 {
        if self.one_in(n) { self.next() } else { u64::MAX }
    }

    /// Zero, except once in `n` times, when it is random.
    pub(crate) fn zero_except_one_in(&mut self, n: u64) -> u64 {
        if self.one_in(n) { self.next() } else { 0 }
    }
}
