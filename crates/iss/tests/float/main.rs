//! What the F and D instructions do to registers, `fcsr` and `mstatus.FS`; the arithmetic itself is tested
//! where it is wrapped.

mod bench;
#[path = "../ram_only/mod.rs"]
mod ram_only;
mod zfa;
mod zfh;

use bench::{Bench, CLEAN, double, half, single};
use isa::cause::Exception;
use isa::{Inst, Op, csr};
use iss::{Hart, Observer, Width};
use ram_only::BASE;

const FFLAGS: u16 = csr::fflags::NUMBER;
const FCSR: u16 = csr::fcsr::NUMBER;
const MSTATUS: u16 = csr::mstatus::NUMBER;
const MCAUSE: u16 = csr::mcause::NUMBER;

const NX: u64 = 1;
const NV: u64 = 16;

const ILLEGAL: u64 = Exception::IllegalInst as u64;
const BOX: u64 = 0xffff_ffff_0000_0000;
const ONE: u64 = BOX | 0x3f80_0000;
const NAN: u64 = BOX | 0x7fc0_0000;
const SIGNALING: u64 = BOX | 0x7f80_0001;
const DATA: u64 = BASE + 0x800;

#[test]
fn each_arithmetic_instruction_computes_its_function() {
    let halves = [half(9.0), half(2.0), half(1.0)];
    let singles = [single(9.0), single(2.0), single(1.0)];
    let doubles = [double(9.0), double(2.0), double(1.0)];
    let rows = [
        (Op::fmadd_h, Op::fmadd_s, Op::fmadd_d, 19.0),
        (Op::fmsub_h, Op::fmsub_s, Op::fmsub_d, 17.0),
        (Op::fnmsub_h, Op::fnmsub_s, Op::fnmsub_d, -17.0),
        (Op::fnmadd_h, Op::fnmadd_s, Op::fnmadd_d, -19.0),
        (Op::fadd_h, Op::fadd_s, Op::fadd_d, 11.0),
        (Op::fsub_h, Op::fsub_s, Op::fsub_d, 7.0),
        (Op::fmul_h, Op::fmul_s, Op::fmul_d, 18.0),
        (Op::fdiv_h, Op::fdiv_s, Op::fdiv_d, 4.5),
        (Op::fsqrt_h, Op::fsqrt_s, Op::fsqrt_d, 3.0),
        (Op::fsgnj_h, Op::fsgnj_s, Op::fsgnj_d, 9.0),
        (Op::fsgnjn_h, Op::fsgnjn_s, Op::fsgnjn_d, -9.0),
        (Op::fsgnjx_h, Op::fsgnjx_s, Op::fsgnjx_d, 9.0),
        (Op::fmin_h, Op::fmin_s, Op::fmin_d, 2.0),
        (Op::fmax_h, Op::fmax_s, Op::fmax_d, 9.0),
    ];
    for (h, s, d, expected) in rows {
        assert_eq!(Bench::with(halves).op(h).hart.f(10), half(expected), "{h:?}");
        assert_eq!(Bench::with(singles).op(s).hart.f(10), single(expected), "{s:?}");
        assert_eq!(Bench::with(doubles).op(d).hart.f(10), double(f64::from(expected)), "{d:?}");
    }
}

#[test]
fn each_sign_injection_makes_its_sign() {
    let rows = [
        (Op::fsgnj_h, Op::fsgnj_s, Op::fsgnj_d, [1.0, -1.0, -1.0]),
        (Op::fsgnjn_h, Op::fsgnjn_s, Op::fsgnjn_d, [-1.0, 1.0, 1.0]),
        (Op::fsgnjx_h, Op::fsgnjx_s, Op::fsgnjx_d, [1.0, -1.0, 1.0]),
    ];
    for (h, s, d, expected) in rows {
        for ((a, b), expected) in [(1.0, 2.0), (1.0, -2.0), (-1.0, -2.0)].into_iter().zip(expected) {
            assert_eq!(Bench::with([half(a), half(b), 0]).op(h).hart.f(10), half(expected), "{h:?}");
            assert_eq!(Bench::with([single(a), single(b), 0]).op(s).hart.f(10), single(expected), "{s:?}");
            let (a, b) = (double(a.into()), double(b.into()));
            assert_eq!(Bench::with([a, b, 0]).op(d).hart.f(10), double(f64::from(expected)), "{d:?}");
        }
    }
}

