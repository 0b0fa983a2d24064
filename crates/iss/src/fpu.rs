//! Floating-point arithmetic, bit-exact with its exception flags: the one file that knows SoftFloat.
//!
//! Unprivileged ISA, "Floating-Point Control and Status Register", "NaN Generation and Propagation" and
//! "NaN Boxing of Narrower Values".

use isa::rounding::RoundingMode;
use softfloat_wrapper::{ExceptionFlags, Float};

pub(crate) use softfloat_wrapper::{F32, F64, RoundingMode as Rounding};

/// Exception flags, placed as in `fflags`: NV, DZ, OF, UF, NX from bit 4 down to bit 0.
pub(crate) type Flags = u8;

/// A result and the flags that computing it raised.
pub(crate) type Flagged<T> = (T, Flags);

/// A floating-point format, as the registers hold it.
pub(crate) trait Format: Float + Copy {
    /// The value made of the low bits of `bits`.
    fn from_low(bits: u64) -> Self;

    /// The value in a register; the canonical NaN where the register holds no value of this format.
    fn unbox(register: u64) -> Self;

    /// The register that holds this value.
    fn boxed(self) -> u64;
}

impl Format for F32 {
    fn from_low(bits: u64) -> F32 {
        F32::from_bits(bits as u32)
    }

    fn unbox(register: u64) -> F32 {
        if register >> 32 == 0xffff_ffff { F32::from_low(register) } else { F32::quiet_nan() }
    }

    fn boxed(self) -> u64 {
        0xffff_ffff << 32 | u64::from(self.to_bits())
    }
}

impl Format for F64 {
    fn from_low(bits: u64) -> F64 {
        F64::from_bits(bits)
    }

    fn unbox(register: u64) -> F64 {
        F64::from_bits(register)
    }

    fn boxed(self) -> u64 {
        self.to_bits()
    }
}

/// How to round in `mode`; `None` for the dynamic mode, which says to look elsewhere.
pub(crate) fn rounding(mode: RoundingMode) -> Option<Rounding> {
    match mode {
        RoundingMode::Rne => Some(Rounding::TiesToEven),
        RoundingMode::Rtz => Some(Rounding::TowardZero),
        RoundingMode::Rdn => Some(Rounding::TowardNegative),
        RoundingMode::Rup => Some(Rounding::TowardPositive),
        RoundingMode::Rmm => Some(Rounding::TiesToAway),
        RoundingMode::Dyn => None,
    }
}

/// `a + b`
pub(crate) fn add<F: Format>(a: F, b: F, rounding: Rounding) -> Flagged<F> {
    flagged(|| a.add(b, rounding))
}

/// `a - b`
pub(crate) fn sub<F: Format>(a: F, b: F, rounding: Rounding) -> Flagged<F> {
    flagged(|| a.sub(b, rounding))
}

/// `a * b`
pub(crate) fn mul<F: Format>(a: F, b: F, rounding: Rounding) -> Flagged<F> {
    flagged(|| a.mul(b, rounding))
}

/// `a / b`
pub(crate) fn div<F: Format>(a: F, b: F, rounding: Rounding) -> Flagged<F> {
    flagged(|| a.div(b, rounding))
}

/// The square root of `a`.
pub(crate) fn sqrt<F: Format>(a: F, rounding: Rounding) -> Flagged<F> {
    flagged(|| a.sqrt(rounding))
}

/// `a * b + c`, rounded once.
pub(crate) fn mul_add<F: Format>(a: F, b: F, c: F, rounding: Rounding) -> Flagged<F> {
    flagged(|| a.fused_mul_add(b, c, rounding))
}

/// `a * b - c`, rounded once.
pub(crate) fn mul_sub<F: Format>(a: F, b: F, c: F, rounding: Rounding) -> Flagged<F> {
    mul_add(a, b, c.neg(), rounding)
}

/// `-(a * b) + c`, rounded once.
pub(crate) fn neg_mul_add<F: Format>(a: F, b: F, c: F, rounding: Rounding) -> Flagged<F> {
    mul_add(a.neg(), b, c, rounding)
}

/// `-(a * b) - c`, rounded once.
pub(crate) fn neg_mul_sub<F: Format>(a: F, b: F, c: F, rounding: Rounding) -> Flagged<F> {
    mul_add(a.neg(), b, c.neg(), rounding)
}

/// The lesser number; -0 is less than +0, and a NaN is less and greater than no number.
pub(crate) fn min<F: Format>(a: F, b: F) -> Flagged<F> {
    flagged(|| {
        let less = a.lt_quiet(b) || a.eq(b) && a.is_negative();
        number(if less { a } else { b }, a, b)
    })
}

