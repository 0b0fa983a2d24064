//! Basic bit manipulation, some of which Zbkb shares. Unprivileged ISA, "Zbb: Basic Bit-Manipulation".

use isa::Inst;

use super::i::{sext_w, sign_extend};
use super::{Cpu, Exec};
use crate::bus::Width;
use crate::observe::Observer;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn clz(&mut self, i: &Inst) -> Exec {
        self.of_reg(i, |a| a.leading_zeros().into())
    }

    pub(super) fn ctz(&mut self, i: &Inst) -> Exec {
        self.of_reg(i, |a| a.trailing_zeros().into())
    }

    pub(super) fn cpop(&mut self, i: &Inst) -> Exec {
        self.of_reg(i, |a| a.count_ones().into())
    }

    pub(super) fn max(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| (a as i64).max(b as i64) as u64)
    }

    pub(super) fn maxu(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, u64::max)
    }

    pub(super) fn min(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| (a as i64).min(b as i64) as u64)
    }

    pub(super) fn minu(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, u64::min)
    }

    pub(super) fn sext_b(&mut self, i: &Inst) -> Exec {
        self.of_reg(i, |a| sign_extend(a, Width::B))
    }

    pub(super) fn sext_h(&mut self, i: &Inst) -> Exec {
        self.of_reg(i, |a| sign_extend(a, Width::H))
    }

    pub(super) fn orc_b(&mut self, i: &Inst) -> Exec {
        self.of_reg(i, |a| u64::from_le_bytes(a.to_le_bytes().map(|byte| if byte == 0 { 0 } else { 0xff })))
    }

    pub(super) fn clzw(&mut self, i: &Inst) -> Exec {
        self.of_reg(i, |a| (a as u32).leading_zeros().into())
    }

    pub(super) fn ctzw(&mut self, i: &Inst) -> Exec {
        self.of_reg(i, |a| (a as u32).trailing_zeros().into())
    }

    pub(super) fn cpopw(&mut self, i: &Inst) -> Exec {
        self.of_reg(i, |a| (a as u32).count_ones().into())
    }

    pub(super) fn zext_h(&mut self, i: &Inst) -> Exec {
        self.of_reg(i, |a| a & Width::H.mask())
    }

    pub(super) fn andn(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| a & !b)
    }

    pub(super) fn orn(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| a | !b)
    }

    pub(super) fn xnor(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| !(a ^ b))
    }

    pub(super) fn rol(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| a.rotate_left(b as u32 & 63))
    }

    pub(super) fn ror(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| a.rotate_right(b as u32 & 63))
    }

    pub(super) fn rolw(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| sext_w((a as u32).rotate_left(b as u32 & 31).into()))
    }

    pub(super) fn rorw(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| sext_w((a as u32).rotate_right(b as u32 & 31).into()))
    }

    pub(super) fn roriw(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, shamt| sext_w((a as u32).rotate_right(shamt as u32 & 31).into()))
    }

    pub(super) fn rori(&mut self, i: &Inst) -> Exec {
        self.with_imm(i, |a, shamt| a.rotate_right(shamt as u32 & 63))
    }

    pub(super) fn rev8(&mut self, i: &Inst) -> Exec {
        self.of_reg(i, u64::swap_bytes)
    }
}
