//! Known results from the manual and IEEE 754, and properties checked against the host's arithmetic.

use proptest::prelude::*;

use super::*;

const RNE: Rounding = Rounding::TiesToEven;
const RTZ: Rounding = Rounding::TowardZero;
const RDN: Rounding = Rounding::TowardNegative;
const RUP: Rounding = Rounding::TowardPositive;
const RMM: Rounding = Rounding::TiesToAway;

const NX: Flags = 1;
const UF: Flags = 2;
const OF: Flags = 4;
const DZ: Flags = 8;
const NV: Flags = 16;

const NAN: u32 = 0x7fc0_0000;
const SIGNALING: u32 = 0x7f80_0001;
const QUIET: u32 = 0xffc1_2345;

fn s(bits: u32) -> F32 {
    F32::from_bits(bits)
}

fn f(value: f32) -> F32 {
    s(value.to_bits())
}

fn d(value: f64) -> F64 {
    F64::from_bits(value.to_bits())
}

/// The bits and flags of a result, for comparing.
fn bits<F: Format>((value, flags): Flagged<F>) -> (F::Payload, Flags) {
    (value.to_bits(), flags)
}

fn value(number: f32, flags: Flags) -> (u32, Flags) {
    (number.to_bits(), flags)
}

#[test]
fn ties_round_as_the_mode_says() {
    // One and a half units in the last place above 1, and its negative.
    let (one, tie) = (f(1.0), f(1.5 * f32::EPSILON));
    let up = value(1.0 + 2.0 * f32::EPSILON, NX);
    let down = value(1.0 + f32::EPSILON, NX);
    for (mode, expected) in [(RNE, up), (RTZ, down), (RDN, down), (RUP, up), (RMM, up)] {
        assert_eq!(bits(add(one, tie, mode)), expected, "{mode:?}");
    }
    // Half a unit: to even stays, to the larger magnitude goes away from zero on both sides.
    let half = f(0.5 * f32::EPSILON);
    assert_eq!(bits(add(one, half, RNE)), value(1.0, NX));
    assert_eq!(bits(add(one, half, RMM)), down);
    assert_eq!(bits(add(one.neg(), half.neg(), RMM)), value(-1.0 - f32::EPSILON, NX));
}

#[test]
fn integers_round_as_the_mode_says() {
    let rounded = |a: f32| [RNE, RTZ, RDN, RUP, RMM].map(|mode| to_l(f(a), mode).0 as i64);
    assert_eq!(rounded(2.5), [2, 2, 2, 3, 3]);
    assert_eq!(rounded(-2.5), [-2, -2, -3, -2, -3]);
    assert_eq!(rounded(3.5), [4, 3, 3, 4, 4]);
    assert_eq!(to_l(f(2.5), RMM).1, NX);
    assert_eq!(to_l(f(2.0), RMM).1, 0);
}

#[test]
fn every_nan_result_is_canonical() {
    let inf = f(f32::INFINITY);
    assert_eq!(bits(add(s(QUIET), f(1.0), RNE)), (NAN, 0));
    assert_eq!(bits(add(s(SIGNALING), f(1.0), RNE)), (NAN, NV));
    assert_eq!(bits(sub(inf, inf, RNE)), (NAN, NV));
    assert_eq!(bits(mul(inf, f(0.0), RNE)), (NAN, NV));
    assert_eq!(bits(div(f(0.0), f(-0.0), RNE)), (NAN, NV));
    assert_eq!(bits(sqrt(f(-1.0), RNE)), (NAN, NV));
    assert_eq!(bits(sqrt(f(-0.0), RNE)), value(-0.0, 0));
    assert_eq!(bits(convert::<F64, F32>(F64::from_bits(0xfff0_0000_0000_0001), RNE)), (NAN, NV));
    assert_eq!(bits(convert::<F32, F64>(s(QUIET), RNE)), (0x7ff8_0000_0000_0000, 0));
}

#[test]
fn division_by_zero_overflow_and_underflow_raise_their_flags() {
    assert_eq!(bits(div(f(1.0), f(-0.0), RNE)), value(f32::NEG_INFINITY, DZ));
    assert_eq!(bits(div(f(1.0), f(3.0), RNE)), value(1.0 / 3.0, NX));
    assert_eq!(bits(mul(f(f32::MAX), f(2.0), RNE)), value(f32::INFINITY, OF | NX));
    assert_eq!(bits(mul(f(f32::MAX), f(2.0), RTZ)), value(f32::MAX, OF | NX));
    assert_eq!(bits(mul(s(1), f(0.5), RNE)), value(0.0, UF | NX));
    assert_eq!(bits(mul(s(1), f(0.5), RUP)), (1, UF | NX));
}

