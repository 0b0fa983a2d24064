//! Arithmetic in double precision.

use super::super::float::{DOUBLE, arithmetic};
use crate::prelude::*;

conformance_tests! {
    /// The sum, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fadd_d
    [rules "fadd-d_op" "D_canonical_NaN" "fp_nan-boxing"]
    |p| {
        arithmetic::add(p, &DOUBLE);
    }

    /// The difference, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fsub_d
    [rules "fsub-d_op" "D_canonical_NaN" "fp_nan-boxing"]
    |p| {
        arithmetic::sub(p, &DOUBLE);
    }

    /// The product, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fmul_d
    [rules "fmul-d_op" "D_canonical_NaN" "fp_nan-boxing"]
    |p| {
        arithmetic::mul(p, &DOUBLE);
    }

    /// The quotient, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fdiv_d
    [rules "fdiv-d_op" "D_canonical_NaN" "fp_nan-boxing"]
    |p| {
        arithmetic::div(p, &DOUBLE);
    }

    /// The square root, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fsqrt_d
    [rules "fsqrt-d_op" "D_canonical_NaN" "fp_nan-boxing"]
    |p| {
        arithmetic::sqrt(p, &DOUBLE);
    }

    /// `a * b + c`, rounded once; infinity times zero is invalid whatever is added.
    fmadd_d
    [rules "fmadd-d_op" "D_canonical_NaN" "fp_nan-boxing"]
    |p| {
        arithmetic::fused(p, &DOUBLE, "fmadd", false, false);
    }

    /// `a * b - c`, rounded once; infinity times zero is invalid whatever is added.
    fmsub_d
    [rules "fmsub-d_op" "D_canonical_NaN" "fp_nan-boxing"]
    |p| {
        arithmetic::fused(p, &DOUBLE, "fmsub", false, true);
    }

    /// `-(a * b) + c`, rounded once; infinity times zero is invalid whatever is added.
    fnmsub_d
    [rules "fnmsub-d_op" "D_canonical_NaN" "fp_nan-boxing"]
    |p| {
        arithmetic::fused(p, &DOUBLE, "fnmsub", true, false);
    }

    /// `-(a * b) - c`, rounded once; infinity times zero is invalid whatever is added.
    fnmadd_d
    [rules "fnmadd-d_op" "D_canonical_NaN" "fp_nan-boxing"]
    |p| {
        arithmetic::fused(p, &DOUBLE, "fnmadd", true, true);
    }
}
