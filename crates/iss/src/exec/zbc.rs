//! Carry-less multiplication, some of which Zbkc shares. Unprivileged ISA, "Zbc: Carry-less multiplication".

use isa::Inst;

use super::{Cpu, Exec};
use crate::observe::Observer;

/// The product of `a` and `b` as polynomials over the field of two elements, all 127 bits of it.
fn carryless_product(a: u64, b: u64) -> u128 {
    let partial = |n: u32| if b >> n & 1 != 0 { u128::from(a) << n } else { 0 };
    (0..u64::BITS).fold(0, |product, n| product ^ partial(n))
}

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn clmul(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| carryless_product(a, b) as u64)
    }

    pub(super) fn clmulh(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| (carryless_product(a, b) >> 64) as u64)
    }

    /// Bits 126 to 63 of the product.
    pub(super) fn clmulr(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |a, b| (carryless_product(a, b) >> 63) as u64)
    }
}
