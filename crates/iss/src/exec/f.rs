//! Single-precision floating point. Unprivileged ISA, "F Extension for Single-Precision Floating-Point".
//!
//! Its instructions come first, then what they share with those of other precisions.

use isa::Inst;
use isa::rounding::RoundingMode;

use super::{Cpu, Exec};
use crate::bus::Width;
use crate::fpu::{self, F32, Flagged, Format, Rounding};
use crate::observe::Observer;
use crate::trap::Trap;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn flw(&mut self, i: &Inst) -> Exec {
        self.fp_load::<F32>(i, Width::W)
    }

    pub(super) fn fsw(&mut self, i: &Inst) -> Exec {
        self.fp_store(i, Width::W)
    }

    pub(super) fn fmadd_s(&mut self, i: &Inst) -> Exec {
        self.fp_ternary::<F32>(i, fpu::mul_add)
    }

    pub(super) fn fmsub_s(&mut self, i: &Inst) -> Exec {
        self.fp_ternary::<F32>(i, fpu::mul_sub)
    }

    pub(super) fn fnmsub_s(&mut self, i: &Inst) -> Exec {
        self.fp_ternary::<F32>(i, fpu::neg_mul_add)
    }

    pub(super) fn fnmadd_s(&mut self, i: &Inst) -> Exec {
        self.fp_ternary::<F32>(i, fpu::neg_mul_sub)
    }

    pub(super) fn fadd_s(&mut self, i: &Inst) -> Exec {
        self.fp_binary::<F32>(i, fpu::add)
    }

    pub(super) fn fsub_s(&mut self, i: &Inst) -> Exec {
        self.fp_binary::<F32>(i, fpu::sub)
    }

    pub(super) fn fmul_s(&mut self, i: &Inst) -> Exec {
        self.fp_binary::<F32>(i, fpu::mul)
    }

    pub(super) fn fdiv_s(&mut self, i: &Inst) -> Exec {
        self.fp_binary::<F32>(i, fpu::div)
    }

    pub(super) fn fsqrt_s(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F32, F32>(i, fpu::sqrt)
    }

    pub(super) fn fsgnj_s(&mut self, i: &Inst) -> Exec {
        self.fp_sign::<F32>(i, |_, b| b)
    }

    pub(super) fn fsgnjn_s(&mut self, i: &Inst) -> Exec {
        self.fp_sign::<F32>(i, |_, b| !b)
    }

    pub(super) fn fsgnjx_s(&mut self, i: &Inst) -> Exec {
        self.fp_sign::<F32>(i, |a, b| a ^ b)
    }

    pub(super) fn fmin_s(&mut self, i: &Inst) -> Exec {
        self.fp_select::<F32>(i, fpu::min)
    }

    pub(super) fn fmax_s(&mut self, i: &Inst) -> Exec {
        self.fp_select::<F32>(i, fpu::max)
    }

    pub(super) fn fcvt_w_s(&mut self, i: &Inst) -> Exec {
        self.fp_to_x::<F32>(i, fpu::to_w)
    }

    pub(super) fn fcvt_wu_s(&mut self, i: &Inst) -> Exec {
        self.fp_to_x::<F32>(i, fpu::to_wu)
    }

    pub(super) fn fmv_x_w(&mut self, i: &Inst) -> Exec {
        self.fp_enabled(i)?;
        self.set_x(i.rd, self.hart.f(i.rs1) as i32 as u64);
        Ok(())
    }

    pub(super) fn feq_s(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F32>(i, fpu::eq)
    }

    pub(super) fn flt_s(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F32>(i, fpu::lt)
    }

    pub(super) fn fle_s(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F32>(i, fpu::le)
    }

    pub(super) fn fclass_s(&mut self, i: &Inst) -> Exec {
        self.fp_classify::<F32>(i)
    }

    pub(super) fn fcvt_s_w(&mut self, i: &Inst) -> Exec {
        self.fp_from_x::<F32>(i, fpu::from_w)
    }

    pub(super) fn fcvt_s_wu(&mut self, i: &Inst) -> Exec {
        self.fp_from_x::<F32>(i, fpu::from_wu)
    }

    pub(super) fn fmv_w_x(&mut self, i: &Inst) -> Exec {
        self.fp_enabled(i)?;
        self.set_f(i.rd, F32::from_low(self.x(i.rs1)))
    }

    pub(super) fn fcvt_l_s(&mut self, i: &Inst) -> Exec {
        self.fp_to_x::<F32>(i, fpu::to_l)
    }

    pub(super) fn fcvt_lu_s(&mut self, i: &Inst) -> Exec {
        self.fp_to_x::<F32>(i, fpu::to_lu)
    }

    pub(super) fn fcvt_s_l(&mut self, i: &Inst) -> Exec {
        self.fp_from_x::<F32>(i, fpu::from_l)
    }

    pub(super) fn fcvt_s_lu(&mut self, i: &Inst) -> Exec {
        self.fp_from_x::<F32>(i, fpu::from_lu)
    }
}

