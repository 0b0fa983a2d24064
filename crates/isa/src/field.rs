//! Bit fields of registers.

/// A field of a register: `width` bits starting at bit `lo`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Field {
    /// The lowest bit.
    pub lo: u32,
    /// The number of bits, 1 to 64.
    pub width: u32,
}

impl Field {
    /// The field that the manual writes `[bit]` or `[hi:lo]`.
    pub(crate) const fn new(bits: &[u32]) -> Field {
        match *bits {
            [bit] => Field { lo: bit, width: 1 },
            [hi, lo] => Field { lo, width: hi - lo + 1 },
            _ => panic!("a field is [bit] or [hi:lo]"),
        }
    }

    /// The field's bits, in place.
    #[inline]
    pub const fn mask(self) -> u64 {
        (u64::MAX >> (64 - self.width)) << self.lo
    }

    /// The value of the field in `register`.
    #[inline]
    pub const fn get(self, register: u64) -> u64 {
        (register & self.mask()) >> self.lo
    }

    /// Whether any bit of the field is set in `register`.
    #[inline]
    pub const fn is_set(self, register: u64) -> bool {
        register & self.mask() != 0
    }

    /// `register` with the field set to `value`, whose excess bits are dropped.
    #[inline]
    pub const fn set(self, register: u64, value: u64) -> u64 {
        register & !self.mask() | value << self.lo & self.mask()
    }

    /// `value` in place and zero elsewhere.
    #[inline]
    pub const fn of(self, value: u64) -> u64 {
        self.set(0, value)
    }
}
