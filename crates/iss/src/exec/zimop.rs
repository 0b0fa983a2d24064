//! May-be-operations, which no other extension has redefined here. Unprivileged ISA, "Zimop Extension for
//! May-Be-Operations".

use isa::Inst;

use super::{Cpu, Exec};
use crate::observe::Observer;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn mop_r(&mut self, i: &Inst) -> Exec {
        self.write_x(i, 0)
    }

    pub(super) fn mop_rr(&mut self, i: &Inst) -> Exec {
        self.write_x(i, 0)
    }
}
