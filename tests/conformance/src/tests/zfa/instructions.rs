//! Minimum and maximum, rounding to an integer, and quiet comparisons.

use super::super::float::{DOUBLE, HALF, NX, Precision, SINGLE, check_modes, check_nans, compare};
use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// The lesser of two singles, a NaN if there is one.
    fminm_s
    [rules "fminm-s_op"]
    [needs Zfa]
    |p| {
        compare::select_any_nan(p, &SINGLE, "fminm", true);
    }

    /// The greater of two singles, a NaN if there is one.
    fmaxm_s
    [rules "fmaxm-s_op"]
    [needs Zfa]
    |p| {
        compare::select_any_nan(p, &SINGLE, "fmaxm", false);
    }

    /// Rounded to an integer in every mode, without saying so; zeros and infinities stay as they are.
    fround_s
    [rules "fround-s_op" "fround-s_zero_inf" "fround-s_nan_nv"]
    [needs Zfa]
    |p| {
        round(p, &SINGLE, "fround", 0);
    }

    /// Rounded to an integer in every mode, inexact where that changes the value.
    froundnx_s
    [rules "froundnx-s_op"]
    [needs Zfa]
    |p| {
        round(p, &SINGLE, "froundnx", NX);
    }

    /// Quietly less than or equal: only signaling NaNs are invalid.
    fleq_s
    [rules "fleq-s_op"]
    [needs Zfa]
    |p| {
        compare::compare(p, &SINGLE, "fleq", [1, 1, 0]);
        compare::compare_nans(p, &SINGLE, "fleq", false);
    }

    /// Quietly less than: only signaling NaNs are invalid.
    fltq_s
    [rules "fltq-s_op"]
    [needs Zfa]
    |p| {
        compare::compare(p, &SINGLE, "fltq", [1, 0, 0]);
        compare::compare_nans(p, &SINGLE, "fltq", false);
    }

    /// The lesser of two doubles, a NaN if there is one.
    fminm_d
    [rules "fminm-d_op"]
    [needs Zfa]
    |p| {
        compare::select_any_nan(p, &DOUBLE, "fminm", true);
    }

    /// The greater of two doubles, a NaN if there is one.
    fmaxm_d
    [rules "fmaxm-d_op"]
    [needs Zfa]
    |p| {
        compare::select_any_nan(p, &DOUBLE, "fmaxm", false);
    }

    /// Rounded to an integer in every mode, without saying so; zeros and infinities stay as they are.
    fround_d
    [rules "fround-d"]
    [needs Zfa]
    |p| {
        round(p, &DOUBLE, "fround", 0);
    }

    /// Rounded to an integer in every mode, inexact where that changes the value.
    froundnx_d
    [rules "froundnx-d"]
    [needs Zfa]
    |p| {
        round(p, &DOUBLE, "froundnx", NX);
    }

    /// Quietly less than or equal: only signaling NaNs are invalid.
    fleq_d
    [rules "fleq-d_op"]
    [needs Zfa]
    |p| {
        compare::compare(p, &DOUBLE, "fleq", [1, 1, 0]);
        compare::compare_nans(p, &DOUBLE, "fleq", false);
    }

    /// Quietly less than: only signaling NaNs are invalid.
    fltq_d
    [rules "fltq-d_op"]
    [needs Zfa]
    |p| {
        compare::compare(p, &DOUBLE, "fltq", [1, 0, 0]);
        compare::compare_nans(p, &DOUBLE, "fltq", false);
    }

    /// The lesser of two halves, a NaN if there is one.
    fminm_h
    [rules "fminm-h_op"]
    [needs Zfa Zfh]
    |p| {
        compare::select_any_nan(p, &HALF, "fminm", true);
    }

    /// The greater of two halves, a NaN if there is one.
    fmaxm_h
    [rules "fmaxm-h_op"]
    [needs Zfa Zfh]
    |p| {
        compare::select_any_nan(p, &HALF, "fmaxm", false);
    }

    /// Rounded to an integer in every mode, without saying so; zeros and infinities stay as they are.
    fround_h
    [rules "fround-h"]
    [needs Zfa Zfh]
    |p| {
        round(p, &HALF, "fround", 0);
    }

    /// Rounded to an integer in every mode, inexact where that changes the value.
    froundnx_h
    [rules "froundnx-h"]
    [needs Zfa Zfh]
    |p| {
        round(p, &HALF, "froundnx", NX);
    }

    /// Quietly less than or equal: only signaling NaNs are invalid.
    fleq_h
    [rules "fleq-h_op"]
    [needs Zfa Zfh]
    |p| {
        compare::compare(p, &HALF, "fleq", [1, 1, 0]);
        compare::compare_nans(p, &HALF, "fleq", false);
    }

    /// Quietly less than: only signaling NaNs are invalid.
    fltq_h
    [rules "fltq-h_op"]
    [needs Zfa Zfh]
    |p| {
        compare::compare(p, &HALF, "fltq", [1, 0, 0]);
        compare::compare_nans(p, &HALF, "fltq", false);
    }
}

/// Rounding to an integer, which raises `flags` where it changes the value.
fn round(p: &mut Program, f: &Precision, stem: &str, flags: u64) {
    let op = f.op(stem);
    let rows = [
        (2.5, [2.0, 2.0, 2.0, 3.0, 3.0]),
        (-2.5, [-2.0, -2.0, -3.0, -2.0, -3.0]),
        (3.5, [4.0, 3.0, 3.0, 4.0, 4.0]),
        (0.75, [1.0, 0.0, 0.0, 1.0, 1.0]),
        (-0.25, [-0.0, -0.0, -1.0, -0.0, -0.0]),
    ];
    for (value, results) in rows {
        check_modes(p, op, &[f.n(value)], results.map(|result| f.n(result)), [flags; 5]);
    }
    let (zero, one) = (f.n(0.0), f.n(1.0));
    check_modes(p, op, &[f.tiny()], [zero, zero, zero, one, zero], [flags; 5]);
    for value in [zero, f.n(-0.0), f.n(7.0), f.n(-1024.0), f.max(), f.infinity(), f.neg(f.infinity())] {
        check_modes(p, op, &[value], [value; 5], [0; 5]);
    }
    check_nans(p, op, f, &[one], f);
}
