//! Conversions between any precision and integers, and between precisions.

use super::{NV, NX, OF, Precision, UF, arithmetic, check, check_modes, check_nans};
use crate::Program;

/// An integer format: the last part of instructions' names, width, and whether it has a sign.
pub(crate) struct Integer(&'static str, u32, bool);

pub(crate) const W: Integer = Integer("w", 32, true);
pub(crate) const WU: Integer = Integer("wu", 32, false);
pub(crate) const L: Integer = Integer("l", 64, true);
pub(crate) const LU: Integer = Integer("lu", 64, false);

impl Integer {
    /// The register that holds the greatest number: one of 32 bits is sign-extended, signed or not.
    fn max(&self) -> u64 {
        let Integer(_, width, signed) = self;
        let max = u64::MAX >> (64 - width) >> u32::from(*signed);
        if *width == 32 { max as i32 as u64 } else { max }
    }

    /// The register that holds the least number.
    fn min(&self) -> u64 {
        let Integer(_, width, signed) = self;
        if *signed { !0 << (width - 1) } else { 0 }
    }
}

/// Conversion to an integer.
pub(crate) fn to_integer(p: &mut Program, f: &Precision, to: &Integer) {
    let Integer(name, width, signed) = to;
    let op = super::named(&format!("fcvt_{name}_{}", f.suffix));
    check(p, op, &[f.n(7.0)], 7, 0);
    check(p, op, &[f.n(-0.0)], 0, 0);
    check_modes(p, op, &[f.n(2.5)], [2, 2, 2, 3, 3], [NX; 5]);
    check_modes(p, op, &[f.n(3.5)], [4, 3, 3, 4, 4], [NX; 5]);
    check_modes(p, op, &[f.tiny()], [0, 0, 0, 1, 0], [NX; 5]);
    if *signed {
        let results = [-2, -2, -3, -2, -3].map(|value: i64| value as u64);
        check_modes(p, op, &[f.n(-2.5)], results, [NX; 5]);
    } else {
        // What rounds to -1 is out of range; what rounds to 0 is inexact only.
        check_modes(p, op, &[f.n(-0.5)], [0; 5], [NX, NX, NV, NX, NV]);
        check(p, op, &[f.n(-1.0)], 0, NV);
    }
    for nan in [f.nan(), f.quiet(), f.signaling()].into_iter().chain(f.unboxed(f.n(1.0))) {
        check(p, op, &[nan], to.max(), NV);
    }
    check(p, op, &[f.infinity()], to.max(), NV);
    check(p, op, &[f.neg(f.infinity())], to.min(), NV);
    if f.bits == 16 {
        // Every finite half is in range, unless it is negative.
        return check(p, op, &[f.max()], 65504, 0);
    }
    let limit = f64::from(width - u32::from(*signed)).exp2();
    check(p, op, &[f.n(limit)], to.max(), NV);
    check(p, op, &[f.neg(f.n(limit))], to.min(), if *signed { 0 } else { NV });
    // The greatest power of two, in the unsigned formats the sign bit.
    let power = f.n(limit / 2.0);
    let result = 1u64 << (width - 1 - u32::from(*signed));
    check(p, op, &[power], if *width == 32 { result as i32 as u64 } else { result }, 0);
    if *width == 32 && f.bits == 64 {
        // Half above the greatest number: rounding decides whether that is in range.
        let edge = f.n(limit - 0.5);
        check_modes(p, op, &[edge], [to.max(); 5], [NV, NX, NX, NV, NV]);
    }
}

/// Conversion from an integer.
pub(crate) fn from_integer(p: &mut Program, f: &Precision, from: &Integer) {
    let Integer(name, width, signed) = from;
    let op = f.convert_from(name);
    check_modes(p, op, &[0], [f.n(0.0); 5], [0; 5]);
    check(p, op, &[9], f.n(9.0), 0);
    if *width == 32 {
        // The upper half is not looked at, whatever it is.
        check(p, op, &[0x5a5a_5a5a_0000_0009], f.n(9.0), 0);
        check(p, op, &[0xffff_ffff_0000_0009], f.n(9.0), 0);
    }
    if *signed {
        check(p, op, &[-9i64 as u64], f.n(-9.0), 0);
    }
    // One more than the first power of two whose neighbours are two apart: halfway between them.
    let exponent = f.fraction + 1;
    if exponent + 2 <= *width {
        let (odd, low) = ((1u64 << exponent) + 1, f.n(f64::from(exponent).exp2()));
        check_modes(p, op, &[odd], [low, low, low, low + 1, low + 1], [NX; 5]);
        if *signed {
            let below = [low, low, low + 1, low, low + 1].map(|value| f.neg(value));
            check_modes(p, op, &[odd.wrapping_neg()], below, [NX; 5]);
        }
    }
    if f.bits == 16 {
        check_modes(p, op, &[65536], arithmetic::overflow(f), [OF | NX; 5]);
    } else {
        // The bit that is the sign where there is one.
        let value = if *signed { -1.0 } else { 1.0 } * f64::from(width - 1).exp2();
        check(p, op, &[1 << (width - 1)], f.n(value), 0);
    }
    if *width == 32 && f.bits == 64 {
        check(p, op, &[from.max()], f.n((f64::from(width - u32::from(*signed))).exp2() - 1.0), 0);
    }
}

/// Conversion to a narrower precision.
pub(crate) fn narrow(p: &mut Program, from: &Precision, to: &Precision) {
    let op = to.convert_from(from.suffix);
    let (one, zero, tiny) = (to.n(1.0), to.n(0.0), to.tiny());
    for value in [1.5, -2.0, 0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY] {
        check(p, op, &[from.n(value)], to.n(value), 0);
    }
    let tie = 1.0 + (-f64::from(to.fraction) - 1.0).exp2();
    check_modes(p, op, &[from.n(tie)], [one, one, one, one + 1, one + 1], [NX; 5]);
    let below = [one, one, one + 1, one, one + 1].map(|value| to.neg(value));
    check_modes(p, op, &[from.n(-tie)], below, [NX; 5]);
    check_modes(p, op, &[from.max()], arithmetic::overflow(to), [OF | NX; 5]);
    check_modes(p, op, &[from.n(to.tiny_value())], [tiny; 5], [0; 5]);
    check_modes(p, op, &[from.n(to.tiny_value() / 2.0)], [zero, zero, zero, tiny, tiny], [UF | NX; 5]);
    check_nans(p, op, from, &[from.n(1.0)], to);
}

/// Conversion to a wider precision, which is exact in every mode and takes every mode.
pub(crate) fn widen(p: &mut Program, from: &Precision, to: &Precision) {
    let op = to.convert_from(from.suffix);
    for value in [1.5, -2.0, 0.0, -0.0, f64::INFINITY, f64::NEG_INFINITY, from.tiny_value()] {
        check_modes(p, op, &[from.n(value)], [to.n(value); 5], [0; 5]);
    }
    // One unit above 1.
    let value = 1.0 + (-f64::from(from.fraction)).exp2();
    check_modes(p, op, &[from.n(1.0) + 1], [to.n(value); 5], [0; 5]);
    check_nans(p, op, from, &[from.n(1.0)], to);
}
