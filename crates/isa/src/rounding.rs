//! Rounding modes. Unprivileged ISA, "Floating-Point Control and Status Register".

use core::fmt;

/// A rounding mode, as encoded in the rm field of instructions and, except for `Dyn`, in `frm`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
pub enum RoundingMode {
    /// To nearest, ties to even.
    Rne = 0,
    /// Towards zero.
    Rtz = 1,
    /// Down.
    Rdn = 2,
    /// Up.
    Rup = 3,
    /// To nearest, ties to the larger magnitude.
    Rmm = 4,
    /// In an instruction: as `frm` says.
    Dyn = 7,
}

impl RoundingMode {
    /// The mode with this encoding; `None` for the reserved 5 and 6, and for more than three bits.
    pub const fn from_bits(bits: u8) -> Option<RoundingMode> {
        match bits {
            0 => Some(RoundingMode::Rne),
            1 => Some(RoundingMode::Rtz),
            2 => Some(RoundingMode::Rdn),
            3 => Some(RoundingMode::Rup),
            4 => Some(RoundingMode::Rmm),
            7 => Some(RoundingMode::Dyn),
            _ => None,
        }
    }

    /// The assembler's name.
    pub const fn name(self) -> &'static str {
        match self {
            RoundingMode::Rne => "rne",
            RoundingMode::Rtz => "rtz",
            RoundingMode::Rdn => "rdn",
            RoundingMode::Rup => "rup",
            RoundingMode::Rmm => "rmm",
            RoundingMode::Dyn => "dyn",
        }
    }
}

impl From<RoundingMode> for u8 {
    fn from(mode: RoundingMode) -> u8 {
        mode as u8
    }
}

impl fmt::Display for RoundingMode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
