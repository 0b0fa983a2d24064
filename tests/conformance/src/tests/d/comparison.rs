//! Comparisons, minimum and maximum, classes and signs in double precision.

use super::super::float::{DOUBLE, compare};
use crate::prelude::*;

conformance_tests! {
    /// Equal: of numbers, zeros of either sign and infinities.
    feq_d
    [rules "feq-d_op"]
    |p| {
        compare::compare(p, &DOUBLE, "feq", [0, 1, 0]);
    }

    /// Equal: never with a NaN. Only signaling NaNs are invalid.
    feq_d_nan
    [rules "feq-d_NaN"]
    |p| {
        compare::compare_nans(p, &DOUBLE, "feq", false);
    }

    /// Less than: of numbers, zeros of either sign and infinities.
    flt_d
    [rules "flt-d_op"]
    |p| {
        compare::compare(p, &DOUBLE, "flt", [1, 0, 0]);
    }

    /// Less than: never with a NaN. Every NaN is invalid.
    flt_d_nan
    [rules "flt-d_NaN"]
    |p| {
        compare::compare_nans(p, &DOUBLE, "flt", true);
    }

    /// Less than or equal: of numbers, zeros of either sign and infinities.
    fle_d
    [rules "fle-d_op"]
    |p| {
        compare::compare(p, &DOUBLE, "fle", [1, 1, 0]);
    }

    /// Less than or equal: never with a NaN. Every NaN is invalid.
    fle_d_nan
    [rules "fle-d_NaN"]
    |p| {
        compare::compare_nans(p, &DOUBLE, "fle", true);
    }

    /// The lesser of two numbers; of a number and a NaN, the number.
    fmin_d
    [rules "D_canonical_NaN" "fp_nan-boxing"]
    |p| {
        compare::select(p, &DOUBLE, "fmin", true);
        compare::select_zero(p, &DOUBLE, "fmin", true);
        compare::select_number(p, &DOUBLE, "fmin");
        compare::select_signaling(p, &DOUBLE, "fmin");
        compare::select_nans(p, &DOUBLE, "fmin");
    }

    /// The greater of two numbers; of a number and a NaN, the number.
    fmax_d
    [rules "D_canonical_NaN" "fp_nan-boxing"]
    |p| {
        compare::select(p, &DOUBLE, "fmax", false);
        compare::select_zero(p, &DOUBLE, "fmax", false);
        compare::select_number(p, &DOUBLE, "fmax");
        compare::select_signaling(p, &DOUBLE, "fmax");
        compare::select_nans(p, &DOUBLE, "fmax");
    }

    /// Each class has its bit, and no flag is raised.
    fclass_d
    [rules "fclass-d_op"]
    |p| {
        compare::classify(p, &DOUBLE);
    }

    /// All bits of the first operand, a NaN's too, and the sign of the second operand.
    fsgnj_d
    [rules "fsgnj-d_op"]
    |p| {
        compare::inject(p, &DOUBLE, "fsgnj", |_, b| b);
    }

    /// All bits of the first operand, a NaN's too, and the sign opposite to that of the second operand.
    fsgnjn_d
    [rules "fsgnjn-d_op"]
    |p| {
        compare::inject(p, &DOUBLE, "fsgnjn", |_, b| !b);
    }

    /// All bits of the first operand, a NaN's too, and the sign which is the exclusive-or of both.
    fsgnjx_d
    [rules "fsgnjx-d_op"]
    |p| {
        compare::inject(p, &DOUBLE, "fsgnjx", |a, b| a ^ b);
    }
}
