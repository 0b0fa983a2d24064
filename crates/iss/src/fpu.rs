//! Floating-point arithmetic, bit-exact with its exception flags: the one file that knows SoftFloat.
//!
//! Unprivileged ISA, "Floating-Point Control and Status Register", "NaN Generation and Propagation" and
//! "NaN Boxing of Narrower Values".

use isa::rounding::RoundingMode;
use softfloat_wrapper::{ExceptionFlags, Float};

pub(crate) use softfloat_wrapper::{F16, F32, F64, RoundingMode as Rounding};

/// Exception flags, placed as in `fflags`: NV, DZ, OF, UF, NX from bit 4 down to bit 0.
pub(crate) type Flags = u8;

/// The flag NX.
const INEXACT: Flags = 1;

/// A result and the flags that computing it raised.
pub(crate) type Flagged<T> = (T, Flags);

/// A floating-point format, as the registers hold it.
pub(crate) trait Format: Float + Copy {
    /// The ones that a register has above a value of this format.
    const BOX: u64;

    /// The value made of the low bits of `bits`.
    fn from_low(bits: u64) -> Self;

    /// The bits of the value, with zeros above.
    fn low(self) -> u64;

    /// The value of another format, rounded to this one.
    fn round_from<F: Float>(value: F, rounding: Rounding) -> Self;

    /// The value in a register; the canonical NaN where the register holds no value of this format.
    fn unbox(register: u64) -> Self {
        if register & Self::BOX == Self::BOX { Self::from_low(register) } else { Self::quiet_nan() }
    }

    /// The register that holds this value.
    fn boxed(self) -> u64 {
        Self::BOX | self.low()
    }
}

macro_rules! format {
    ($type:ident, $bits:ident, $box:literal, $to:ident) => {
        impl Format for $type {
            const BOX: u64 = $box;

            fn from_low(bits: u64) -> $type {
                $type::from_bits(bits as $bits)
            }

            fn low(self) -> u64 {
                self.to_bits().into()
            }

            fn round_from<F: Float>(value: F, rounding: Rounding) -> $type {
                value.$to(rounding)
            }
        }
    };
}

format!(F16, u16, 0xffff_ffff_ffff_0000, to_f16);
format!(F32, u32, 0xffff_ffff_0000_0000, to_f32);
format!(F64, u64, 0, to_f64);

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

/// As [`min`], but a NaN is the least of all.
pub(crate) fn minimum<F: Format>(a: F, b: F) -> Flagged<F> {
    nan_or(min(a, b), a, b)
}

/// As [`max`], but a NaN is the greatest of all.
pub(crate) fn maximum<F: Format>(a: F, b: F) -> Flagged<F> {
    nan_or(max(a, b), a, b)
}

/// `chosen` when both operands are numbers, else the canonical NaN.
fn nan_or<F: Format>((chosen, flags): Flagged<F>, a: F, b: F) -> Flagged<F> {
    (if a.is_nan() || b.is_nan() { F::quiet_nan() } else { chosen }, flags)
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

/// `a < b`; only signaling NaNs are invalid.
pub(crate) fn lt_quiet<F: Format>(a: F, b: F) -> Flagged<bool> {
    flagged(|| a.lt_quiet(b))
}

/// `a <= b`; only signaling NaNs are invalid.
pub(crate) fn le_quiet<F: Format>(a: F, b: F) -> Flagged<bool> {
    flagged(|| a.le_quiet(b))
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

/// `a` in another format; exact where that one is wider.
pub(crate) fn convert<F: Format, G: Format>(a: F, rounding: Rounding) -> Flagged<G> {
    flagged(|| G::round_from(a, rounding))
}

/// `a` rounded to an integer, without saying whether that changed it.
pub(crate) fn round<F: Format>(a: F, rounding: Rounding) -> Flagged<F> {
    flagged(|| a.round_to_integral(rounding))
}

/// `a` rounded to an integer; inexact where that changed it.
pub(crate) fn round_exact<F: Format>(a: F, rounding: Rounding) -> Flagged<F> {
    let (integer, flags) = round(a, rounding);
    let changed = !a.is_nan() && integer.low() != a.low();
    (integer, if changed { flags | INEXACT } else { flags })
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

/// The low word of `a`, rounded towards zero and in two's complement without bounds, sign-extended; zero for
/// infinities and NaNs. The flags are those of [`to_w`].
pub(crate) fn to_w_modular(a: F64) -> Flagged<u64> {
    let (_, flags) = to_w(a, Rounding::TowardZero);
    // The significand is an integer of 53 bits, times a power of two. The exponents of zeros and subnormal
    // numbers move it out to the right, those of infinities and NaNs to the left.
    let (significand, exponent) = (1 << 52 | a.fraction(), a.exponent() as u32);
    let (left, right) = (exponent.saturating_sub(1075), 1075u32.saturating_sub(exponent));
    let word = significand.checked_shl(left).and_then(|moved| moved.checked_shr(right)).unwrap_or(0) as i32;
    (if a.is_negative() { word.wrapping_neg() } else { word } as u64, flags)
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
