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

    /// The bits of a floating-point number of any format: random, or where the cases of IEEE 754 are.
    pub(crate) fn float(&mut self) -> u64 {
        let exponent = self.pick(&[0, 1, 0x3fe, 0x3ff, 0x400, 0x43e, 0x7fe, 0x7ff]);
        let fraction = self.pick(&[0, 1, 1 << 51, (1 << 51) - 1, (1 << 52) - 1]);
        let double = exponent << 52 | fraction;
        let single =
            self.pick(&[0, 1, 0x007f_ffff, 0x3f80_0000, 0x7f7f_ffff, 0x7f80_0000, 0x7f80_0001, 0x7fc0_0000]);
        let half = self.pick(&[0, 1, 0x03ff, 0x3c00, 0x7bff, 0x7c00, 0x7c01, 0x7e00]);
        match self.below(8) {
            0 => self.value(),
            1 => double,
            2 => double | 1 << 63,
            3 => 0xffff_ffff << 32 | self.value(),
            4 => 0xffff_ffff << 32 | single,
            5 => 0xffff_ffff << 32 | single | 1 << 31,
            6 => 0xffff_ffff_ffff << 16 | self.value(),
            _ => 0xffff_ffff_ffff << 16 | half | self.below(2) << 15,
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
