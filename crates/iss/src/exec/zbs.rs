//! Single-bit instructions. Unprivileged ISA, "Zbs: Single-bit instructions".

use isa::Inst;

use super::{Cpu, Exec};
use crate::observe::Observer;

/// The bit that the low six bits of `index` name.
fn bit(index: u64) -> u64 {
    1 << (index & 63)
}

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn bclr(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, index| a & !bit(index))
    }

    pub(super) fn bext(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, index| a >> (index & 63) & 1)
    }

    pub(super) fn binv(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, index| a ^ bit(index))
    }

    pub(super) fn bset(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, index| a | bit(index))
    }

    pub(super) fn bclri(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, index| a & !bit(index))
    }

    pub(super) fn bexti(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, index| a >> (index & 63) & 1)
    }

    pub(super) fn binvi(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, index| a ^ bit(index))
    }

    pub(super) fn bseti(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, index| a | bit(index))
    }
}
