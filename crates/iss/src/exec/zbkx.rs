//! Crossbar permutations. Unprivileged ISA, "Zbkx: Crossbar permutations".

use isa::Inst;

use super::{Cpu, Exec};
use crate::observe::Observer;

/// For each element of `indices`, of `bits` bits, the element of `table` that it names; 0 where there is none.
fn permute(table: u64, indices: u64, bits: u32) -> u64 {
    let low = (1 << bits) - 1;
    let element = |at: u32| {
        let index = (indices >> at & low) as u32;
        table.checked_shr(index * bits).unwrap_or(0) & low
    };
    (0..u64::BITS).step_by(bits as usize).fold(0, |result, at| result | element(at) << at)
}

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn xperm4(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |table, indices| permute(table, indices, 4))
    }

    pub(super) fn xperm8(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |table, indices| permute(table, indices, 8))
    }
}
