//! Loads, stores and atomics at addresses without memory, decoded so that the host can carry them out.
//! Unprivileged ISA, "Load and Store Instructions", "Atomic Instructions" and "NaN Boxing of Narrower Values".
//!
//! A device has no reservations: LR and SC are no accesses of this kind, nor is anything that is wider than a register.

use isa::format::Format;
use isa::{Inst, Op};

use crate::exit::AccessKind;
use crate::hart::Width;
use crate::museum::{Mistake, is_repeated};

/// An access to be carried out by the host.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// What is done, and with which registers.
    pub kind: Kind,
    /// How much is accessed.
    pub width: Width,
    /// The size of the instruction in bytes: 2 or 4.
    pub instruction_size: u64,
}

/// What an access does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Loads into a register.
    Load {
        /// The destination.
        rd: Register,
        /// Whether an integer register's value is sign-extended; a floating-point register's is NaN-boxed.
        signed: bool,
    },
    /// Stores the low bits of a register.
    Store {
        /// The source.
        rs2: Register,
    },
    /// Loads, and then stores what the operation makes of it: to a device, two accesses.
    Amo {
        /// What it makes of it.
        operation: Operation,
        /// The integer register that the loaded value goes to, and that a compare-and-swap compares with.
        rd: u8,
        /// The integer register with the other operand.
        rs2: u8,
    },
}

/// A register that an access reads or writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Register {
    /// An integer register, 0 to 31.
    X(u8),
    /// A floating-point register, 0 to 31; a write to it makes the guest's floating-point state dirty.
    F(u8),
}

/// What an atomic memory operation computes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Operation {
    /// AMOSWAP.
    Swap,
    /// AMOADD.
    Add,
    /// AMOXOR.
    Xor,
    /// AMOAND.
    And,
    /// AMOOR.
    Or,
    /// AMOMIN, signed.
    Min,
    /// AMOMAX, signed.
    Max,
    /// AMOMINU.
    Minu,
    /// AMOMAXU.
    Maxu,
    /// AMOCAS.
    CompareAndSwap,
}

/// What comes of a loaded value.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Loaded {
    /// Where it goes, which an atomic does when its store is done.
    pub rd: Register,
    /// What that register gets.
    pub value: u64,
    /// What an atomic stores next at the same address; `None` for a load and for a comparison that fails.
    pub stored: Option<u64>,
}

impl Access {
    /// The access that `inst` makes; `None` for instructions that the host does not carry out, whose access raises an
    /// access fault.
    ///
    /// `instruction_size` is given apart since a transformed compressed instruction looks like its 32-bit form.
    pub fn of(inst: &Inst, instruction_size: u64) -> Option<Access> {
        if is_repeated(Mistake::T15) && matches!(inst.op, Op::c_swsp | Op::c_sdsp) && inst.bits >> 7 & 31 == 0
        {
            return None;
        }
        let load = |signed| Kind::Load { rd: Register::X(inst.rd), signed };
        let boxed = Kind::Load { rd: Register::F(inst.rd), signed: false };
        let store = Kind::Store { rs2: Register::X(inst.rs2) };
        let unboxed = Kind::Store { rs2: Register::F(inst.rs2) };
        let (kind, width) = match inst.op.long() {
            Op::lb => (load(true), Width::Byte),
            Op::lbu => (load(false), Width::Byte),
            Op::lh => (load(true), Width::Half),
            Op::lhu => (load(false), Width::Half),
            Op::lw => (load(true), Width::Word),
            Op::lwu => (load(false), Width::Word),
            Op::ld => (load(true), Width::Double),
            Op::flh => (boxed, Width::Half),
            Op::flw => (boxed, Width::Word),
            Op::fld => (boxed, Width::Double),
            Op::sb => (store, Width::Byte),
            Op::sh => (store, Width::Half),
            Op::sw => (store, Width::Word),
            Op::sd => (store, Width::Double),
            Op::fsh => (unboxed, Width::Half),
            Op::fsw => (unboxed, Width::Word),
            Op::fsd => (unboxed, Width::Double),
            op => {
                let (operation, width) = Operation::of(op)?;
                (Kind::Amo { operation, rd: inst.rd, rs2: inst.rs2 }, width)
            }
        };
        Some(Access { kind, width, instruction_size })
    }

