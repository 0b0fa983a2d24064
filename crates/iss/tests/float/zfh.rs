//! What half precision has of its own. Unprivileged ISA, "Zfh Extension for Half-Precision Floating-Point".

use isa::{Inst, Op, csr};
use iss::Width;

use crate::bench::{Bench, CLEAN, double, half, single};
use crate::{DATA, FFLAGS, MSTATUS, NV, NX};

const BOX: u64 = 0xffff_ffff_ffff_0000;
const ONE: u64 = BOX | 0x3c00;
const NAN: u64 = BOX | 0x7e00;
const SIGNALING: u64 = BOX | 0x7c01;

/// The result of `op` on one register and the flags that it raises.
fn unary(op: Op, operand: u64) -> (u64, u64) {
    let mut bench = Bench::with([operand, 0, 0]);
    bench.op(op);
    let is_x = op.row().format.operands().starts_with("rd");
    (if is_x { bench.hart.x(10) } else { bench.hart.f(10) }, bench.csr(FFLAGS))
}

#[test]
fn a_half_that_is_not_boxed_is_the_canonical_nan() {
    // Boxed in a single that is not boxed itself, and with one bit of the box missing at either end.
    for unboxed in [0x3c00, 0xffff_3c00, 0x7fff_ffff_ffff_3c00, 0xffff_ffff_fffe_3c00] {
        assert_eq!(Bench::with([unboxed, ONE, 0]).op(Op::fadd_h).hart.f(10), NAN, "{unboxed:#x}");
        assert_eq!(Bench::with([unboxed, ONE, 0]).op(Op::fsgnj_h).hart.f(10), NAN, "{unboxed:#x}");
        assert_eq!(Bench::with([ONE, unboxed, 0]).op(Op::fmin_h).hart.f(10), ONE, "{unboxed:#x}");
        assert_eq!(unary(Op::fclass_h, unboxed), (1 << 9, 0), "{unboxed:#x}");
        assert_eq!(unary(Op::fcvt_s_h, unboxed), (single(f32::NAN), 0), "{unboxed:#x}");
        // Moves take the bits as they are.
        assert_eq!(unary(Op::fmv_x_h, unboxed), (0x3c00, 0), "{unboxed:#x}");
    }
}

#[test]
fn the_canonical_nan_is_the_result_of_every_nan() {
    for (op, operands) in [
        (Op::fadd_h, [BOX | 0xfe01, ONE]),
        (Op::fsub_h, [BOX | 0x7c00, BOX | 0x7c00]),
        (Op::fmin_h, [BOX | 0xfe01, BOX | 0x7fff]),
        (Op::fsqrt_h, [half(-1.0), 0]),
        (Op::fcvt_h_s, [0xffff_ffff_ffff_ffff, 0]),
        (Op::fcvt_h_d, [0xfff8_0000_0000_0001, 0]),
    ] {
        assert_eq!(Bench::with([operands[0], operands[1], 0]).op(op).hart.f(10), NAN, "{op:?}");
    }
}

#[test]
fn moves_copy_the_sign_and_keep_the_bits() {
    assert_eq!(unary(Op::fmv_x_h, BOX | 0x7c01), (0x7c01, 0));
    assert_eq!(unary(Op::fmv_x_h, 0x1234_5678_9abc_fc01), (0xffff_ffff_ffff_fc01, 0));
    let mut bench = Bench::new();
    bench.hart.set_x(1, 0x1234_5678_9abc_7c01);
    assert_eq!(bench.op(Op::fmv_h_x).hart.f(10), SIGNALING);
    assert!(bench.dirty());
}

