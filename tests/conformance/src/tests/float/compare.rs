//! Comparisons, minimum and maximum, classes and signs in any precision.

use super::{NV, Precision, check, check_nans};
use crate::Program;

/// A comparison of numbers: its results for less, equal and greater.
pub(crate) fn compare(p: &mut Program, f: &Precision, stem: &str, results: [u64; 3]) {
    let op = f.op(stem);
    let [less, equal, greater] = results;
    let (one, two) = (f.n(1.0), f.n(-2.0));
    for (a, b, result) in [
        (two, one, less),
        (one, one, equal),
        (one, two, greater),
        (f.n(-0.0), f.n(0.0), equal),
        (f.n(0.0), f.n(-0.0), equal),
        (f.tiny(), f.tiny() + 1, less),
        (f.neg(f.infinity()), f.infinity(), less),
        (f.infinity(), f.infinity(), equal),
    ] {
        check(p, op, &[a, b], result, 0);
    }
}

/// A comparison of NaNs: it never holds, and quiet NaNs are invalid where it is signaling.
pub(crate) fn compare_nans(p: &mut Program, f: &Precision, stem: &str, signaling: bool) {
    let (op, one) = (f.op(stem), f.n(1.0));
    let of_quiet = if signaling { NV } else { 0 };
    let (quiet, invalid) = (f.quiet(), f.signaling());
    for operands in [[quiet, one], [one, quiet], [quiet, quiet]] {
        check(p, op, &operands, 0, of_quiet);
    }
    for operands in [[invalid, one], [one, invalid], [quiet, invalid], [invalid, invalid]] {
        check(p, op, &operands, 0, NV);
    }
    for unboxed in f.unboxed(one) {
        check(p, op, &[unboxed, one], 0, of_quiet);
        check(p, op, &[one, unboxed], 0, of_quiet);
    }
}

/// Minimum or maximum of numbers.
pub(crate) fn select(p: &mut Program, f: &Precision, stem: &str, least: bool) {
    let op = f.op(stem);
    let pairs = [
        (f.n(-2.0), f.n(1.0)),
        (f.n(1.0), f.n(1.5)),
        (f.n(-1.5), f.n(-1.0)),
        (f.neg(f.infinity()), f.infinity()),
        (f.tiny(), f.least()),
    ];
    for (low, high) in pairs {
        let chosen = if least { low } else { high };
        check(p, op, &[low, high], chosen, 0);
        check(p, op, &[high, low], chosen, 0);
    }
}

/// Minimum or maximum of zeros: -0 is less than +0.
pub(crate) fn select_zero(p: &mut Program, f: &Precision, stem: &str, least: bool) {
    let (op, plus, minus) = (f.op(stem), f.n(0.0), f.n(-0.0));
    let chosen = if least { minus } else { plus };
    check(p, op, &[plus, minus], chosen, 0);
    check(p, op, &[minus, plus], chosen, 0);
}

/// Minimum or maximum of a number and a NaN, which is the number.
pub(crate) fn select_number(p: &mut Program, f: &Precision, stem: &str) {
    let (op, one) = (f.op(stem), f.n(1.0));
    for nan in [f.quiet(), f.nan()].into_iter().chain(f.unboxed(f.n(-2.0))) {
        check(p, op, &[nan, one], one, 0);
        check(p, op, &[one, nan], one, 0);
    }
}

/// Minimum or maximum of a number and a signaling NaN, which is invalid.
pub(crate) fn select_signaling(p: &mut Program, f: &Precision, stem: &str) {
    let (op, one) = (f.op(stem), f.n(1.0));
    check(p, op, &[f.signaling(), one], one, NV);
    check(p, op, &[one, f.signaling()], one, NV);
}

/// Minimum or maximum of two NaNs, which is the canonical one.
pub(crate) fn select_nans(p: &mut Program, f: &Precision, stem: &str) {
    let (op, quiet, signaling) = (f.op(stem), f.quiet(), f.signaling());
    check(p, op, &[quiet, quiet], f.nan(), 0);
    for operands in [[quiet, signaling], [signaling, quiet], [signaling, signaling]] {
        check(p, op, &operands, f.nan(), NV);
    }
}

/// Minimum or maximum to which a NaN is preferred.
pub(crate) fn select_any_nan(p: &mut Program, f: &Precision, stem: &str, least: bool) {
    select(p, f, stem, least);
    select_zero(p, f, stem, least);
    select_nans(p, f, stem);
    let one = f.n(1.0);
    check_nans(p, f.op(stem), f, &[one, one], f);
}

/// Each class has its bit.
pub(crate) fn classify(p: &mut Program, f: &Precision) {
    let op = f.op("fclass");
    let classes = [
        vec![f.neg(f.infinity())],
        vec![f.n(-1.0), f.neg(f.least()), f.neg(f.max())],
        vec![f.neg(f.tiny()), f.neg(f.least() - 1)],
        vec![f.n(-0.0)],
        vec![f.n(0.0)],
        vec![f.tiny(), f.least() - 1],
        vec![f.n(1.0), f.least(), f.max()],
        vec![f.infinity()],
        vec![f.signaling(), f.neg(f.signaling()), f.nan() - 1],
        [vec![f.nan(), f.quiet()], f.unboxed(f.n(1.0)), f.unboxed(f.signaling())].concat(),
    ];
    for (bit, values) in classes.iter().enumerate() {
        for value in values {
            check(p, op, &[*value], 1 << bit, 0);
        }
    }
}

/// A sign injection: `sign` makes the result's sign of those of the operands.
pub(crate) fn inject(p: &mut Program, f: &Precision, stem: &str, sign: fn(bool, bool) -> bool) {
    let op = f.op(stem);
    let with = |value, negative| if negative { f.neg(value) } else { value };
    for value in [f.n(1.5), f.n(0.0), f.infinity(), f.tiny(), f.signaling(), f.nan() | 1] {
        for (a, b) in [(false, false), (false, true), (true, false), (true, true)] {
            let result = with(value, sign(a, b));
            check(p, op, &[with(value, a), with(f.n(2.0), b)], result, 0);
            // The sign of a NaN is as good as that of a number.
            check(p, op, &[with(value, a), with(f.signaling(), b)], result, 0);
        }
    }
    for unboxed in f.unboxed(f.n(-1.5)) {
        check(p, op, &[unboxed, f.n(-2.0)], with(f.nan(), sign(false, true)), 0);
        check(p, op, &[f.n(1.5), unboxed], with(f.n(1.5), sign(false, false)), 0);
    }
}
