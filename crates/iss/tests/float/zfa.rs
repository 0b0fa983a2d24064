//! The additional floating-point instructions. Unprivileged ISA, "Zfa Extension for Additional Floating-Point
//! Instructions".

use isa::{Inst, Op};

use crate::bench::{Bench, double, half, single};
use crate::{FCSR, FFLAGS, NV, NX};

const QUIET: [u64; 3] = [0xffff_ffff_ffff_fe01, 0xffff_ffff_ffc0_0001, 0xfff8_0000_0000_0001];
const SIGNALING: [u64; 3] = [0xffff_ffff_ffff_7c01, 0xffff_ffff_7f80_0001, 0x7ff0_0000_0000_0001];
const CANONICAL: [u64; 3] = [0xffff_ffff_ffff_7e00, 0xffff_ffff_7fc0_0000, 0x7ff8_0000_0000_0000];

/// A number in each of the three precisions.
fn all(value: f32) -> [u64; 3] {
    [half(value), single(value), double(value.into())]
}

/// Checks an instruction in each of the three precisions: its result and its flags.
fn check(ops: [Op; 3], operands: [[u64; 3]; 2], results: [u64; 3], flags: u64) {
    for (n, op) in ops.into_iter().enumerate() {
        let mut bench = Bench::with([operands[0][n], operands[1][n], 0]);
        bench.op(op);
        let is_x = op.row().format.operands().starts_with("rd");
        let result = if is_x { bench.hart.x(10) } else { bench.hart.f(10) };
        assert_eq!(result, results[n], "{op:?} of {operands:x?}");
        assert_eq!(bench.csr(FFLAGS), flags, "{op:?} of {operands:x?}");
    }
}

/// The 32 constants as the manual's table has them; entry 1 is each precision's least normal number.
const CONSTANTS: [f32; 32] = [
    -1.0,
    0.0,
    1.525_878_9e-5,
    3.051_757_8e-5,
    0.003_906_25,
    0.007_812_5,
    0.0625,
    0.125,
    0.25,
    0.3125,
    0.375,
    0.4375,
    0.5,
    0.625,
    0.75,
    0.875,
    1.0,
    1.25,
    1.5,
    1.75,
    2.0,
    2.5,
    3.0,
    4.0,
    8.0,
    16.0,
    128.0,
    256.0,
    32768.0,
    65536.0,
    f32::INFINITY,
    f32::NAN,
];

#[test]
fn constants_are_the_manuals() {
    for (number, value) in (0..).zip(CONSTANTS) {
        let least = [0xffff_ffff_ffff_0400, 0xffff_ffff_0080_0000, 0x0010_0000_0000_0000];
        let expected = match number {
            1 => least,
            // These are subnormal halves.
            2 => [0xffff_ffff_ffff_0100, single(value), double(value.into())],
            3 => [0xffff_ffff_ffff_0200, single(value), double(value.into())],
            29 => [half(f32::INFINITY), single(value), double(value.into())],
            31 => CANONICAL,
            _ => all(value),
        };
        for (op, expected) in [Op::fli_h, Op::fli_s, Op::fli_d].into_iter().zip(expected) {
            let mut bench = Bench::new();
            assert!(bench.execute(Inst { rd: 10, rs1: number, ..Inst::new(op) }));
            assert_eq!(bench.hart.f(10), expected, "{op:?} {number}");
            assert_eq!(bench.csr(FFLAGS), 0, "{op:?} {number}");
            assert!(bench.dirty(), "{op:?} {number}");
        }
    }
}

#[test]
fn minimum_and_maximum_prefer_nans() {
    let least = [Op::fminm_h, Op::fminm_s, Op::fminm_d];
    let greatest = [Op::fmaxm_h, Op::fmaxm_s, Op::fmaxm_d];
    let (one, two) = (all(1.0), all(-2.0));
    for operands in [[one, two], [two, one]] {
        check(least, operands, two, 0);
        check(greatest, operands, one, 0);
    }
    for operands in [[all(0.0), all(-0.0)], [all(-0.0), all(0.0)]] {
        check(least, operands, all(-0.0), 0);
        check(greatest, operands, all(0.0), 0);
    }
    for ops in [least, greatest] {
        for (operands, flags) in [
            ([QUIET, one], 0),
            ([one, QUIET], 0),
            ([QUIET, QUIET], 0),
            ([SIGNALING, one], NV),
            ([one, SIGNALING], NV),
            ([QUIET, SIGNALING], NV),
        ] {
            check(ops, operands, CANONICAL, flags);
        }
    }
}

