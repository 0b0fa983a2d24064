//! Address generation. Unprivileged ISA, "Zba: Address Generation".

use isa::Inst;

use super::{Cpu, Exec};
use crate::bus::Width;
use crate::observe::Observer;

/// The low word of `value`, zero-extended.
fn unsigned_word(value: u64) -> u64 {
    value & Width::W.mask()
}

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn sh1add(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| b.wrapping_add(a << 1))
    }

    pub(super) fn sh2add(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| b.wrapping_add(a << 2))
    }

    pub(super) fn sh3add(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| b.wrapping_add(a << 3))
    }

    pub(super) fn add_uw(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| b.wrapping_add(unsigned_word(a)))
    }

    pub(super) fn sh1add_uw(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| b.wrapping_add(unsigned_word(a) << 1))
    }

    pub(super) fn sh2add_uw(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| b.wrapping_add(unsigned_word(a) << 2))
    }

    pub(super) fn sh3add_uw(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| b.wrapping_add(unsigned_word(a) << 3))
    }

    pub(super) fn slli_uw(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, shamt| unsigned_word(a) << (shamt & 63))
    }
}