#[test]
fn tininess_is_detected_after_rounding() {
    let least = f32::MIN_POSITIVE;
    // With an unbounded exponent this product would be exact and below the least normal number: tiny.
    let product = mul(f(least), f(1.0 - f32::EPSILON / 2.0), RUP);
    assert_eq!(bits(product), value(least, UF | NX));
    // This sum is below it too, but would round up to it: not tiny.
    let sum = mul_add(f(least), f(-f32::EPSILON / 8.0), f(least), RNE);
    assert_eq!(bits(sum), value(least, NX));
}

#[test]
fn fused_multiply_add_rounds_once_and_negates_the_product() {
    let (a, b, c) = (f(2.0), f(3.0), f(1.0));
    assert_eq!(bits(mul_add(a, b, c, RNE)), value(7.0, 0));
    assert_eq!(bits(mul_sub(a, b, c, RNE)), value(5.0, 0));
    assert_eq!(bits(neg_mul_add(a, b, c, RNE)), value(-5.0, 0));
    assert_eq!(bits(neg_mul_sub(a, b, c, RNE)), value(-7.0, 0));
    // -(a * b) - c is +0 here; the negated sum would be -0.
    assert_eq!(bits(neg_mul_sub(f(1.0), f(1.0), f(-1.0), RNE)), value(0.0, 0));
    assert_eq!(bits(neg_mul_sub(a, b, s(QUIET), RNE)), (NAN, 0));
    let (inf, zero) = (f(f32::INFINITY), f(0.0));
    assert_eq!(bits(mul_add(inf, zero, s(QUIET), RNE)), (NAN, NV), "invalid even with a quiet NaN");
}

#[test]
fn minimum_and_maximum_prefer_numbers() {
    let (plus, minus) = (f(0.0), f(-0.0));
    for (a, b) in [(plus, minus), (minus, plus)] {
        assert_eq!(bits(min(a, b)), value(-0.0, 0));
        assert_eq!(bits(max(a, b)), value(0.0, 0));
    }
    for (a, b) in [(f(1.0), f(-2.0)), (f(-2.0), f(1.0))] {
        assert_eq!(bits(min(a, b)), value(-2.0, 0));
        assert_eq!(bits(max(a, b)), value(1.0, 0));
    }
    for pick in [min, max] {
        assert_eq!(bits(pick(s(QUIET), f(1.0))), value(1.0, 0));
        assert_eq!(bits(pick(f(1.0), s(QUIET))), value(1.0, 0));
        assert_eq!(bits(pick(s(SIGNALING), f(1.0))), value(1.0, NV));
        assert_eq!(bits(pick(f(1.0), s(SIGNALING))), value(1.0, NV));
        assert_eq!(bits(pick(s(QUIET), s(QUIET))), (NAN, 0));
        assert_eq!(bits(pick(s(QUIET), s(SIGNALING))), (NAN, NV));
    }
}

#[test]
fn equality_is_quiet_and_order_is_signaling() {
    let one = f(1.0);
    assert_eq!(eq(one, one), (true, 0));
    assert_eq!(eq(f(0.0), f(-0.0)), (true, 0));
    assert_eq!(eq(one, s(QUIET)), (false, 0));
    assert_eq!(eq(one, s(SIGNALING)), (false, NV));
    assert_eq!(lt(f(-1.0), one), (true, 0));
    assert_eq!(lt(one, one), (false, 0));
    assert_eq!(le(one, one), (true, 0));
    for nan in [s(QUIET), s(SIGNALING)] {
        assert_eq!(lt(one, nan), (false, NV));
        assert_eq!(le(nan, one), (false, NV));
    }
}

#[test]
fn each_class_has_its_bit() {
    let singles = [
        0xff80_0000,
        0xbf80_0000,
        0x8000_0001,
        0x8000_0000,
        0,
        1,
        0x3f80_0000,
        0x7f80_0000,
        SIGNALING,
        QUIET,
    ];
    for (bit, single) in singles.into_iter().enumerate() {
        assert_eq!(classify(s(single)), 1 << bit, "{single:#x}");
    }
    let doubles = [
        0xfff0_0000_0000_0000,
        0xbff0_0000_0000_0000,
        0x8000_0000_0000_0001,
        0x8000_0000_0000_0000,
        0,
        1,
        0x3ff0_0000_0000_0000,
        0x7ff0_0000_0000_0000,
        0x7ff0_0000_0000_0001,
        0xfff8_0000_0000_0000,
    ];
    for (bit, double) in doubles.into_iter().enumerate() {
        assert_eq!(classify(F64::from_bits(double)), 1 << bit, "{double:#x}");
    }
}

