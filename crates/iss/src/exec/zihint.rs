//! Hints, which change nothing. Unprivileged ISA, "Zihintpause Extension for Pause Hint" and "Zihintntl Extension
//! for Non-Temporal Locality Hints".

use isa::Inst;

use super::{Cpu, Exec};
use crate::observe::Observer;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn pause(&mut self, _: &Inst) -> Exec {
        Ok(())
    }

    pub(super) fn ntl_p1(&mut self, _: &Inst) -> Exec {
        Ok(())
    }

    pub(super) fn ntl_pall(&mut self, _: &Inst) -> Exec {
        Ok(())
    }

    pub(super) fn ntl_s1(&mut self, _: &Inst) -> Exec {
        Ok(())
    }

    pub(super) fn ntl_all(&mut self, _: &Inst) -> Exec {
        Ok(())
    }
}