    /// What the device gets of a register's `value`: its low bits.
    pub const fn stored(&self, value: u64) -> u64 {
        self.width.truncate(value)
    }

    /// What becomes of the `value` that the device gave, of which only the access's width counts; `None` for a store,
    /// which asks for none.
    ///
    /// `x` reads the guest's integer registers.
    pub fn loaded(&self, value: u64, x: impl Fn(u8) -> u64) -> Option<Loaded> {
        let width = self.width;
        Some(match self.kind {
            Kind::Store { .. } => return None,
            Kind::Load { rd, signed } => {
                let value = match rd {
                    Register::X(_) if signed && !is_repeated(Mistake::B1) => width.sign_extend(value),
                    Register::X(_) => width.truncate(value),
                    Register::F(_) => value | !width.truncate(!0),
                };
                Loaded { rd, value, stored: None }
            }
            Kind::Amo { operation, rd, rs2 } => {
                let stored = operation.apply(width, value, x(rs2), || x(rd));
                Loaded { rd: Register::X(rd), value: width.sign_extend(value), stored }
            }
        })
    }
}

impl Kind {
    /// Load or store, as a fault tells it: an atomic's is a store's, though it loads first.
    pub const fn access_kind(self) -> AccessKind {
        match self {
            Kind::Load { .. } => AccessKind::Load,
            Kind::Store { .. } | Kind::Amo { .. } => AccessKind::Store,
        }
    }
}

impl Operation {
    /// The operation and width of an atomic that is neither LR nor SC, nor works on pairs of registers.
    fn of(op: Op) -> Option<(Operation, Width)> {
        let row = op.row();
        if row.format != Format::Amo {
            return None;
        }
        // An atomic's funct5 says what it does, and its funct3 how wide it is.
        let operation = match row.pattern >> 27 {
            0b00001 => Operation::Swap,
            0b00000 => Operation::Add,
            0b00100 => Operation::Xor,
            0b01100 => Operation::And,
            0b01000 => Operation::Or,
            0b10000 => Operation::Min,
            0b10100 => Operation::Max,
            0b11000 => Operation::Minu,
            0b11100 => Operation::Maxu,
            0b00101 => Operation::CompareAndSwap,
            _ => return None,
        };
        let width = match row.pattern >> 12 & 7 {
            0b000 => Width::Byte,
            0b001 => Width::Half,
            0b010 => Width::Word,
            0b011 => Width::Double,
            _ => return None,
        };
        Some((operation, width))
    }

    /// What is stored where `old` was, of `width`; `expected` is what a compare-and-swap compares it with.
    fn apply(self, width: Width, old: u64, operand: u64, expected: impl Fn() -> u64) -> Option<u64> {
        let signed = |value| width.sign_extend(value) as i64;
        let unsigned = |value| width.truncate(value);
        let new = match self {
            Operation::Swap => operand,
            Operation::Add => old.wrapping_add(operand),
            Operation::Xor => old ^ operand,
            Operation::And => old & operand,
            Operation::Or => old | operand,
            Operation::Min => signed(old).min(signed(operand)) as u64,
            Operation::Max => signed(old).max(signed(operand)) as u64,
            Operation::Minu => unsigned(old).min(unsigned(operand)),
            Operation::Maxu => unsigned(old).max(unsigned(operand)),
            Operation::CompareAndSwap if unsigned(old) == unsigned(expected()) => operand,
            Operation::CompareAndSwap => return None,
        };
        Some(unsigned(new))
    }
}

#[cfg(test)]
mod tests;