#[test]
fn each_comparison_tells_less_equal_and_greater_apart() {
    let rows = [
        (Op::feq_h, Op::feq_s, Op::feq_d, [0, 1, 0]),
        (Op::flt_h, Op::flt_s, Op::flt_d, [1, 0, 0]),
        (Op::fle_h, Op::fle_s, Op::fle_d, [1, 1, 0]),
        (Op::fclass_h, Op::fclass_s, Op::fclass_d, [1 << 1, 1 << 6, 1 << 6]),
    ];
    for (h, s, d, expected) in rows {
        for (a, expected) in [-9.0, 2.0, 3.0].into_iter().zip(expected) {
            let halves = [half(a), half(2.0), 0];
            let singles = [single(a), single(2.0), 0];
            let doubles = [double(a.into()), double(2.0), 0];
            for (op, operands) in [(h, halves), (s, singles), (d, doubles)] {
                let mut bench = Bench::with(operands);
                assert_eq!(bench.op(op).hart.x(10), expected, "{op:?}");
                assert!(!bench.dirty(), "{op:?} writes no floating-point state");
            }
        }
    }
}

#[test]
fn each_conversion_to_an_integer_has_its_range() {
    let large = (1u64 << 40) as f32;
    let minus_nine = -9i64 as u64;
    let rows = [
        (Op::fcvt_w_s, Op::fcvt_w_d, [(minus_nine, 0), (i32::MAX as u64, NV)]),
        (Op::fcvt_wu_s, Op::fcvt_wu_d, [(0, NV), (u64::MAX, NV)]),
        (Op::fcvt_l_s, Op::fcvt_l_d, [(minus_nine, 0), (1 << 40, 0)]),
        (Op::fcvt_lu_s, Op::fcvt_lu_d, [(0, NV), (1 << 40, 0)]),
    ];
    for (s, d, expected) in rows {
        for (a, (value, flags)) in [-9.0, large].into_iter().zip(expected) {
            for (op, operand) in [(s, single(a)), (d, double(a.into()))] {
                let mut bench = Bench::with([operand, 0, 0]);
                assert_eq!(bench.op(op).hart.x(10), value, "{op:?}");
                assert_eq!(bench.csr(FFLAGS), flags, "{op:?}");
                assert_eq!(bench.dirty(), flags != 0, "{op:?} writes no floating-point register");
            }
        }
    }
}

#[test]
fn each_conversion_from_an_integer_reads_its_part() {
    let x = 0xffff_ff00_ffff_fffe;
    let rows = [
        (Op::fcvt_s_w, single(-2.0)),
        (Op::fcvt_s_wu, single(4_294_967_294u32 as f32)),
        (Op::fcvt_s_l, single(x as i64 as f32)),
        (Op::fcvt_s_lu, single(x as f32)),
        (Op::fcvt_d_w, double(-2.0)),
        (Op::fcvt_d_wu, double(4_294_967_294.0)),
        (Op::fcvt_d_l, double(x as i64 as f64)),
        (Op::fcvt_d_lu, double(x as f64)),
        (Op::fmv_w_x, BOX | 0xffff_fffe),
        (Op::fmv_d_x, x),
    ];
    for (op, expected) in rows {
        let mut bench = Bench::new();
        bench.hart.set_x(1, x);
        assert_eq!(bench.op(op).hart.f(10), expected, "{op:?}");
        assert!(bench.dirty());
    }
}

