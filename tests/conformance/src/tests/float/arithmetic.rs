//! Arithmetic in any precision: exact, in every rounding mode, at the limits of the format, and of NaNs.

use super::{DZ, NV, NX, OF, Precision, UF, check, check_modes, check_nans};
use crate::Program;

/// Addition.
pub(crate) fn add(p: &mut Program, f: &Precision) {
    let (op, one, half) = (f.op("fadd"), f.n(1.0), f.half_unit());
    check(p, op, &[f.n(1.5), f.n(2.25)], f.n(3.75), 0);
    check_modes(p, op, &[one, half], [one, one, one, one + 1, one + 1], [NX; 5]);
    let below = [one, one, one + 1, one, one + 1].map(|value| f.neg(value));
    check_modes(p, op, &[f.neg(one), f.neg(half)], below, [NX; 5]);
    check_modes(p, op, &[one + 1, half], [one + 2, one + 1, one + 1, one + 2, one + 2], [NX; 5]);
    check_modes(p, op, &[f.max(), f.max()], overflow(f), [OF | NX; 5]);
    check(p, op, &[f.tiny(), f.tiny()], f.boxed(2), 0);
    check(p, op, &[f.least(), f.neg(f.tiny())], f.least() - 1, 0);
    check_modes(p, op, &[one, f.neg(one)], cancelled(f), [0; 5]);
    check(p, op, &[f.infinity(), one], f.infinity(), 0);
    check(p, op, &[f.infinity(), f.neg(f.infinity())], f.nan(), NV);
    check_nans(p, op, f, &[one, one], f);
}

/// Subtraction.
pub(crate) fn sub(p: &mut Program, f: &Precision) {
    let (op, one, half) = (f.op("fsub"), f.n(1.0), f.half_unit());
    check(p, op, &[f.n(1.5), f.n(2.25)], f.n(-0.75), 0);
    check_modes(p, op, &[one, f.neg(half)], [one, one, one, one + 1, one + 1], [NX; 5]);
    let below = [one, one, one + 1, one, one + 1].map(|value| f.neg(value));
    check_modes(p, op, &[f.neg(one), half], below, [NX; 5]);
    check_modes(p, op, &[f.max(), f.neg(f.max())], overflow(f), [OF | NX; 5]);
    check(p, op, &[f.least(), f.tiny()], f.least() - 1, 0);
    check_modes(p, op, &[one, one], cancelled(f), [0; 5]);
    check(p, op, &[f.infinity(), f.infinity()], f.nan(), NV);
    check_nans(p, op, f, &[one, one], f);
}

/// Multiplication.
pub(crate) fn mul(p: &mut Program, f: &Precision) {
    let (op, one) = (f.op("fmul"), f.n(1.0));
    check(p, op, &[f.n(1.5), f.n(-2.5)], f.n(-3.75), 0);
    // The square of one unit above 1 is two units above it and a little.
    check_modes(p, op, &[one + 1, one + 1], [one + 2, one + 2, one + 2, one + 3, one + 2], [NX; 5]);
    check_modes(p, op, &[f.max(), f.n(2.0)], overflow(f), [OF | NX; 5]);
    check(p, op, &[f.n(0.0), f.n(-2.0)], f.n(-0.0), 0);
    check(p, op, &[f.infinity(), f.n(0.0)], f.nan(), NV);
    for (a, b, results, flags) in small_products(f) {
        check_modes(p, op, &[a, b], results, flags);
    }
    check_nans(p, op, f, &[one, one], f);
}

/// Division.
pub(crate) fn div(p: &mut Program, f: &Precision) {
    let (op, one, infinity) = (f.op("fdiv"), f.n(1.0), f.infinity());
    check(p, op, &[f.n(7.5), f.n(-2.5)], f.n(-3.0), 0);
    // The inverse of one unit above 1 is one such unit below it, which is two there, and a little less.
    check_modes(p, op, &[one, one + 1], [one - 2, one - 2, one - 2, one - 1, one - 2], [NX; 5]);
    check_modes(p, op, &[f.max(), f.n(0.5)], overflow(f), [OF | NX; 5]);
    let (zero, tiny) = (f.n(0.0), f.tiny());
    check_modes(p, op, &[tiny, f.n(2.0)], [zero, zero, zero, tiny, tiny], [UF | NX; 5]);
    check(p, op, &[f.least(), f.n(2.0)], f.boxed(1 << (f.fraction - 1)), 0);
    check(p, op, &[one, f.n(-0.0)], f.neg(infinity), DZ);
    check(p, op, &[infinity, f.n(-0.0)], f.neg(infinity), 0);
    check(p, op, &[one, f.neg(infinity)], f.n(-0.0), 0);
    check(p, op, &[zero, zero], f.nan(), NV);
    check(p, op, &[infinity, infinity], f.nan(), NV);
    check_nans(p, op, f, &[one, one], f);
}

