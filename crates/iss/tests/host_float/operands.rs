//! Operands: special values, and random ones for which results are close to a limit.

use isa::Op;

use crate::rng::Rng;

/// What operands are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Kind {
    /// A single, boxed or not.
    Single,
    /// A double.
    Double,
    /// An integer.
    Integer,
}

/// What a register has above a single.
const BOX: u64 = 0xffff_ffff_0000_0000;

/// The values of both signs with which something begins or ends: as bits of a format with this many bits of
/// exponent and of fraction.
fn limits(exponent_bits: u32, fraction_bits: u32) -> Vec<u64> {
    let sign = 1 << (exponent_bits + fraction_bits);
    let bias = (1u64 << (exponent_bits - 1)) - 1;
    let power = |n: i64| ((bias as i64 + n) as u64) << fraction_bits;
    let infinity = ((1u64 << exponent_bits) - 1) << fraction_bits;
    let least_normal = 1 << fraction_bits;
    let mut values = vec![0, 1, least_normal - 1, least_normal, least_normal + 1, 2 * least_normal - 1];
    values.extend([2 * least_normal, infinity - 1, infinity, infinity + 1, infinity | least_normal >> 1]);
    values.extend([power(0) - 1, power(0), power(0) + 1, power(1), power(-1), power(0) | least_normal >> 1]);
    values.extend([31, 32, 63, 64].into_iter().flat_map(|n| [power(n) - 1, power(n), power(n) + 1]));
    // Where a product of two is about the least normal number, or the greatest.
    let half = bias as i64 / 2;
    values.extend([power(-half), power(-half - 1) | 1, power(half), power(half) | (least_normal - 1)]);
    values.iter().flat_map(|value| [*value, *value | sign]).collect()
}

/// Doubles, among them those that are truncated to the first and last words.
pub(crate) fn doubles() -> Vec<u64> {
    let around = [2147483647.0, 4294967295.0f64];
    let around = around.into_iter().flat_map(|limit| [0.5, 1.0, 1.5, 2.0].map(|more| limit + more));
    limits(11, 52).into_iter().chain(around.flat_map(|value| [value.to_bits(), (-value).to_bits()])).collect()
}

/// Singles in registers, and what is none.
pub(crate) fn singles() -> Vec<u64> {
    let boxed = limits(8, 23).into_iter().map(|bits| BOX | bits);
    boxed.chain([0x3f80_0000, 0xffff_fffe_3f80_0000, 1.5f64.to_bits(), 0x7fff_ffff_0000_0000]).collect()
}

/// Integers.
pub(crate) fn integers() -> Vec<u64> {
    let powers = [0, 1, 23, 24, 25, 31, 32, 33, 52, 53, 54, 62, 63].map(|n| 1u64 << n);
    let around = powers.iter().flat_map(|power| [power.wrapping_sub(1), *power, power.wrapping_add(1)]);
    around.flat_map(|value| [value, value.wrapping_neg()]).chain([0, 0xffff_ffff_8000_0000]).collect()
}

/// Random operands for `op`, in some of which the result is close to a limit.
pub(crate) fn random(op: Op, kind: Kind, rng: &mut Rng) -> [u64; 3] {
    match kind {
        Kind::Integer => [rng.next() >> rng.below(64), 0, 0],
        Kind::Double => double(op, rng).map(f64::to_bits),
        Kind::Single if rng.one_in(16) => [(); 3].map(|()| rng.next()),
        Kind::Single => single(op, rng).map(|value| BOX | u64::from(value.to_bits())),
    }
}

macro_rules! random {
    ($name:ident $type:ident $bits:ident $specials:ident $add:ident $sub:ident $mul:ident $div:ident $sqrt:ident
     $to_w:ident $to_l:ident $fused:pat) => {
        fn $name(op: Op, rng: &mut Rng) -> [$type; 3] {
            let any = |rng: &mut Rng| $type::from_bits(rng.next() as $bits);
            let plain = |rng: &mut Rng| {
                // Between 2^-16 and 2^16, so that sums lose only some of their bits.
                let size = (1.0 + (rng.next() >> 11) as $type / (1u64 << 53) as $type)
                    * (1 << rng.below(16)) as $type;
                if rng.one_in(2) { size } else { -size }
            };
            // A few units in the last place away.
            let near = |value: $type, rng: &mut Rng| {
                $type::from_bits(value.to_bits().wrapping_add(rng.below(7) as $bits).wrapping_sub(3))
            };
            match rng.below(4) {
                0 => return [(); 3].map(|()| any(rng)),
                1 => return [(); 3].map(|()| $type::from_bits(rng.pick(&$specials()) as $bits)),
                2 => return [(); 3].map(|()| plain(rng)),
                _ => {}
            }
            let limit = rng.pick(&[$type::MIN_POSITIVE, 2.0 * $type::MIN_POSITIVE, $type::MAX]);
            let a = plain(rng);
            let (b, c) = match op {
                Op::$add => (near(limit - a * limit / 2.0, rng), 0.0),
                Op::$sub => (near(a, rng), 0.0),
                Op::$mul => (near(limit / a, rng), 0.0),
                // The quotient is about the limit.
                Op::$div => {
                    return [near(limit, rng) / if limit > 1.0 { 1.0 } else { a }, near(1.0 / a, rng), 0.0]
                }
                Op::$sqrt => (0.0, 0.0),
                Op::$to_w => {
                    return [near(rng.pick(&[2147483647.0, 2147483648.0, -2147483648.0, 0.5]), rng); 3]
                }
                Op::$to_l => {
                    return [near(rng.pick(&[9223372036854775808.0, -9223372036854775808.0]), rng); 3]
                }
                // The sum cancels, or is about the limit.
                $fused => {
                    if rng.one_in(2) {
                        let b = plain(rng);
                        let c = a * b;
                        (b, near(if rng.one_in(2) { c } else { -c }, rng))
                    } else {
                        (near(limit / a, rng), plain(rng) * $type::MIN_POSITIVE)
                    }
                }
                _ => (near(limit, rng), near(a, rng)),
            };
            [a, b, c]
        }
    };
}

random! {
    double f64 u64 doubles fadd_d fsub_d fmul_d fdiv_d fsqrt_d fcvt_w_d fcvt_l_d
    Op::fmadd_d | Op::fmsub_d | Op::fnmsub_d | Op::fnmadd_d
}
random! {
    single f32 u32 singles fadd_s fsub_s fmul_s fdiv_s fsqrt_s fcvt_w_s fcvt_l_s
    Op::fmadd_s | Op::fmsub_s | Op::fnmsub_s | Op::fnmadd_s
}