#[test]
fn loads_box_and_stores_do_not_look() {
    let mut bench = Bench::with([0, 0x0123_4567_89ab_cdef, 0]);
    bench.hart.set_x(1, DATA + 8);
    bench.ram().store(DATA, Width::D, 0xdead_beef_7f80_0001).unwrap();
    let at = |op| Inst { rd: 10, rs1: 1, imm: -8, ..Inst::new(op) };
    assert!(bench.execute(at(Op::flw)));
    assert_eq!(bench.hart.f(10), SIGNALING, "the payload stays");
    assert!(bench.dirty());
    assert!(bench.execute(at(Op::fld)));
    assert_eq!(bench.hart.f(10), 0xdead_beef_7f80_0001);

    let to = |op| Inst { rs1: 1, rs2: 2, imm: 8, ..Inst::new(op) };
    bench.hart.set_csr(MSTATUS, CLEAN).unwrap();
    assert!(bench.execute(to(Op::fsw)));
    assert_eq!(bench.ram().load(DATA + 16, Width::D), Some(0x89ab_cdef));
    assert!(bench.execute(to(Op::fsd)));
    assert_eq!(bench.ram().load(DATA + 16, Width::D), Some(0x0123_4567_89ab_cdef));
    assert!(!bench.dirty());
}

#[test]
fn a_single_that_is_not_boxed_is_the_canonical_nan() {
    let unboxed = 0x3f80_0000;
    assert_eq!(Bench::with([unboxed, ONE, 0]).op(Op::fadd_s).hart.f(10), NAN);
    assert_eq!(Bench::with([unboxed, ONE, 0]).op(Op::fsgnj_s).hart.f(10), NAN);
    assert_eq!(Bench::with([unboxed, ONE, 0]).op(Op::fmin_s).hart.f(10), ONE);
    assert_eq!(Bench::with([unboxed, 0, 0]).op(Op::fclass_s).hart.x(10), 1 << 9);
    assert_eq!(Bench::with([unboxed, 0, 0]).op(Op::fcvt_d_s).hart.f(10), 0x7ff8_0000_0000_0000);
    // Moves take the bits as they are.
    assert_eq!(Bench::with([0x1234_5678_bf80_0000, 0, 0]).op(Op::fmv_x_w).hart.x(10), BOX | 0xbf80_0000);
    assert_eq!(Bench::with([0x1234_5678_bf80_0000, 0, 0]).op(Op::fmv_x_d).hart.x(10), 0x1234_5678_bf80_0000);
}

#[test]
fn precisions_convert_into_each_other() {
    let mut bench = Bench::with([double(0.1), 0, 0]);
    assert_eq!(bench.op(Op::fcvt_s_d).hart.f(10), single(0.1));
    assert_eq!(bench.csr(FFLAGS), NX);
    assert_eq!(Bench::with([single(0.1), 0, 0]).op(Op::fcvt_d_s).hart.f(10), double(f64::from(0.1f32)));
}

#[test]
fn sign_injection_keeps_signaling_nans_quiet() {
    let mut bench = Bench::with([SIGNALING, single(-1.0), 0]);
    assert_eq!(bench.op(Op::fsgnj_s).hart.f(10), BOX | 0xff80_0001);
    assert_eq!(bench.op(Op::fsgnjx_s).hart.f(10), BOX | 0xff80_0001);
    assert_eq!(bench.op(Op::fsgnjn_s).hart.f(10), SIGNALING);
    assert_eq!(bench.csr(FFLAGS), 0);
}

#[test]
fn flags_accrue() {
    let mut bench = Bench::with([SIGNALING, ONE, 0]);
    bench.op(Op::feq_s);
    assert_eq!(bench.csr(FFLAGS), NV);
    bench.hart.set_f(1, single(1e-20));
    bench.op(Op::fadd_s);
    assert_eq!(bench.csr(FFLAGS), NV | NX);
    bench.hart.set_f(1, ONE);
    bench.op(Op::fadd_s);
    assert_eq!(bench.csr(FFLAGS), NV | NX, "an exact sum clears nothing");
}