/// The square root.
pub(crate) fn sqrt(p: &mut Program, f: &Precision) {
    let (op, one) = (f.op("fsqrt"), f.n(1.0));
    check(p, op, &[f.n(2.25)], f.n(1.5), 0);
    // The root of two units above 1 is one unit above it, and a little less.
    check_modes(p, op, &[one + 2], [one + 1, one, one, one + 1, one + 1], [NX; 5]);
    check(p, op, &[f.n(-0.0)], f.n(-0.0), 0);
    check(p, op, &[f.infinity()], f.infinity(), 0);
    check(p, op, &[f.n(-1.0)], f.nan(), NV);
    check(p, op, &[f.neg(f.infinity())], f.nan(), NV);
    // A subnormal operand, four or two times the least: an even power of two.
    let exponent = 1 - (1 << (f.bits - f.fraction - 2)) + 1 - f.fraction as i32;
    let (operand, exponent) = if exponent % 2 == 0 { (4, exponent + 2) } else { (2, exponent + 1) };
    check(p, op, &[f.boxed(operand)], f.n(f64::from(exponent / 2).exp2()), 0);
    check_nans(p, op, f, &[one], f);
}

/// A fused multiplication and addition, which negates the product and the addend as told.
pub(crate) fn fused(p: &mut Program, f: &Precision, stem: &str, product: bool, addend: bool) {
    let (op, one, zero) = (f.op(stem), f.n(1.0), f.n(0.0));
    // What is asked for is always a * b + c: what the instruction negates is handed to it negated.
    let operands = |a, b, c| [if product { f.neg(a) } else { a }, b, if addend { f.neg(c) } else { c }];
    check(p, op, &operands(f.n(2.0), f.n(3.0), one), f.n(7.0), 0);
    check(p, op, &operands(f.n(-2.0), f.n(3.0), one), f.n(-5.0), 0);
    // One unit above 1 times one below it is less than 1 by the unit's square, which rounding the product loses.
    let square = (-2.0 * f64::from(f.fraction)).exp2();
    check(p, op, &operands(one + 1, one - 2, f.neg(one)), f.n(-square), 0);
    check_modes(p, op, &operands(one, one, f.half_unit()), [one, one, one, one + 1, one + 1], [NX; 5]);
    check_modes(p, op, &operands(f.max(), f.n(2.0), zero), overflow(f), [OF | NX; 5]);
    check_modes(p, op, &operands(one, one, f.neg(one)), cancelled(f), [0; 5]);
    for (a, b, results, flags) in small_products(f) {
        check_modes(p, op, &operands(a, b, zero), results, flags);
    }
    check(p, op, &operands(f.infinity(), zero, one), f.nan(), NV);
    check(p, op, &operands(f.infinity(), zero, f.quiet()), f.nan(), NV);
    check(p, op, &operands(zero, f.infinity(), f.quiet()), f.nan(), NV);
    check(p, op, &operands(f.infinity(), one, f.neg(f.infinity())), f.nan(), NV);
    check_nans(p, op, f, &operands(one, one, one), f);
}

/// The result of a positive overflow in each mode.
pub(super) fn overflow(f: &Precision) -> [u64; 5] {
    let (infinity, max) = (f.infinity(), f.max());
    [infinity, max, max, infinity, infinity]
}

/// The zero that is the difference of equal numbers in each mode.
fn cancelled(f: &Precision) -> [u64; 5] {
    let (plus, minus) = (f.n(0.0), f.n(-0.0));
    [plus, plus, minus, plus, plus]
}

/// Two factors, and their product and its flags in each mode.
type SmallProduct = (u64, u64, [u64; 5], [u64; 5]);

/// Products around the least normal number and below the least of all.
fn small_products(f: &Precision) -> [SmallProduct; 4] {
    let (one, least, tiny, zero) = (f.n(1.0), f.least(), f.tiny(), f.n(0.0));
    [
        // Exact, and so no underflow.
        (least, f.n(0.5), [f.boxed(1 << (f.fraction - 1)); 5], [0; 5]),
        (tiny, f.n(0.5), [zero, zero, zero, tiny, tiny], [UF | NX; 5]),
        // With an unbounded exponent this would be exact and below the least normal number: tiny in every mode.
        (least, one - 1, [least, least - 1, least - 1, least, least], [UF | NX; 5]),
        // And this would be rounded up to it where it is not rounded down, and not be tiny then: tininess is
        // detected after rounding.
        (least + 1, one - 2, [least, least - 1, least - 1, least, least], [NX, UF | NX, UF | NX, NX, NX]),
    ]
}
