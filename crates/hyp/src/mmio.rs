//! Loads and stores to addresses without memory, decoded so that the host can carry them out.
//!
//! Privileged ISA, "Transformed Instruction or Pseudoinstruction for mtinst or htinst".

use isa::{Inst, Op};

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

/// What `htinst` tells about a trap.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Tinst {
    /// Nothing: the instruction must be read from guest memory.
    Unknown,
    /// The trapping instruction, its address fields replaced, and its size in bytes.
    Transformed(Inst, u64),
    /// The guest's page tables were read or written: the instruction has nothing to do with the address.
    PageTable,
}

impl Tinst {
    /// Reads `htinst`. Values that the manual does not define count as none, as it asks.
    pub fn of(htinst: u64) -> Tinst {
        match u32::try_from(htinst) {
            // 64-bit read and write of a VS-stage page-table entry.
            Ok(0x3000 | 0x3020) => Tinst::PageTable,
            Ok(word) if word & 1 == 1 => match isa::decode(word | 2) {
                Some(inst) => Tinst::Transformed(inst, if word & 2 == 0 { 2 } else { 4 }),
                None => Tinst::Unknown,
            },
            _ => Tinst::Unknown,
        }
    }
}
