//! Bit manipulation for cryptography that Zbb lacks. Unprivileged ISA, "Zbkb: Bit-manipulation for
//! Cryptography".

use isa::Inst;

use super::i::sext_w;
use super::{Cpu, Exec};
use crate::observe::Observer;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn pack(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| a & 0xffff_ffff | b << 32)
    }

    pub(super) fn packh(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| a & 0xff | (b & 0xff) << 8)
    }

    pub(super) fn brev8(&mut self, i: &Inst) -> Exec {
        self.of_reg(i, |a| a.reverse_bits().swap_bytes())
    }

    pub(super) fn packw(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| sext_w(a & 0xffff | b << 16))
    }
}
