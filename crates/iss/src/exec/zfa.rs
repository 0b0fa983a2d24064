//! Additional floating-point instructions. Unprivileged ISA, "Zfa Extension for Additional Floating-Point
//! Instructions".

use isa::Inst;

use super::{Cpu, Exec};
use crate::fpu::{self, F16, F32, F64, Format, Rounding};
use crate::observe::Observer;

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn fli_s(&mut self, i: &Inst) -> Exec {
        self.fp_load_constant::<F32>(i)
    }

    pub(super) fn fli_d(&mut self, i: &Inst) -> Exec {
        self.fp_load_constant::<F64>(i)
    }

    pub(super) fn fli_h(&mut self, i: &Inst) -> Exec {
        self.fp_load_constant::<F16>(i)
    }

    pub(super) fn fminm_s(&mut self, i: &Inst) -> Exec {
        self.fp_select::<F32>(i, fpu::minimum)
    }

    pub(super) fn fminm_d(&mut self, i: &Inst) -> Exec {
        self.fp_select::<F64>(i, fpu::minimum)
    }

    pub(super) fn fminm_h(&mut self, i: &Inst) -> Exec {
        self.fp_select::<F16>(i, fpu::minimum)
    }

    pub(super) fn fmaxm_s(&mut self, i: &Inst) -> Exec {
        self.fp_select::<F32>(i, fpu::maximum)
    }

    pub(super) fn fmaxm_d(&mut self, i: &Inst) -> Exec {
        self.fp_select::<F64>(i, fpu::maximum)
    }

    pub(super) fn fmaxm_h(&mut self, i: &Inst) -> Exec {
        self.fp_select::<F16>(i, fpu::maximum)
    }

    pub(super) fn fround_s(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F32, F32>(i, fpu::round)
    }

    pub(super) fn fround_d(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F64, F64>(i, fpu::round)
    }

    pub(super) fn fround_h(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F16, F16>(i, fpu::round)
    }

    pub(super) fn froundnx_s(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F32, F32>(i, fpu::round_exact)
    }

    pub(super) fn froundnx_d(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F64, F64>(i, fpu::round_exact)
    }

    pub(super) fn froundnx_h(&mut self, i: &Inst) -> Exec {
        self.fp_unary::<F16, F16>(i, fpu::round_exact)
    }

    pub(super) fn fcvtmod_w_d(&mut self, i: &Inst) -> Exec {
        self.fp_enabled(i)?;
        self.x_result(i, fpu::to_w_modular(self.f(i.rs1)))
    }

    pub(super) fn fleq_s(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F32>(i, fpu::le_quiet)
    }

    pub(super) fn fleq_d(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F64>(i, fpu::le_quiet)
    }

    pub(super) fn fleq_h(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F16>(i, fpu::le_quiet)
    }

    pub(super) fn fltq_s(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F32>(i, fpu::lt_quiet)
    }

    pub(super) fn fltq_d(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F64>(i, fpu::lt_quiet)
    }

    pub(super) fn fltq_h(&mut self, i: &Inst) -> Exec {
        self.fp_compare::<F16>(i, fpu::lt_quiet)
    }

    /// Loads a constant, which has a number in place of the operand.
    fn fp_load_constant<F: Format>(&mut self, i: &Inst) -> Exec {
        self.fp_enabled(i)?;
        self.set_f(i.rd, constant::<F>(i.rs1))
    }
}

/// Constant `n` of 32. Unprivileged ISA, "Immediate values loaded by the `fli.s` instruction".
fn constant<F: Format>(n: u8) -> F {
    const VALUES: [f32; 32] = [
        -1.0,
        f32::MIN_POSITIVE,
        1.0 / 65536.0,
        1.0 / 32768.0,
        1.0 / 256.0,
        1.0 / 128.0,
        0.0625,
        0.125,
        0.25,
        0.3125,
        0.375,
        0.4375,
        0.5,
        0.625,
        0.75,
        0.875,
        1.0,
        1.25,
        1.5,
        1.75,
        2.0,
        2.5,
        3.0,
        4.0,
        8.0,
        16.0,
        128.0,
        256.0,
        32768.0,
        65536.0,
        f32::INFINITY,
        f32::NAN,
    ];
    match usize::from(n & 31) {
        // The least positive normal number is each format's own: its exponent field is 1.
        1 => F::from_low(1 << F::EXPONENT_POS),
        // Every other one is exact in each format, but for 65536, which overflows to infinity as a half.
        n => F::round_from(F32::from_f32(VALUES[n]), Rounding::TiesToEven),
    }
}
