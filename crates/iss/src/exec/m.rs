//! Multiplication and division. Unprivileged ISA, "M Extension for Integer Multiplication and Division".
//!
//! Division never traps: by zero the quotient is all ones and the remainder the dividend, and on overflow
//! the quotient is the dividend and the remainder zero, which is what wrapping division gives.

use isa::Inst;

use super::{Cpu, Exec};
use crate::observe::Observer;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn mul(&mut self, i: &Inst) -> Exec {
        self.m_op(i, u64::wrapping_mul)
    }

    pub(super) fn mulh(&mut self, i: &Inst) -> Exec {
        self.m_op(i, |a, b| ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64)
    }

    pub(super) fn mulhsu(&mut self, i: &Inst) -> Exec {
        self.m_op(i, |a, b| ((i128::from(a as i64) * i128::from(b)) >> 64) as u64)
    }

    pub(super) fn mulhu(&mut self, i: &Inst) -> Exec {
        self.m_op(i, |a, b| ((u128::from(a) * u128::from(b)) >> 64) as u64)
    }

    pub(super) fn div(&mut self, i: &Inst) -> Exec {
        self.m_op(i, |a, b| if b == 0 { u64::MAX } else { (a as i64).wrapping_div(b as i64) as u64 })
    }

    pub(super) fn divu(&mut self, i: &Inst) -> Exec {
        self.m_op(i, |a, b| a.checked_div(b).unwrap_or(u64::MAX))
    }

    pub(super) fn rem(&mut self, i: &Inst) -> Exec {
        self.m_op(i, |a, b| if b == 0 { a } else { (a as i64).wrapping_rem(b as i64) as u64 })
    }

    pub(super) fn remu(&mut self, i: &Inst) -> Exec {
        self.m_op(i, |a, b| a.checked_rem(b).unwrap_or(a))
    }

    pub(super) fn mulw(&mut self, i: &Inst) -> Exec {
        self.m_op_w(i, i32::wrapping_mul)
    }

    pub(super) fn divw(&mut self, i: &Inst) -> Exec {
        self.m_op_w(i, |a, b| if b == 0 { -1 } else { a.wrapping_div(b) })
    }

    pub(super) fn divuw(&mut self, i: &Inst) -> Exec {
        self.m_op_w(i, |a, b| (a as u32).checked_div(b as u32).unwrap_or(u32::MAX) as i32)
    }

    pub(super) fn remw(&mut self, i: &Inst) -> Exec {
        self.m_op_w(i, |a, b| if b == 0 { a } else { a.wrapping_rem(b) })
    }

    pub(super) fn remuw(&mut self, i: &Inst) -> Exec {
        self.m_op_w(i, |a, b| (a as u32).checked_rem(b as u32).unwrap_or(a as u32) as i32)
    }

    fn m_op(&mut self, i: &Inst, op: impl FnOnce(u64, u64) -> u64) -> Exec {
        self.set_x(i.rd, op(self.x(i.rs1), self.x(i.rs2)));
        Ok(())
    }

    /// An operation on the low words, whose result is sign-extended.
    fn m_op_w(&mut self, i: &Inst, op: impl FnOnce(i32, i32) -> i32) -> Exec {
        self.m_op(i, |a, b| op(a as i32, b as i32) as u64)
    }
}
