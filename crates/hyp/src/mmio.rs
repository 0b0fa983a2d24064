//! Loads and stores to addresses without memory, decoded so that the host can carry them out.
//! Unprivileged ISA, "Load and Store Instructions".

use isa::{Inst, Op};

use crate::exit::AccessKind;
use crate::hart::Width;

/// A load or store to be emulated.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Access {
    /// Load or store, and with which register.
    pub kind: Kind,
    /// How much is accessed.
    pub width: Width,
    /// The size of the instruction in bytes: 2 or 4.
    pub instruction_size: u64,
}

/// What an access does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Loads into integer register `rd`.
    Load {
        /// The destination register.
        rd: u8,
        /// Whether the value is sign-extended.
        signed: bool,
    },
    /// Stores integer register `rs2`.
    Store {
        /// The source register.
        rs2: u8,
    },
}

impl Kind {
    /// Load or store, as a fault tells it.
    pub const fn access_kind(self) -> AccessKind {
        match self {
            Kind::Load { .. } => AccessKind::Load,
            Kind::Store { .. } => AccessKind::Store,
        }
    }
}

impl Access {
    /// The access that `inst` makes; `None` for instructions other than integer loads and stores.
    ///
    /// `instruction_size` is given apart since a transformed compressed instruction looks like its
    /// 32-bit form.
    pub fn of(inst: &Inst, instruction_size: u64) -> Option<Access> {
        let load = |signed| Kind::Load { rd: inst.rd, signed };
        let store = Kind::Store { rs2: inst.rs2 };
        let (kind, width) = match inst.op.long() {
            Op::lb => (load(true), Width::Byte),
            Op::lbu => (load(false), Width::Byte),
            Op::lh => (load(true), Width::Half),
            Op::lhu => (load(false), Width::Half),
            Op::lw => (load(true), Width::Word),
            Op::lwu => (load(false), Width::Word),
            Op::ld => (load(true), Width::Double),
            Op::sb => (store, Width::Byte),
            Op::sh => (store, Width::Half),
            Op::sw => (store, Width::Word),
            Op::sd => (store, Width::Double),
            _ => return None,
        };
        Some(Access { kind, width, instruction_size })
    }

    /// The register that a load writes.
    pub fn destination(&self) -> Option<u8> {
        match self.kind {
            Kind::Load { rd, .. } => Some(rd),
            Kind::Store { .. } => None,
        }
    }

    /// What a load of `value` puts into its register.
    pub fn extend(&self, value: u64) -> u64 {
        match self.kind {
            Kind::Load { signed: true, .. } => self.width.sign_extend(value),
            _ => self.width.truncate(value),
        }
    }
}
