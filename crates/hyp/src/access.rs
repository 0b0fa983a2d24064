//! Loads, stores and atomic operations where a guest has no memory, decoded so that they can be carried out for it.
//! Unprivileged ISA, "Load and Store Instructions", "Atomic Memory Operations", and of floating point.

use isa::{Inst, Op};

use crate::exit::AccessKind;
use crate::hart::Width;

/// A register of the guest's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Register {
    /// An integer register.
    X(u8),
    /// A floating-point register.
    F(u8),
}

/// An access to be emulated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// What it does.
    pub kind: Kind,
    /// How much is accessed.
    pub width: Width,
    /// The size of the instruction in bytes: 2 or 4.
    pub instruction_size: u64,
}

/// What an access does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Loads.
    Load {
        /// The destination.
        rd: Register,
        /// Whether the value is extended by its sign.
        signed: bool,
    },
    /// Stores a register.
    Store {
        /// The source.
        rs2: Register,
    },
    /// Loads, computes, and stores what comes of it.
    Atomic {
        /// What is computed.
        operation: Operation,
        /// Where the old value goes, extended by its sign.
        rd: u8,
        /// The operand.
        rs2: u8,
    },
}

/// What an atomic access computes of the old value and its operand.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[allow(missing_docs)]
pub enum Operation {
    Swap,
    Add,
    Xor,
    And,
    Or,
    Min,
    Max,
    MinUnsigned,
    MaxUnsigned,
    /// Stores the operand where the old value is that of `rd`.
    CompareAndSwap,
}

impl Access {
    /// The access that `inst` makes; `None` for other instructions and for those that no device can serve: LR and SC, which
    /// need a reservation, and accesses of 128 bits.
    ///
    /// `instruction_size` is given apart since a transformed compressed instruction looks like its
    /// 32-bit form.
    pub fn of(inst: &Inst, instruction_size: u64) -> Option<Access> {
        let (kind, width) = load_or_store(inst).or_else(|| atomic(inst))?;
        Some(Access { kind, width, instruction_size })
    }

    /// The kind of fault that it can have: an atomic access counts as a store.
    pub const fn fault_kind(&self) -> AccessKind {
        match self.kind {
            Kind::Load { .. } => AccessKind::Load,
            Kind::Store { .. } | Kind::Atomic { .. } => AccessKind::Store,
        }
    }

    /// What a load of `value`, of the access's width, puts into its register.
    pub fn extend(&self, value: u64) -> u64 {
        match self.kind {
            Kind::Load { rd: Register::X(_), signed: true } | Kind::Atomic { .. } => {
                self.width.sign_extend(value)
            }
            // A narrower value in a wider register is boxed: ones above it.
            Kind::Load { rd: Register::F(_), .. } => self.width.truncate(value) | !self.width.truncate(u64::MAX),
            _ => self.width.truncate(value),
        }
    }
}

impl Operation {
    /// What is stored, of width `width`, for the value `old` that was loaded, the operand and what `rd` held.
    pub fn apply(self, width: Width, old: u64, operand: u64, rd: u64) -> u64 {
        let signed = |value| width.sign_extend(value) as i64;
        let (low_old, low_operand) = (width.truncate(old), width.truncate(operand));
        let new = match self {
            Operation::Swap => operand,
            Operation::Add => old.wrapping_add(operand),
            Operation::Xor => old ^ operand,
            Operation::And => old & operand,
            Operation::Or => old | operand,
            Operation::Min => signed(old).min(signed(operand)) as u64,
            Operation::Max => signed(old).max(signed(operand)) as u64,
            Operation::MinUnsigned => low_old.min(low_operand),
            Operation::MaxUnsigned => low_old.max(low_operand),
            Operation::CompareAndSwap => {
                if low_old == width.truncate(rd) {
                    operand
                } else {
                    old
                }
            }
        };
        width.truncate(new)
    }
}

