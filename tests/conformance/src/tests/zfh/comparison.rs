//! Comparisons, minimum and maximum, classes and signs in half precision.

use super::super::float::{HALF, compare};
use crate::prelude::*;

conformance_tests! {
    /// Equal: of numbers, zeros of either sign and infinities.
    feq_h
    [rules "feq-h_op"]
    [needs Zfh]
    |p| {
        compare::compare(p, &HALF, "feq", [0, 1, 0]);
    }

    /// Equal: never with a NaN. Only signaling NaNs are invalid.
    feq_h_nan
    [rules "feq-h_NaN"]
    [needs Zfh]
    |p| {
        compare::compare_nans(p, &HALF, "feq", false);
    }

    /// Less than: of numbers, zeros of either sign and infinities.
    flt_h
    [rules "flt-h_op"]
    [needs Zfh]
    |p| {
        compare::compare(p, &HALF, "flt", [1, 0, 0]);
    }

    /// Less than: never with a NaN. Every NaN is invalid.
    flt_h_nan
    [rules "flt-h_NaN"]
    [needs Zfh]
    |p| {
        compare::compare_nans(p, &HALF, "flt", true);
    }

    /// Less than or equal: of numbers, zeros of either sign and infinities.
    fle_h
    [rules "fle-h_op"]
    [needs Zfh]
    |p| {
        compare::compare(p, &HALF, "fle", [1, 1, 0]);
    }

    /// Less than or equal: never with a NaN. Every NaN is invalid.
    fle_h_nan
    [rules "fle-h_NaN"]
    [needs Zfh]
    |p| {
        compare::compare_nans(p, &HALF, "fle", true);
    }

    /// The lesser of two numbers; of a number and a NaN, the number.
    fmin_h
    [rules "Zfh_canonical_NaN"]
    [needs Zfh]
    |p| {
        compare::select(p, &HALF, "fmin", true);
        compare::select_zero(p, &HALF, "fmin", true);
        compare::select_number(p, &HALF, "fmin");
        compare::select_signaling(p, &HALF, "fmin");
        compare::select_nans(p, &HALF, "fmin");
    }

    /// The greater of two numbers; of a number and a NaN, the number.
    fmax_h
    [rules "Zfh_canonical_NaN"]
    [needs Zfh]
    |p| {
        compare::select(p, &HALF, "fmax", false);
        compare::select_zero(p, &HALF, "fmax", false);
        compare::select_number(p, &HALF, "fmax");
        compare::select_signaling(p, &HALF, "fmax");
        compare::select_nans(p, &HALF, "fmax");
    }

    /// Each class has its bit, and no flag is raised.
    fclass_h
    [rules "fclass-h_op"]
    [needs Zfh]
    |p| {
        compare::classify(p, &HALF);
    }

    /// All bits of the first operand, a NaN's too, and the sign of the second operand.
    fsgnj_h
    [rules "fsgnj-h_op"]
    [needs Zfh]
    |p| {
        compare::inject(p, &HALF, "fsgnj", |_, b| b);
    }

    /// All bits of the first operand, a NaN's too, and the sign opposite to that of the second operand.
    fsgnjn_h
    [rules "fsgnjn-h_op"]
    [needs Zfh]
    |p| {
        compare::inject(p, &HALF, "fsgnjn", |_, b| !b);
    }

    /// All bits of the first operand, a NaN's too, and the sign which is the exclusive-or of both.
    fsgnjx_h
    [rules "fsgnjx-h_op"]
    [needs Zfh]
    |p| {
        compare::inject(p, &HALF, "fsgnjx", |a, b| a ^ b);
    }
}
