//! Arithmetic in half precision.

use super::super::float::{HALF, arithmetic};
use crate::prelude::*;

conformance_tests! {
    /// The sum, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fadd_h
    [rules "fadd-h_op" "Zfh_canonical_NaN"]
    [needs Zfh]
    |p| {
        arithmetic::add(p, &HALF);
    }

    /// The difference, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fsub_h
    [rules "fsub-h_op" "Zfh_canonical_NaN"]
    [needs Zfh]
    |p| {
        arithmetic::sub(p, &HALF);
    }

    /// The product, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fmul_h
    [rules "fmul-h_op" "Zfh_canonical_NaN"]
    [needs Zfh]
    |p| {
        arithmetic::mul(p, &HALF);
    }

    /// The quotient, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fdiv_h
    [rules "fdiv-h_op" "Zfh_canonical_NaN"]
    [needs Zfh]
    |p| {
        arithmetic::div(p, &HALF);
    }

    /// The square root, exact, rounded in every mode, at the limits of the format, and of NaNs.
    fsqrt_h
    [rules "fsqrt-h_op" "Zfh_canonical_NaN"]
    [needs Zfh]
    |p| {
        arithmetic::sqrt(p, &HALF);
    }

    /// `a * b + c`, rounded once; infinity times zero is invalid whatever is added.
    fmadd_h
    [rules "fmadd-h_op" "Zfh_canonical_NaN"]
    [needs Zfh]
    |p| {
        arithmetic::fused(p, &HALF, "fmadd", false, false);
    }

    /// `a * b - c`, rounded once; infinity times zero is invalid whatever is added.
    fmsub_h
    [rules "fmsub-h_op" "Zfh_canonical_NaN"]
    [needs Zfh]
    |p| {
        arithmetic::fused(p, &HALF, "fmsub", false, true);
    }

    /// `-(a * b) + c`, rounded once; infinity times zero is invalid whatever is added.
    fnmsub_h
    [rules "fnmsub-h_op" "Zfh_canonical_NaN"]
    [needs Zfh]
    |p| {
        arithmetic::fused(p, &HALF, "fnmsub", true, false);
    }

    /// `-(a * b) - c`, rounded once; infinity times zero is invalid whatever is added.
    fnmadd_h
    [rules "fnmadd-h_op" "Zfh_canonical_NaN"]
    [needs Zfh]
    |p| {
        arithmetic::fused(p, &HALF, "fnmadd", true, true);
    }
}
