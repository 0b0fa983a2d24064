//! Half-precision floating point. Unprivileged ISA, "Zfh Extension for Half-Precision Floating-Point" and
//! "Zfhmin Extension for Minimal Half-Precision Floating-Point".

use isa::Inst;

use super::{Cpu, Exec};
use crate::bus::Width;
use crate::fpu::{self, F16, F32, F64, Format};
use crate::observe::Observer;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn flh(&mut self, i: &Inst) -> Exec {
        self.fp_load::<F16>(i, Width::H)
    }

    pub(super) fn fsh(&mut self, i: &Inst) -> Exec {
        self.fp_store(i, Width::H)
    }

    pub(super) fn fmadd_h(&mut self, i: &Inst) -> Exec {
        self.fp_ternary::<F16>(i, fpu::mul_add)
    }

    pub(super) fn fmsub_h(&mut self, i: &Inst) -> Exec {
        self.fp_ternary::<F16>(i, fpu::mul_sub)
    }

    pub(super) fn fnmsub_h(&mut self, i: &Inst) -> Exec {
        self.fp_ternary::<F16>(i, fpu::neg_mul_add)
    }

    pub(super) fn fnmadd_h(&mut self, i: &Inst) -> Exec {
        self.fp_ternary::<F16>(i, fpu::neg_mul_sub)
    }

    pub(super) fn fadd_h(&mut self, i: &Inst) -> Exec {
        self.fp_binary::<F16>(i, fpu::add)
    }

    pub(super) fn fsub_h(&mut self, i: &Inst) -> Exec {
        self.fp_binary::<F16>(i, fpu::sub)
    }

    pub(super) fn fmul_h(&mut self, i: &Inst) -> Exec {
        self.fp_binary::<F16>(i, fpu::mul)
    }

    pub(super) fn fdiv_h(&mut self, i: &Inst) -> Exec {
        self.fp_binary::<F16>(i, fpu::div)
    }

    pub(super) fn fsqrt_h(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F16, F16>(i, fpu::sqrt)
    }

    pub(super) fn fsgnj_h(&mut self, i: &Inst) -> Exec {
        self.fp_sign::<F16>(i, |_, b| b)
    }

    pub(super) fn fsgnjn_h(&mut self, i: &Inst) -> Exec {
        self.fp_sign::<F16>(i, |_, b| !b)
    }

    pub(super) fn fsgnjx_h(&mut self, i: &Inst) -> Exec {
        self.fp_sign::<F16>(i, |a, b| a ^ b)
    }

    pub(super) fn fmin_h(&mut self, i: &Inst) -> Exec {
        self.fp_select::<F16>(i, fpu::min)
    }

    pub(super) fn fmax_h(&mut self, i: &Inst) -> Exec {
        self.fp_select::<F16>(i, fpu::max)
    }

    pub(super) fn fcvt_w_h(&mut self, i: &Inst) -> Exec {
        self.fp_to_x::<F16>(i, fpu::to_w)
    }

    pub(super) fn fcvt_wu_h(&mut self, i: &Inst) -> Exec {
        self.fp_to_x::<F16>(i, fpu::to_wu)
    }

    pub(super) fn fmv_x_h(&mut self, i: &Inst) -> Exec {
        self.fp_enabled(i)?;
        self.set_x(i.rd, self.hart.f(i.rs1) as i16 as u64);
        Ok(())
    }

    pub(super) fn feq_h(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F16>(i, fpu::eq)
    }

    pub(super) fn flt_h(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F16>(i, fpu::lt)
    }

    pub(super) fn fle_h(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F16>(i, fpu::le)
    }

    pub(super) fn fclass_h(&mut self, i: &Inst) -> Exec {
        self.fp_classify::<F16>(i)
    }

    pub(super) fn fcvt_h_w(&mut self, i: &Inst) -> Exec {
        self.fp_from_x::<F16>(i, fpu::from_w)
    }

    pub(super) fn fcvt_h_wu(&mut self, i: &Inst) -> Exec {
        self.fp_from_x::<F16>(i, fpu::from_wu)
    }

    pub(super) fn fmv_h_x(&mut self, i: &Inst) -> Exec {
        self.fp_enabled(i)?;
        self.set_f(i.rd, F16::from_low(self.x(i.rs1)))
    }

    pub(super) fn fcvt_l_h(&mut self, i: &Inst) -> Exec {
        self.fp_to_x::<F16>(i, fpu::to_l)
    }

    pub(super) fn fcvt_lu_h(&mut self, i: &Inst) -> Exec {
        self.fp_to_x::<F16>(i, fpu::to_lu)
    }

    pub(super) fn fcvt_h_l(&mut self, i: &Inst) -> Exec {
        self.fp_from_x::<F16>(i, fpu::from_l)
    }

    pub(super) fn fcvt_h_lu(&mut self, i: &Inst) -> Exec {
        self.fp_from_x::<F16>(i, fpu::from_lu)
    }

    pub(super) fn fcvt_s_h(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F16, F32>(i, fpu::convert)
    }

    pub(super) fn fcvt_h_s(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F32, F16>(i, fpu::convert)
    }

    pub(super) fn fcvt_d_h(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F16, F64>(i, fpu::convert)
    }

    pub(super) fn fcvt_h_d(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F64, F16>(i, fpu::convert)
    }
}
