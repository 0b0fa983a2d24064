//! An assembler for tests: a method for each instruction of the table, labels, and the usual
//! pseudoinstructions.
//!
//! ```
//! use isa::asm::prelude::*;
//!
//! let mut a = Asm::new(0x8000_0000);
//! let done = a.label();
//! a.li(T0, 10);
//! let again = a.here();
//! a.addi(T0, T0, -1);
//! a.beqz(T0, done);
//! a.j(again);
//! a.place(done);
//! a.ld(A0, 8, SP);
//! a.ret();
//! let code = a.finish()?;
//! assert_eq!(code.len(), 6 * 4);
//! # Ok::<(), isa::asm::AsmError>(())
//! ```
//!
//! Operands are given in the order of assembly language. The first error is kept and reported by
//! [`Asm::finish`], so that programs can be written without handling one at each instruction.

mod error;
mod mnemonic;
mod pseudo;

use alloc::string::ToString;
use alloc::vec::Vec;

pub use error::AsmError;

use crate::inst::{Inst, Op};

/// Everything that a program written with [`Asm`] needs.
pub mod prelude {
    pub use super::{Asm, AsmError, Label, Order};
    pub use crate::csr;
    pub use crate::reg::*;
    pub use crate::rounding::RoundingMode::{self, Dyn, Rdn, Rmm, Rne, Rtz, Rup};
}

/// A program under construction.
#[derive(Debug)]
pub struct Asm {
    base: u64,
    bytes: Vec<u8>,
    labels: Vec<Option<u64>>,
    fixups: Vec<Fixup>,
    error: Option<AsmError>,
}

/// A place in the program, which may be named before it is reached.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Label(usize);

/// How an atomic is ordered with the accesses around it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Order {
    /// Not at all.
    Plain = 0,
    /// `.rl`: after all earlier ones.
    Rl = 1,
    /// `.aq`: before all later ones.
    Aq = 2,
    /// `.aqrl`: sequentially consistent.
    AqRl = 3,
}

impl From<Order> for u8 {
    fn from(order: Order) -> u8 {
        order as u8
    }
}

/// Something that waits for the address of a label.
#[derive(Debug)]
struct Fixup {
    at: u64,
    label: Label,
    kind: FixupKind,
}

#[derive(Debug)]
enum FixupKind {
    /// A branch or jump, whose immediate is the distance to the label.
    Near(Inst),
    /// AUIPC and an instruction after it, whose immediates add up to the distance.
    Far(Inst, Inst),
    /// Eight bytes of data that hold the address.
    Address,
}

impl Asm {
    /// An empty program that will lie at address `base`.
    pub fn new(base: u64) -> Asm {
        Asm { base, bytes: Vec::new(), labels: Vec::new(), fixups: Vec::new(), error: None }
    }

    /// The program's bytes, with all labels filled in.
    ///
    /// # Errors
    /// The first operand or label that was wrong.
    pub fn finish(mut self) -> Result<Vec<u8>, AsmError> {
        for fixup in core::mem::take(&mut self.fixups) {
            self.fix(fixup);
        }
        match self.error {
            Some(error) => Err(error),
            None => Ok(self.bytes),
        }
    }

    /// The address of the next instruction or datum.
    pub fn pc(&self) -> u64 {
        self.base.wrapping_add(self.bytes.len() as u64)
    }

    /// What has been written so far; branches and labels are filled in by [`Asm::finish`].
    pub fn code(&self) -> &[u8] {
        &self.bytes
    }

    /// A label that is yet to be placed.
    pub fn label(&mut self) -> Label {
        self.labels.push(None);
        Label(self.labels.len() - 1)
    }

    /// A label for the next instruction or datum.
    pub fn here(&mut self) -> Label {
        let label = self.label();
        self.place(label);
        label
    }

    /// Makes `label` the address of the next instruction or datum.
    pub fn place(&mut self, label: Label) {
        let address = self.pc();
        if self.labels[label.0].replace(address).is_some() {
            self.fail(AsmError::PlacedTwice { address });
        }
    }

    /// The address of `label`, once it is placed.
    pub fn address(&self, label: Label) -> Option<u64> {
        self.labels[label.0]
    }

    /// Adds an instruction.
    pub fn inst(&mut self, inst: Inst) -> &mut Asm {
        let address = self.pc();
        if !inst.op.row().format.holds(&inst) {
            self.fail(AsmError::Operand { address, inst: inst.to_string() });
        }
        let size = inst.op.row().len.into();
        self.bytes(&inst.encode().to_le_bytes()[..size])
    }