/// The greater number; +0 is greater than -0, and a NaN is less and greater than no number.
pub(crate) fn max<F: Format>(a: F, b: F) -> Flagged<F> {
    flagged(|| {
        let greater = b.lt_quiet(a) || a.eq(b) && b.is_negative();
        number(if greater { a } else { b }, a, b)
    })
}

/// `chosen` when both operands are numbers, else the one that is, else the canonical NaN.
fn number<F: Format>(chosen: F, a: F, b: F) -> F {
    match (a.is_nan(), b.is_nan()) {
        (false, false) => chosen,
        (false, true) => a,
        (true, false) => b,
        (true, true) => F::quiet_nan(),
    }
}

/// `a == b`; only signaling NaNs are invalid.
pub(crate) fn eq<F: Format>(a: F, b: F) -> Flagged<bool> {
    flagged(|| a.eq(b))
}

/// `a < b`; every NaN is invalid.
pub(crate) fn lt<F: Format>(a: F, b: F) -> Flagged<bool> {
    flagged(|| a.lt(b))
}

/// `a <= b`; every NaN is invalid.
pub(crate) fn le<F: Format>(a: F, b: F) -> Flagged<bool> {
    flagged(|| a.le(b))
}

/// `a`, NaN or not, with its sign bit set as `negative` says.
pub(crate) fn with_sign<F: Format>(a: F, negative: bool) -> F {
    if a.is_negative() == negative { a } else { a.neg() }
}

/// The class of `a` as a bit: from minus infinity in bit 0 to plus infinity in bit 7, then the signaling
/// and the quiet NaN. Unprivileged ISA, "Single-Precision Floating-Point Classify Instruction".
pub(crate) fn classify<F: Format>(a: F) -> u64 {
    let classes = [
        a.is_negative_infinity(),
        a.is_negative_normal(),
        a.is_negative_subnormal(),
        a.is_negative_zero(),
        a.is_positive_zero(),
        a.is_positive_subnormal(),
        a.is_positive_normal(),
        a.is_positive_infinity(),
        a.is_signaling_nan(),
        a.is_nan() && !a.is_signaling_nan(),
    ];
    classes.iter().rev().fold(0, |bits, class| bits << 1 | u64::from(*class))
}

/// A double as a single.
pub(crate) fn narrow(a: F64, rounding: Rounding) -> Flagged<F32> {
    flagged(|| a.to_f32(rounding))
}

/// A single as a double, which is exact.
pub(crate) fn widen(a: F32, rounding: Rounding) -> Flagged<F64> {
    flagged(|| a.to_f64(rounding))
}

/// `a` as a signed word, sign-extended; the nearest one, and the greatest for a NaN, where it has none.
pub(crate) fn to_w<F: Format>(a: F, rounding: Rounding) -> Flagged<u64> {
    flagged(|| a.to_i32(rounding, true) as u64)
}

/// As [`to_w`], to an unsigned word, which is sign-extended all the same.
pub(crate) fn to_wu<F: Format>(a: F, rounding: Rounding) -> Flagged<u64> {
    flagged(|| a.to_u32(rounding, true) as i32 as u64)
}

/// As [`to_w`], to a signed doubleword.
pub(crate) fn to_l<F: Format>(a: F, rounding: Rounding) -> Flagged<u64> {
    flagged(|| a.to_i64(rounding, true) as u64)
}

/// As [`to_w`], to an unsigned doubleword.
pub(crate) fn to_lu<F: Format>(a: F, rounding: Rounding) -> Flagged<u64> {
    flagged(|| a.to_u64(rounding, true))
}

/// The signed word in the low half of `x`.
pub(crate) fn from_w<F: Format>(x: u64, rounding: Rounding) -> Flagged<F> {
    flagged(|| F::from_i32(x as i32, rounding))
}

/// The unsigned word in the low half of `x`.
pub(crate) fn from_wu<F: Format>(x: u64, rounding: Rounding) -> Flagged<F> {
    flagged(|| F::from_u32(x as u32, rounding))
}

/// The signed doubleword `x`.
pub(crate) fn from_l<F: Format>(x: u64, rounding: Rounding) -> Flagged<F> {
    flagged(|| F::from_i64(x as i64, rounding))
}

/// The unsigned doubleword `x`.
pub(crate) fn from_lu<F: Format>(x: u64, rounding: Rounding) -> Flagged<F> {
    flagged(|| F::from_u64(x, rounding))
}

/// Computes a result and collects the flags of its operations; SoftFloat accrues them per thread, in the
/// order of `fflags`.
fn flagged<T>(operation: impl FnOnce() -> T) -> Flagged<T> {
    let mut flags = ExceptionFlags::default();
    flags.set();
    let result = operation();
    flags.get();
    (result, flags.to_bits())
}

#[cfg(test)]
mod tests;