#[test]
fn loads_box_and_stores_take_the_low_half() {
    let mut bench = Bench::with([0, 0x0123_4567_89ab_cdef, 0]);
    bench.hart.set_x(1, DATA + 8);
    bench.ram().store(DATA, Width::D, 0xdead_beef_dead_7c01).unwrap();
    assert!(bench.execute(Inst { rd: 10, rs1: 1, imm: -8, ..Inst::new(Op::flh) }));
    assert_eq!(bench.hart.f(10), SIGNALING, "the payload stays");
    assert!(bench.dirty());

    bench.hart.set_csr(MSTATUS, CLEAN).unwrap();
    assert!(bench.execute(Inst { rs1: 1, rs2: 2, imm: 8, ..Inst::new(Op::fsh) }));
    assert_eq!(bench.ram().load(DATA + 16, Width::D), Some(0xcdef), "and nothing beside it");
    assert!(!bench.dirty());
}

#[test]
fn precisions_convert_into_each_other() {
    // 0.1 is rounded to the 11 bits of a half, which both others have.
    assert_eq!(unary(Op::fcvt_h_s, single(0.1)), (BOX | 0x2e66, NX));
    assert_eq!(unary(Op::fcvt_h_d, double(0.1)), (BOX | 0x2e66, NX));
    assert_eq!(unary(Op::fcvt_s_h, BOX | 0x2e66), (single(0.099_975_586), 0));
    assert_eq!(unary(Op::fcvt_d_h, BOX | 0x2e66), (double(0.0999755859375), 0));
    // A double halfway between two halves but for bits that a single has not: rounding is done once.
    assert_eq!(unary(Op::fcvt_h_d, double(1.0) | 1 << 41 | 1), (BOX | 0x3c01, NX));
    assert_eq!(unary(Op::fcvt_s_h, SIGNALING), (single(f32::NAN), NV));
}

#[test]
fn integers_and_halves_convert_into_each_other() {
    for (op, minus_nine, infinity) in [
        (Op::fcvt_w_h, (-9i64 as u64, 0), (i32::MAX as u64, NV)),
        (Op::fcvt_wu_h, (0, NV), (u64::MAX, NV)),
        (Op::fcvt_l_h, (-9i64 as u64, 0), (i64::MAX as u64, NV)),
        (Op::fcvt_lu_h, (0, NV), (u64::MAX, NV)),
    ] {
        assert_eq!(unary(op, half(-9.0)), minus_nine, "{op:?}");
        assert_eq!(unary(op, half(f32::INFINITY)), infinity, "{op:?}");
    }
    const OVERFLOW: u64 = 4 | NX;
    for (op, expected, flags) in [
        (Op::fcvt_h_w, half(-2.0), 0),
        (Op::fcvt_h_wu, half(f32::INFINITY), OVERFLOW),
        (Op::fcvt_h_l, half(f32::NEG_INFINITY), OVERFLOW),
        (Op::fcvt_h_lu, half(f32::INFINITY), OVERFLOW),
    ] {
        let mut bench = Bench::new();
        bench.hart.set_x(1, 0xffff_ff00_ffff_fffe);
        assert_eq!(bench.op(op).hart.f(10), expected, "{op:?}");
        assert_eq!(bench.csr(FFLAGS), flags, "{op:?}");
    }
}

#[test]
fn each_class_of_halves_has_its_bit() {
    let halves = [0xfc00, 0xbc00, 0x8001, 0x8000, 0, 1, 0x3c00, 0x7c00, 0x7c01, 0xfe00];
    for (bit, bits) in halves.into_iter().enumerate() {
        assert_eq!(unary(Op::fclass_h, BOX | bits), (1 << bit, 0), "{bits:#x}");
    }
}

#[test]
fn a_trapping_load_or_store_says_which_it_was() {
    const NOWHERE: u64 = 0x1000;
    let wide = |op| Inst { rd: 10, rs1: 1, rs2: 2, imm: 6, ..Inst::new(op) };
    for (inst, cause) in [(wide(Op::flh), 5), (wide(Op::fsh), 7)] {
        let mut bench = Bench::new();
        bench.hart.set_x(1, NOWHERE);
        assert!(!bench.execute(Inst { rd: if cause == 5 { 10 } else { 0 }, ..inst }));
        assert_eq!(bench.csr(csr::mcause::NUMBER), cause);
        assert_eq!(bench.csr(csr::mtval::NUMBER), NOWHERE + 6);
        assert_eq!(bench.hart.f(10), 0);
    }
}
