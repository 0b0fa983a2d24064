//! Comparisons, minimum and maximum, classes and signs in single precision.

use super::super::float::{SINGLE, compare};
use crate::prelude::*;

conformance_tests! {
    /// Equal: of numbers, zeros of either sign and infinities.
    feq_s
    [rules "feq-s_op"]
    |p| {
        compare::compare(p, &SINGLE, "feq", [0, 1, 0]);
    }

    /// Equal: never with a NaN. Only signaling NaNs are invalid.
    feq_s_nan
    [rules "feq-s_NaN"]
    |p| {
        compare::compare_nans(p, &SINGLE, "feq", false);
    }

    /// Less than: of numbers, zeros of either sign and infinities.
    flt_s
    [rules "flt-s_op"]
    |p| {
        compare::compare(p, &SINGLE, "flt", [1, 0, 0]);
    }

    /// Less than: never with a NaN. Every NaN is invalid.
    flt_s_nan
    [rules "flt-s_NaN"]
    |p| {
        compare::compare_nans(p, &SINGLE, "flt", true);
    }

    /// Less than or equal: of numbers, zeros of either sign and infinities.
    fle_s
    [rules "fle-s_op"]
    |p| {
        compare::compare(p, &SINGLE, "fle", [1, 1, 0]);
    }

    /// Less than or equal: never with a NaN. Every NaN is invalid.
    fle_s_nan
    [rules "fle-s_NaN"]
    |p| {
        compare::compare_nans(p, &SINGLE, "fle", true);
    }

    /// The lesser of two numbers.
    fmin_s
    [rules "fmin-s_op"]
    |p| {
        compare::select(p, &SINGLE, "fmin", true);
    }

    /// The lesser of two zeros: -0 is less than +0.
    fmin_s_zero
    [rules "fmin-s_zero_compare"]
    |p| {
        compare::select_zero(p, &SINGLE, "fmin", true);
    }

    /// Of a number and a quiet NaN, the number.
    fmin_s_one_nan
    [rules "fmin-s_one_nan_input"]
    |p| {
        compare::select_number(p, &SINGLE, "fmin");
    }

    /// Of a number and a signaling NaN, the number; that is invalid.
    fmin_s_signaling
    [rules "fmin-s_signaling_nan_nv" "fmin-s_one_nan_input"]
    |p| {
        compare::select_signaling(p, &SINGLE, "fmin");
    }

    /// Of two NaNs, the canonical one.
    fmin_s_both_nan
    [rules "fmin-s_both_nan_input" "F_canonical_NaN"]
    |p| {
        compare::select_nans(p, &SINGLE, "fmin");
    }

    /// The greater of two numbers.
    fmax_s
    [rules "fmax-s_op"]
    |p| {
        compare::select(p, &SINGLE, "fmax", false);
    }

    /// The greater of two zeros: -0 is less than +0.
    fmax_s_zero
    [rules "fmax-s_zero_compare"]
    |p| {
        compare::select_zero(p, &SINGLE, "fmax", false);
    }

    /// Of a number and a quiet NaN, the number.
    fmax_s_one_nan
    [rules "fmax-s_one_nan_input"]
    |p| {
        compare::select_number(p, &SINGLE, "fmax");
    }

    /// Of a number and a signaling NaN, the number; that is invalid.
    fmax_s_signaling
    [rules "fmax-s_signaling_nan_nv" "fmax-s_one_nan_input"]
    |p| {
        compare::select_signaling(p, &SINGLE, "fmax");
    }

    /// Of two NaNs, the canonical one.
    fmax_s_both_nan
    [rules "fmax-s_both_nan_input" "F_canonical_NaN"]
    |p| {
        compare::select_nans(p, &SINGLE, "fmax");
    }

    /// Each class has its bit, and no flag is raised.
    fclass_s
    [rules "fclass-s_op"]
    |p| {
        compare::classify(p, &SINGLE);
    }

    /// All bits of the first operand, a NaN's too, and the sign of the second operand.
    fsgnj_s
    [rules "fsgnj-s_op"]
    |p| {
        compare::inject(p, &SINGLE, "fsgnj", |_, b| b);
    }

    /// All bits of the first operand, a NaN's too, and the sign opposite to that of the second operand.
    fsgnjn_s
    [rules "fsgnjn-s_op"]
    |p| {
        compare::inject(p, &SINGLE, "fsgnjn", |_, b| !b);
    }

    /// All bits of the first operand, a NaN's too, and the sign which is the exclusive-or of both.
    fsgnjx_s
    [rules "fsgnjx-s_op"]
    |p| {
        compare::inject(p, &SINGLE, "fsgnjx", |a, b| a ^ b);
    }
}
