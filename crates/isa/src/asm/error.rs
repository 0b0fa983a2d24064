//! What can be wrong with a program given to the assembler.

use alloc::string::String;
use core::fmt;

/// Why a program could not be assembled.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum AsmError {
    /// An operand that the instruction's fields cannot hold.
    Operand {
        /// Where the instruction was to lie.
        address: u64,
        /// The instruction with its operands.
        inst: String,
    },
    /// A label that is too far away from the instruction that names it, or at an odd distance.
    Distance {
        /// Where the instruction lies.
        address: u64,
        /// The instruction's mnemonic.
        mnemonic: String,
        /// Where the label is.
        target: u64,
    },
    /// A label that is used but was never placed.
    NotPlaced {
        /// Where the label is used.
        address: u64,
    },
    /// A label that was placed a second time.
    PlacedTwice {
        /// The second place.
        address: u64,
    },
    /// An alignment that is no power of two.
    Alignment {
        /// Where it was asked for.
        address: u64,
        /// What was asked for.
        alignment: u64,
    },
}

impl fmt::Display for AsmError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AsmError::Operand { address, inst } => {
                write!(f, "{address:#x}: an operand is out of range: {inst}")
            }
            AsmError::Distance { address, mnemonic, target } => {
                write!(f, "{address:#x}: {mnemonic} cannot reach {target:#x}")
            }
            AsmError::NotPlaced { address } => {
                write!(f, "{address:#x}: the label used here was never placed")
            }
            AsmError::PlacedTwice { address } => {
                write!(f, "{address:#x}: the label placed here has a place already")
            }
            AsmError::Alignment { address, alignment } => {
                write!(f, "{address:#x}: {alignment} is no power of two to align to")
            }
        }
    }
}

impl core::error::Error for AsmError {}
