//! Double-precision floating point. Unprivileged ISA, "D Extension for Double-Precision Floating-Point".

use isa::Inst;

use super::{Cpu, Exec};
use crate::bus::Width;
use crate::fpu::{self, F32, F64, Format};
use crate::observe::Observer;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn fld(&mut self, i: &Inst) -> Exec {
        self.fp_load::<F64>(i, Width::D)
    }

    pub(super) fn fsd(&mut self, i: &Inst) -> Exec {
        self.fp_store(i, Width::D)
    }

    pub(super) fn fmadd_d(&mut self, i: &Inst) -> Exec {
        self.fp_ternary::<F64>(i, fpu::mul_add)
    }

    pub(super) fn fmsub_d(&mut self, i: &Inst) -> Exec {
        self.fp_ternary::<F64>(i, fpu::mul_sub)
    }

    pub(super) fn fnmsub_d(&mut self, i: &Inst) -> Exec {
        self.fp_ternary::<F64>(i, fpu::neg_mul_add)
    }

    pub(super) fn fnmadd_d(&mut self, i: &Inst) -> Exec {
        self.fp_ternary::<F64>(i, fpu::neg_mul_sub)
    }

    pub(super) fn fadd_d(&mut self, i: &Inst) -> Exec {
        self.fp_binary::<F64>(i, fpu::add)
    }

    pub(super) fn fsub_d(&mut self, i: &Inst) -> Exec {
        self.fp_binary::<F64>(i, fpu::sub)
    }

    pub(super) fn fmul_d(&mut self, i: &Inst) -> Exec {
        self.fp_binary::<F64>(i, fpu::mul)
    }

    pub(super) fn fdiv_d(&mut self, i: &Inst) -> Exec {
        self.fp_binary::<F64>(i, fpu::div)
    }

    pub(super) fn fsqrt_d(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F64, F64>(i, fpu::sqrt)
    }

    pub(super) fn fsgnj_d(&mut self, i: &Inst) -> Exec {
        self.fp_sign::<F64>(i, |_, b| b)
    }

    pub(super) fn fsgnjn_d(&mut self, i: &Inst) -> Exec {
        self.fp_sign::<F64>(i, |_, b| !b)
    }

    pub(super) fn fsgnjx_d(&mut self, i: &Inst) -> Exec {
        self.fp_sign::<F64>(i, |a, b| a ^ b)
    }

    pub(super) fn fmin_d(&mut self, i: &Inst) -> Exec {
        self.fp_select::<F64>(i, fpu::min)
    }

    pub(super) fn fmax_d(&mut self, i: &Inst) -> Exec {
        self.fp_select::<F64>(i, fpu::max)
    }

    pub(super) fn fcvt_s_d(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F64, F32>(i, fpu::convert)
    }

    pub(super) fn fcvt_d_s(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F32, F64>(i, fpu::convert)
    }

    pub(super) fn feq_d(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F64>(i, fpu::eq)
    }

    pub(super) fn flt_d(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F64>(i, fpu::lt)
    }

    pub(super) fn fle_d(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F64>(i, fpu::le)
    }

    pub(super) fn fclass_d(&mut self, i: &Inst) -> Exec {
        self.fp_classify::<F64>(i)
    }

    pub(super) fn fcvt_w_d(&mut self, i: &Inst) -> Exec {
        self.fp_to_x::<F64>(i, fpu::to_w)
    }

    pub(super) fn fcvt_wu_d(&mut self, i: &Inst) -> Exec {
        self.fp_to_x::<F64>(i, fpu::to_wu)
    }

    pub(super) fn fcvt_d_w(&mut self, i: &Inst) -> Exec {
        self.fp_from_x::<F64>(i, fpu::from_w)
    }

    pub(super) fn fcvt_d_wu(&mut self, i: &Inst) -> Exec {
        self.fp_from_x::<F64>(i, fpu::from_wu)
    }

    pub(super) fn fcvt_l_d(&mut self, i: &Inst) -> Exec {
        self.fp_to_x::<F64>(i, fpu::to_l)
    }

    pub(super) fn fcvt_lu_d(&mut self, i: &Inst) -> Exec {
        self.fp_to_x::<F64>(i, fpu::to_lu)
    }

    pub(super) fn fmv_x_d(&mut self, i: &Inst) -> Exec {
        self.fp_enabled(i)?;
        self.set_x(i.rd, self.hart.f(i.rs1));
        Ok(())
    }

    pub(super) fn fcvt_d_l(&mut self, i: &Inst) -> Exec {
        self.fp_from_x::<F64>(i, fpu::from_l)
    }

    pub(super) fn fcvt_d_lu(&mut self, i: &Inst) -> Exec {
        self.fp_from_x::<F64>(i, fpu::from_lu)
    }

    pub(super) fn fmv_d_x(&mut self, i: &Inst) -> Exec {
        self.fp_enabled(i)?;
        self.set_f(i.rd, F64::from_low(self.x(i.rs1)))
    }
}