/// Unprivileged ISA, "Domains of float-to-integer conversions and behavior for invalid inputs".
#[test]
fn conversions_to_integers_saturate() {
    let word = |value: u32| value as i32 as u64;
    for invalid in [f(f32::INFINITY), s(NAN), s(QUIET), f(1e30)] {
        assert_eq!(to_w(invalid, RTZ), (word(i32::MAX as u32), NV));
        assert_eq!(to_wu(invalid, RTZ), (word(u32::MAX), NV), "sign-extended");
        assert_eq!(to_l(invalid, RTZ), (i64::MAX as u64, NV));
        assert_eq!(to_lu(invalid, RTZ), (u64::MAX, NV));
    }
    for invalid in [f(f32::NEG_INFINITY), f(-1e30)] {
        assert_eq!(to_w(invalid, RTZ), (i32::MIN as u64, NV));
        assert_eq!(to_wu(invalid, RTZ), (0, NV));
        assert_eq!(to_l(invalid, RTZ), (i64::MIN as u64, NV));
        assert_eq!(to_lu(invalid, RTZ), (0, NV));
    }
    // What rounds into range is only inexact; what rounds out of it is only invalid.
    assert_eq!(to_wu(f(-0.9), RTZ), (0, NX));
    assert_eq!(to_wu(f(-0.9), RDN), (0, NV));
    assert_eq!(to_w(d(2_147_483_647.5), RTZ), (i32::MAX as u64, NX));
    assert_eq!(to_w(d(2_147_483_647.5), RUP), (i32::MAX as u64, NV));
    assert_eq!(to_wu(d(3e9), RTZ), (word(3_000_000_000), 0));
}

#[test]
fn conversions_from_integers_take_the_low_word() {
    assert_eq!(bits(from_w::<F32>(0xdead_beef_ffff_ffff, RNE)), value(-1.0, 0));
    assert_eq!(bits(from_wu::<F32>(0xdead_beef_ffff_ffff, RNE)), value(4_294_967_296.0, NX));
    assert_eq!(bits(from_wu::<F64>(0xdead_beef_ffff_ffff, RNE)), (4_294_967_295f64.to_bits(), 0));
    assert_eq!(bits(from_l::<F64>(u64::MAX, RNE)), ((-1f64).to_bits(), 0));
    assert_eq!(bits(from_lu::<F64>(u64::MAX, RNE)), ((u64::MAX as f64).to_bits(), NX));
}

#[test]
fn singles_are_boxed_in_ones() {
    assert_eq!(f(1.0).boxed(), 0xffff_ffff_3f80_0000);
    assert_eq!(F32::unbox(0xffff_ffff_3f80_0000).to_bits(), 0x3f80_0000);
    assert_eq!(F32::unbox(0xffff_ffff_7f80_0001).to_bits(), SIGNALING, "bits in the box stay as they are");
    for unboxed in [0x3f80_0000, 0xffff_fffe_3f80_0000, 0x7fff_ffff_3f80_0000] {
        assert_eq!(F32::unbox(unboxed).to_bits(), NAN);
    }
}

/// Bit patterns of singles: any, or with exponents near those of 1 so that operands meet, or special.
fn single() -> impl Strategy<Value = u32> {
    let special = [0, 1, 0x7f_ffff, 0x80_0000, 0x3f80_0000, 0x7f7f_ffff, 0x7f80_0000, SIGNALING, NAN];
    prop_oneof![
        any::<u32>(),
        (any::<u32>(), 110u32..145).prop_map(|(bits, exponent)| bits & 0x807f_ffff | exponent << 23),
        (proptest::sample::select(special.to_vec()), any::<bool>())
            .prop_map(|(bits, minus)| bits | u32::from(minus) << 31),
    ]
}

/// Bit patterns of doubles, chosen likewise.
fn double() -> impl Strategy<Value = u64> {
    let special =
        [0, 1, 0x3ff0_0000_0000_0000, 0x7fef_ffff_ffff_ffff, 0x7ff0_0000_0000_0000, 0x7ff8_0000_0000_0001];
    prop_oneof![
        any::<u64>(),
        (any::<u64>(), 960u64..1080)
            .prop_map(|(bits, exponent)| bits & 0x800f_ffff_ffff_ffff | exponent << 52),
        (proptest::sample::select(special.to_vec()), any::<bool>())
            .prop_map(|(bits, minus)| bits | u64::from(minus) << 63),
    ]
}

/// The bits of a result of the host, which may make any NaN; looked at as bits, because a compiler may make any NaN of
/// another one as well.
fn canonical32(host: f32) -> u32 {
    let bits = host.to_bits();
    if bits & 0x7fff_ffff > 0x7f80_0000 { NAN } else { bits }
}

