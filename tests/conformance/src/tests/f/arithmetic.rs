//! Arithmetic in single precision.

use super::super::float::{SINGLE, arithmetic};
use crate::prelude::*;

conformance_tests! {
    /// The sum, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fadd_s
    [rules "fadd-s_op" "F_canonical_NaN" "f_ieee_compliance" "F_rm_field"]
    |p| {
        arithmetic::add(p, &SINGLE);
    }

    /// The difference, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fsub_s
    [rules "fsub-s_op" "F_canonical_NaN" "f_ieee_compliance" "F_rm_field"]
    |p| {
        arithmetic::sub(p, &SINGLE);
    }

    /// The product, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fmul_s
    [rules "fmul-s_op" "F_canonical_NaN" "f_ieee_compliance" "F_rm_field"]
    |p| {
        arithmetic::mul(p, &SINGLE);
    }

    /// The quotient, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fdiv_s
    [rules "fdiv-s_op" "F_canonical_NaN" "f_ieee_compliance" "F_rm_field"]
    |p| {
        arithmetic::div(p, &SINGLE);
    }

    /// The square root, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fsqrt_s
    [rules "fsqrt-s_op" "F_canonical_NaN" "f_ieee_compliance" "F_rm_field"]
    |p| {
        arithmetic::sqrt(p, &SINGLE);
    }

    /// `a * b + c`, rounded once; infinity times zero is invalid whatever is added.
    fmadd_s
    [rules "fmadd-s_op" "F_canonical_NaN" "f_ieee_compliance" "F_rm_field"]
    |p| {
        arithmetic::fused(p, &SINGLE, "fmadd", false, false);
    }

    /// `a * b - c`, rounded once; infinity times zero is invalid whatever is added.
    fmsub_s
    [rules "fmsub-s_op" "F_canonical_NaN" "f_ieee_compliance" "F_rm_field"]
    |p| {
        arithmetic::fused(p, &SINGLE, "fmsub", false, true);
    }

    /// `-(a * b) + c`, rounded once; infinity times zero is invalid whatever is added.
    fnmsub_s
    [rules "fnmsub-s_op" "F_canonical_NaN" "f_ieee_compliance" "F_rm_field"]
    |p| {
        arithmetic::fused(p, &SINGLE, "fnmsub", true, false);
    }

    /// `-(a * b) - c`, rounded once; infinity times zero is invalid whatever is added.
    fnmadd_s
    [rules "fnmadd-s_op" "F_canonical_NaN" "f_ieee_compliance" "F_rm_field"]
    |p| {
        arithmetic::fused(p, &SINGLE, "fnmadd", true, true);
    }
}