/// Collects the numbers of the CSRs that are written.
struct Written(Vec<u16>);

impl Observer for Written {
    fn csr_write(&mut self, _hart: &Hart, number: u16, _value: u64) {
        self.0.push(number);
    }
}

#[test]
fn observers_hear_of_what_changes() {
    let mut bench = Bench::with([ONE, single(0.1), 0]);
    let mut written = Written(Vec::new());
    let mut observe = |inst: Inst| {
        bench.ram().store(BASE, Width::W, inst.encode().into()).unwrap();
        bench.hart.set_pc(BASE);
        bench.hart.run(&mut bench.bus, 1, Some(&mut written));
        std::mem::take(&mut written.0)
    };
    let add = Inst { rd: 10, rs1: 1, rs2: 2, ..Inst::new(Op::fadd_s) };
    assert_eq!(observe(add), [FFLAGS, MSTATUS]);
    assert_eq!(observe(add), [FFLAGS], "already dirty");
    let exact = Inst { rs2: 1, ..add };
    assert_eq!(observe(exact), []);
    let clear = Inst { imm: FCSR.into(), ..Inst::new(Op::csrrw) };
    assert_eq!(observe(clear), [FFLAGS, csr::frm::NUMBER], "the two registers that fcsr shows");
}

/// An addition of one and `small` whose rounding mode is `rm`, with `frm` as given; `None` if illegal.
fn add_rounding(small: f32, rm: u8, frm: u64) -> Option<u64> {
    let mut bench = Bench::with([ONE, single(small), 0]);
    bench.hart.set_csr(FCSR, frm << 5).unwrap();
    let retired = bench.execute(Inst { rd: 10, rs1: 1, rs2: 2, rm, ..Inst::new(Op::fadd_s) });
    if !retired {
        assert_eq!(bench.csr(MCAUSE), ILLEGAL);
        assert_eq!(bench.hart.f(10), 0, "nothing is written");
    }
    retired.then(|| bench.hart.f(10))
}

#[test]
fn the_rounding_mode_is_static_or_from_frm() {
    let half = f32::EPSILON / 2.0;
    let up = Some(single(1.0 + f32::EPSILON));
    let down = Some(ONE);
    for (mode, expected) in [(0, down), (1, down), (2, down), (3, up), (4, up), (5, None), (6, None)] {
        assert_eq!(add_rounding(half, mode, 0), expected, "static {mode}");
        assert_eq!(add_rounding(half, 7, mode.into()), expected, "dynamic {mode}");
    }
    assert_eq!(add_rounding(half, 7, 7), None);
    assert_eq!(add_rounding(half, 3, 7), up, "a static mode does not look at frm");
}

#[test]
fn instructions_without_rounding_do_not_look_at_frm() {
    for op in [Op::fmin_s, Op::fsgnj_d, Op::feq_d, Op::fclass_s, Op::fmv_x_w] {
        let mut bench = Bench::with([ONE, ONE, 0]);
        bench.hart.set_csr(FCSR, 7 << 5).unwrap();
        bench.op(op);
    }
}

#[test]
fn every_instruction_is_illegal_while_fs_is_off() {
    use isa::ext::Ext;
    use isa::inst::ROWS;
    let rows =
        ROWS.iter().filter(|row| row.len == 4 && row.needs.iter().any(|all| all.closure().has(Ext::F)));
    let mut count = 0;
    for row in rows {
        let mut bench = Bench::new();
        bench.hart.set_x(1, DATA);
        bench.hart.set_csr(MSTATUS, 0).unwrap();
        let rm = (row.pattern >> 12 & 7) as u8;
        assert!(!bench.execute(Inst { rd: 10, rs1: 1, rs2: 2, rm, ..Inst::new(row.op) }), "{}", row.name);
        assert_eq!(bench.csr(MCAUSE), ILLEGAL, "{}", row.name);
        count += 1;
    }
    assert_eq!(count, 62 + 56, "F and D, then Zfh and Zfa");
}