fn load_or_store(inst: &Inst) -> Option<(Kind, Width)> {
    let load = |signed| Kind::Load { rd: Register::X(inst.rd), signed };
    let store = Kind::Store { rs2: Register::X(inst.rs2) };
    let float_load = Kind::Load { rd: Register::F(inst.rd), signed: false };
    let float_store = Kind::Store { rs2: Register::F(inst.rs2) };
    Some(match inst.op.long() {
        Op::lb => (load(true), Width::Byte),
        Op::lbu => (load(false), Width::Byte),
        Op::lh => (load(true), Width::Half),
        Op::lhu => (load(false), Width::Half),
        Op::lw => (load(true), Width::Word),
        Op::lwu => (load(false), Width::Word),
        Op::ld => (load(false), Width::Double),
        Op::sb => (store, Width::Byte),
        Op::sh => (store, Width::Half),
        Op::sw => (store, Width::Word),
        Op::sd => (store, Width::Double),
        Op::flh => (float_load, Width::Half),
        Op::flw => (float_load, Width::Word),
        Op::fld => (float_load, Width::Double),
        Op::fsh => (float_store, Width::Half),
        Op::fsw => (float_store, Width::Word),
        Op::fsd => (float_store, Width::Double),
        _ => return None,
    })
}

fn atomic(inst: &Inst) -> Option<(Kind, Width)> {
    let (operation, width) = match inst.op {
        Op::amoswap_b => (Operation::Swap, Width::Byte),
        Op::amoadd_b => (Operation::Add, Width::Byte),
        Op::amoxor_b => (Operation::Xor, Width::Byte),
        Op::amoand_b => (Operation::And, Width::Byte),
        Op::amoor_b => (Operation::Or, Width::Byte),
        Op::amomin_b => (Operation::Min, Width::Byte),
        Op::amomax_b => (Operation::Max, Width::Byte),
        Op::amominu_b => (Operation::MinUnsigned, Width::Byte),
        Op::amomaxu_b => (Operation::MaxUnsigned, Width::Byte),
        Op::amocas_b => (Operation::CompareAndSwap, Width::Byte),
        Op::amoswap_h => (Operation::Swap, Width::Half),
        Op::amoadd_h => (Operation::Add, Width::Half),
        Op::amoxor_h => (Operation::Xor, Width::Half),
        Op::amoand_h => (Operation::And, Width::Half),
        Op::amoor_h => (Operation::Or, Width::Half),
        Op::amomin_h => (Operation::Min, Width::Half),
        Op::amomax_h => (Operation::Max, Width::Half),
        Op::amominu_h => (Operation::MinUnsigned, Width::Half),
        Op::amomaxu_h => (Operation::MaxUnsigned, Width::Half),
        Op::amocas_h => (Operation::CompareAndSwap, Width::Half),
        Op::amoswap_w => (Operation::Swap, Width::Word),
        Op::amoadd_w => (Operation::Add, Width::Word),
        Op::amoxor_w => (Operation::Xor, Width::Word),
        Op::amoand_w => (Operation::And, Width::Word),
        Op::amoor_w => (Operation::Or, Width::Word),
        Op::amomin_w => (Operation::Min, Width::Word),
        Op::amomax_w => (Operation::Max, Width::Word),
        Op::amominu_w => (Operation::MinUnsigned, Width::Word),
        Op::amomaxu_w => (Operation::MaxUnsigned, Width::Word),
        Op::amocas_w => (Operation::CompareAndSwap, Width::Word),
        Op::amoswap_d => (Operation::Swap, Width::Double),
        Op::amoadd_d => (Operation::Add, Width::Double),
        Op::amoxor_d => (Operation::Xor, Width::Double),
        Op::amoand_d => (Operation::And, Width::Double),
        Op::amoor_d => (Operation::Or, Width::Double),
        Op::amomin_d => (Operation::Min, Width::Double),
        Op::amomax_d => (Operation::Max, Width::Double),
        Op::amominu_d => (Operation::MinUnsigned, Width::Double),
        Op::amomaxu_d => (Operation::MaxUnsigned, Width::Double),
        Op::amocas_d => (Operation::CompareAndSwap, Width::Double),
        _ => return None,
    };
    Some((Kind::Atomic { operation, rd: inst.rd, rs2: inst.rs2 }, width))
}

#[cfg(test)]
mod tests;