/// As [`canonical32`].
fn canonical64(host: f64) -> u64 {
    let bits = host.to_bits();
    if bits & (u64::MAX >> 1) > 0x7ff0_0000_0000_0000 { 0x7ff8_0000_0000_0000 } else { bits }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(20_000))]

    #[test]
    fn singles_agree_with_the_host(a in single(), b in single(), c in single()) {
        let (x, y, z) = (f32::from_bits(a), f32::from_bits(b), f32::from_bits(c));
        let (a, b, c) = (s(a), s(b), s(c));
        prop_assert_eq!(add(a, b, RNE).0.to_bits(), canonical32(x + y));
        prop_assert_eq!(sub(a, b, RNE).0.to_bits(), canonical32(x - y));
        prop_assert_eq!(mul(a, b, RNE).0.to_bits(), canonical32(x * y));
        prop_assert_eq!(div(a, b, RNE).0.to_bits(), canonical32(x / y));
        prop_assert_eq!(sqrt(a, RNE).0.to_bits(), canonical32(x.sqrt()));
        prop_assert_eq!(mul_add(a, b, c, RNE).0.to_bits(), canonical32(x.mul_add(y, z)));
        prop_assert_eq!(convert::<F32, F64>(a, RNE).0.to_bits(), canonical64(x.into()));
        prop_assert_eq!((eq(a, b).0, lt(a, b).0, le(a, b).0), (x == y, x < y, x <= y));
    }

    #[test]
    fn doubles_agree_with_the_host(a in double(), b in double(), c in double()) {
        let (x, y, z) = (f64::from_bits(a), f64::from_bits(b), f64::from_bits(c));
        let (a, b, c) = (F64::from_bits(a), F64::from_bits(b), F64::from_bits(c));
        prop_assert_eq!(add(a, b, RNE).0.to_bits(), canonical64(x + y));
        prop_assert_eq!(sub(a, b, RNE).0.to_bits(), canonical64(x - y));
        prop_assert_eq!(mul(a, b, RNE).0.to_bits(), canonical64(x * y));
        prop_assert_eq!(div(a, b, RNE).0.to_bits(), canonical64(x / y));
        prop_assert_eq!(sqrt(a, RNE).0.to_bits(), canonical64(x.sqrt()));
        prop_assert_eq!(mul_add(a, b, c, RNE).0.to_bits(), canonical64(x.mul_add(y, z)));
        prop_assert_eq!(convert::<F64, F32>(a, RNE).0.to_bits(), canonical32(x as f32));
        prop_assert_eq!((eq(a, b).0, lt(a, b).0, le(a, b).0), (x == y, x < y, x <= y));
    }

    /// The product of two singles is exact in double precision, so every rounding of it can be checked.
    #[test]
    fn roundings_of_a_product_enclose_it(a in single(), b in single()) {
        let exact = f64::from(f32::from_bits(a)) * f64::from(f32::from_bits(b));
        let product = |mode| {
            let (value, flags) = mul(s(a), s(b), mode);
            (f64::from(f32::from_bits(value.to_bits())), flags)
        };
        if exact.is_nan() {
            return Ok(());
        }
        let (down, down_flags) = product(RDN);
        let (up, up_flags) = product(RUP);
        prop_assert!(down <= exact && exact <= up);
        prop_assert_eq!((down_flags & NX, up_flags & NX), if down < up { (NX, NX) } else { (0, 0) });
        prop_assert_eq!(product(RTZ).0, if exact < 0.0 { up } else { down });
        let nearest = product(RMM).0;
        prop_assert!(nearest == down || nearest == up);
        if down.is_finite() && up.is_finite() {
            prop_assert!((nearest - exact).abs() <= (down - exact).abs().min((up - exact).abs()));
        }
    }

    #[test]
    fn integers_in_range_convert_as_the_host_does(x in any::<u64>(), a in double()) {
            prop_assert_eq!(from_w::<F32>(x, RNE).0.to_bits(), (x as i32 as f32).to_bits());
        prop_assert_eq!(from_wu::<F32>(x, RNE).0.to_bits(), (x as u32 as f32).to_bits());
        prop_assert_eq!(from_l::<F64>(x, RNE).0.to_bits(), (x as i64 as f64).to_bits());
        prop_assert_eq!(from_lu::<F64>(x, RNE).0.to_bits(), (x as f64).to_bits());
        // The host's casts truncate and saturate too, but make zero of a NaN.
        let host = f64::from_bits(a);
        if host.is_nan() {
            return Ok(());
        }
        let a = F64::from_bits(a);
        prop_assert_eq!(to_w(a, RTZ).0, host as i32 as u64);
        prop_assert_eq!(to_wu(a, RTZ).0, host as u32 as i32 as u64);
        prop_assert_eq!(to_l(a, RTZ).0, host as i64 as u64);
        prop_assert_eq!(to_lu(a, RTZ).0, host as u64);
    }
}