    /// Adds a branch or jump to `target`.
    pub(crate) fn near(&mut self, inst: Inst, target: Label) -> &mut Asm {
        let address = self.pc();
        if !inst.op.row().format.holds(&inst) {
            self.fail(AsmError::Operand { address, inst: inst.to_string() });
        }
        self.fixups.push(Fixup { at: address, label: target, kind: FixupKind::Near(inst) });
        self.space(inst.op.row().len.into())
    }

    /// Adds AUIPC `upper` and `lower`, which together reach `target`.
    pub(crate) fn far(&mut self, upper: Inst, lower: Inst, target: Label) -> &mut Asm {
        self.fixups.push(Fixup { at: self.pc(), label: target, kind: FixupKind::Far(upper, lower) });
        self.space(8)
    }

    /// Adds bytes.
    pub fn bytes(&mut self, bytes: &[u8]) -> &mut Asm {
        self.bytes.extend_from_slice(bytes);
        self
    }

    /// Adds two bytes, as data or as an instruction that has no method.
    pub fn half(&mut self, value: u16) -> &mut Asm {
        self.bytes(&value.to_le_bytes())
    }

    /// Adds four bytes, as data or as an instruction that has no method.
    pub fn word(&mut self, value: u32) -> &mut Asm {
        self.bytes(&value.to_le_bytes())
    }

    /// Adds eight bytes.
    pub fn dword(&mut self, value: u64) -> &mut Asm {
        self.bytes(&value.to_le_bytes())
    }

    /// Adds the address of `label`, eight bytes.
    pub fn dword_address(&mut self, label: Label) -> &mut Asm {
        self.fixups.push(Fixup { at: self.pc(), label, kind: FixupKind::Address });
        self.space(8)
    }

    /// Adds zeros up to an address that is a multiple of `alignment`, a power of two.
    pub fn align(&mut self, alignment: u64) -> &mut Asm {
        if !alignment.is_power_of_two() {
            self.fail(AsmError::Alignment { address: self.pc(), alignment });
            return self;
        }
        let gap = self.pc().wrapping_neg() & (alignment - 1);
        self.space(gap as usize)
    }

    /// Adds `len` zero bytes.
    pub fn space(&mut self, len: usize) -> &mut Asm {
        self.bytes.resize(self.bytes.len() + len, 0);
        self
    }

    /// Keeps the first error.
    fn fail(&mut self, error: AsmError) {
        self.error.get_or_insert(error);
    }

    /// Fills in a label's address.
    fn fix(&mut self, fixup: Fixup) {
        let Some(target) = self.address(fixup.label) else {
            return self.fail(AsmError::NotPlaced { address: fixup.at });
        };
        let distance = target.wrapping_sub(fixup.at) as i64;
        let put = |op: Op, inst: Option<Inst>| match inst {
            Some(inst) if inst.op.row().format.holds(&inst) => Ok(inst.encode()),
            _ => Err(AsmError::Distance { address: fixup.at, mnemonic: op.mnemonic().to_string(), target }),
        };
        let fixed = match fixup.kind {
            FixupKind::Near(inst) => {
                let imm = i32::try_from(distance).ok();
                put(inst.op, imm.map(|imm| Inst { imm, ..inst })).map(|word| {
                    self.overwrite(fixup.at, &word.to_le_bytes()[..inst.op.row().len.into()]);
                })
            }
            FixupKind::Far(upper, lower) => {
                // The lower immediate is sign-extended, so the upper one is rounded.
                let high =
                    i32::try_from(distance).ok().and_then(|d| d.checked_add(0x800)).map(|d| d & !0xfff);
                let low = (distance as i32) << 20 >> 20;
                put(upper.op, high.map(|imm| Inst { imm, ..upper })).map(|word| {
                    self.overwrite(fixup.at, &word.to_le_bytes());
                    self.overwrite(fixup.at + 4, &Inst { imm: low, ..lower }.encode().to_le_bytes());
                })
            }
            FixupKind::Address => {
                self.overwrite(fixup.at, &target.to_le_bytes());
                Ok(())
            }
        };
        if let Err(error) = fixed {
            self.fail(error);
        }
    }

    fn overwrite(&mut self, address: u64, bytes: &[u8]) {
        let at = (address - self.base) as usize;
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

#[cfg(test)]
mod tests;
