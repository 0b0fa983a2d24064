//! Conditional zero. Unprivileged ISA, "Zicond Extension for Integer Conditional Operations".

use isa::Inst;

use super::{Cpu, Exec};
use crate::observe::Observer;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn czero_eqz(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |value, condition| if condition == 0 { 0 } else { value })
    }

    pub(super) fn czero_nez(&mut self, i: &Inst) -> Exec {
        self.with_reg(i, |value, condition| if condition != 0 { 0 } else { value })
    }
}