/// What all precisions share.
impl<O: Observer> Cpu<'_, O> {
    /// A load into a floating-point register; the bits are not looked at.
    pub(super) fn fp_load<F: Format>(&mut self, i: &Inst, width: Width) -> Exec {
        self.fp_enabled(i)?;
        let bits = self.load(i, self.x(i.rs1).wrapping_add(i.imm as u64), width)?;
        self.set_f(i.rd, F::from_low(bits))
    }

    /// A store of the low bits of a floating-point register, boxed or not.
    pub(super) fn fp_store(&mut self, i: &Inst, width: Width) -> Exec {
        self.fp_enabled(i)?;
        let value = self.hart.f(i.rs2) & width.mask();
        self.store(i, self.x(i.rs1).wrapping_add(i.imm as u64), width, value)
    }

    /// An operation on three operands.
    pub(super) fn fp_ternary<F: Format>(
        &mut self,
        i: &Inst,
        op: impl FnOnce(F, F, F, Rounding) -> Flagged<F>,
    ) -> Exec {
        let rounding = self.rounding(i)?;
        self.fp_result(i, op(self.f(i.rs1), self.f(i.rs2), self.f(i.rs3), rounding))
    }

    /// An operation on two operands.
    pub(super) fn fp_binary<F: Format>(
        &mut self,
        i: &Inst,
        op: impl FnOnce(F, F, Rounding) -> Flagged<F>,
    ) -> Exec {
        let rounding = self.rounding(i)?;
        self.fp_result(i, op(self.f(i.rs1), self.f(i.rs2), rounding))
    }

    /// An operation on one operand, whose result may have another format.
    pub(super) fn fp_unary<F: Format, G: Format>(
        &mut self,
        i: &Inst,
        op: impl FnOnce(F, Rounding) -> Flagged<G>,
    ) -> Exec {
        let rounding = self.rounding(i)?;
        self.fp_result(i, op(self.f(i.rs1), rounding))
    }

    /// A choice between two operands, which needs no rounding.
    pub(super) fn fp_select<F: Format>(&mut self, i: &Inst, op: impl FnOnce(F, F) -> Flagged<F>) -> Exec {
        self.fp_enabled(i)?;
        self.fp_result(i, op(self.f(i.rs1), self.f(i.rs2)))
    }

    /// The first operand with the sign that `op` makes of both signs.
    pub(super) fn fp_sign<F: Format>(&mut self, i: &Inst, op: impl FnOnce(bool, bool) -> bool) -> Exec {
        self.fp_enabled(i)?;
        let (a, b) = (self.f::<F>(i.rs1), self.f::<F>(i.rs2));
        self.set_f(i.rd, fpu::with_sign(a, op(a.is_negative(), b.is_negative())))
    }

    /// A comparison, whose result goes to an integer register.
    pub(super) fn fp_compare<F: Format>(&mut self, i: &Inst, op: impl FnOnce(F, F) -> Flagged<bool>) -> Exec {
        self.fp_enabled(i)?;
        let (holds, flags) = op(self.f(i.rs1), self.f(i.rs2));
        self.x_result(i, (holds.into(), flags))
    }

    /// The class of the operand.
    pub(super) fn fp_classify<F: Format>(&mut self, i: &Inst) -> Exec {
        self.fp_enabled(i)?;
        self.set_x(i.rd, fpu::classify::<F>(self.f(i.rs1)));
        Ok(())
    }

    /// A conversion to an integer register.
    pub(super) fn fp_to_x<F: Format>(
        &mut self,
        i: &Inst,
        op: impl FnOnce(F, Rounding) -> Flagged<u64>,
    ) -> Exec {
        let rounding = self.rounding(i)?;
        self.x_result(i, op(self.f(i.rs1), rounding))
    }

    /// A conversion from an integer register.
    pub(super) fn fp_from_x<F: Format>(
        &mut self,
        i: &Inst,
        op: impl FnOnce(u64, Rounding) -> Flagged<F>,
    ) -> Exec {
        let rounding = self.rounding(i)?;
        self.fp_result(i, op(self.x(i.rs1), rounding))
    }

    /// Sets floating-point register `n`.
    pub(super) fn set_f<F: Format>(&mut self, n: u8, value: F) -> Exec {
        self.hart.set_f(n, value.boxed());
        self.fp_dirty();
        Ok(())
    }

    /// Floating-point register `n` as a value.
    pub(super) fn f<F: Format>(&self, n: u8) -> F {
        F::unbox(self.hart.f(n))
    }

    /// Writes a floating-point register and adds the flags to `fflags`.
    fn fp_result<F: Format>(&mut self, i: &Inst, (value, flags): Flagged<F>) -> Exec {
        if flags != 0 {
            self.set_fflags_bits(flags);
        }
        self.set_f(i.rd, value)
    }

    /// Writes an integer register and adds the flags to `fflags`. An operation that raises none leaves the
    /// floating-point state as clean as it was.
    pub(super) fn x_result(&mut self, i: &Inst, (value, flags): Flagged<u64>) -> Exec {
        if flags != 0 {
            self.set_fflags_bits(flags);
            self.fp_dirty();
        }
        self.set_x(i.rd, value);
        Ok(())
    }

    /// How to round: as the instruction says, or as `frm` does where that is dynamic.
    fn rounding(&self, i: &Inst) -> Result<Rounding, Trap> {
        self.fp_enabled(i)?;
        let mode = match RoundingMode::from_bits(i.rm) {
            Some(RoundingMode::Dyn) => RoundingMode::from_bits(self.frm()),
            fixed => fixed,
        };
        mode.and_then(fpu::rounding).ok_or_else(|| self.illegal(i))
    }
}