#[test]
fn rounding_to_an_integer_is_silent_or_says_so() {
    let silent = [Op::fround_h, Op::fround_s, Op::fround_d];
    let exact = [Op::froundnx_h, Op::froundnx_s, Op::froundnx_d];
    for (value, integer) in [(2.5, 2.0), (3.5, 4.0), (-0.25, -0.0), (0.75, 1.0)] {
        check(silent, [all(value), all(0.0)], all(integer), 0);
        check(exact, [all(value), all(0.0)], all(integer), NX);
    }
    for ops in [silent, exact] {
        for value in [0.0, -0.0, 7.0, -1024.0, f32::INFINITY, f32::NEG_INFINITY] {
            check(ops, [all(value), all(0.0)], all(value), 0);
        }
        check(ops, [QUIET, all(0.0)], CANONICAL, 0);
        check(ops, [SIGNALING, all(0.0)], CANONICAL, NV);
    }
}

#[test]
fn rounding_to_an_integer_obeys_every_mode() {
    let modes = [(0, 2.0, -2.0), (1, 2.0, -2.0), (2, 2.0, -3.0), (3, 3.0, -2.0), (4, 3.0, -3.0)];
    for (mode, plus, minus) in modes {
        for (value, expected) in [(2.5, plus), (-2.5, minus)] {
            for op in [Op::fround_s, Op::froundnx_s] {
                for (rm, frm) in [(mode, 0), (7, u64::from(mode))] {
                    let mut bench = Bench::with([single(value), 0, 0]);
                    bench.hart.set_csr(FCSR, frm << 5).unwrap();
                    assert!(bench.execute(Inst { rd: 10, rs1: 1, rm, ..Inst::new(op) }));
                    assert_eq!(bench.hart.f(10), single(expected), "{op:?} of {value} in mode {mode}");
                }
            }
        }
    }
}

#[test]
fn conversion_modulo_a_word_wraps_with_the_flags_of_saturation() {
    for (value, word, flags) in [
        (0.0, 0, 0),
        (-9.75, -9, NX),
        (0.5, 0, NX),
        (2_147_483_647.5, i32::MAX, NX),
        (-2_147_483_648.0, i32::MIN, 0),
        (2_147_483_648.0, i32::MIN, NV),
        (-2_147_483_649.5, i32::MAX, NV),
        (4_294_967_299.75, 3, NV),
        (-4_294_967_299.75, -3, NV),
        // The lowest bit of a significand is worth 2 to the 31st, and then too much.
        (((1u64 << 53) - 1) as f64 * 2_147_483_648.0, i32::MIN, NV),
        (((1u64 << 53) - 1) as f64 * 4_294_967_296.0, 0, NV),
        (f64::MAX, 0, NV),
        (f64::INFINITY, 0, NV),
        (f64::NEG_INFINITY, 0, NV),
        (f64::NAN, 0, NV),
        (f64::from_bits(1), 0, NX),
    ] {
        let mut bench = Bench::with([double(value), 0, 0]);
        bench.hart.set_csr(FCSR, 3 << 5).unwrap();
        bench.op(Op::fcvtmod_w_d);
        assert_eq!(bench.hart.x(10), word as u64, "{value}");
        assert_eq!(bench.csr(FFLAGS), flags, "{value}");
        assert_eq!(bench.dirty(), flags != 0, "{value}: no floating-point register is written");
    }
}

#[test]
fn quiet_comparisons_refuse_signaling_nans_alone() {
    let less_or_equal = [Op::fleq_h, Op::fleq_s, Op::fleq_d];
    let less = [Op::fltq_h, Op::fltq_s, Op::fltq_d];
    let one = all(1.0);
    for (operands, le, lt) in [
        ([all(-2.0), one], 1, 1),
        ([one, one], 1, 0),
        ([one, all(-2.0)], 0, 0),
        ([all(-0.0), all(0.0)], 1, 0),
    ] {
        check(less_or_equal, operands, [le; 3], 0);
        check(less, operands, [lt; 3], 0);
    }
    for ops in [less_or_equal, less] {
        for operands in [[QUIET, one], [one, QUIET]] {
            check(ops, operands, [0; 3], 0);
        }
        for operands in [[SIGNALING, one], [one, SIGNALING]] {
            check(ops, operands, [0; 3], NV);
        }
    }
}

#[test]
fn operands_that_are_not_boxed_are_nans() {
    let (unboxed, one) = (0x3f80_0000, single(1.0));
    for op in [Op::fminm_s, Op::fmaxm_s, Op::fround_s, Op::froundnx_s] {
        assert_eq!(Bench::with([unboxed, one, 0]).op(op).hart.f(10), CANONICAL[1], "{op:?}");
    }
    for op in [Op::fleq_s, Op::fltq_s] {
        assert_eq!(Bench::with([unboxed, one, 0]).op(op).hart.x(10), 0, "{op:?}");
    }
}
