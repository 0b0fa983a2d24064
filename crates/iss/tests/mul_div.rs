//! The M extension against arithmetic on wider integers.

mod ram_only;

use isa::{Inst, Op};
use iss::{Hart, Variant, Width};
use ram_only::{BASE, RamOnly};

/// Values at which multiplication and division change their ways.
const CORNERS: [u64; 12] = [
    0,
    1,
    2,
    7,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    i64::MAX as u64,
    i64::MIN as u64,
    -7i64 as u64,
    u64::MAX,
];

/// Executes `op x3, x1, x2` and returns x3.
fn execute(op: Op, a: u64, b: u64) -> u64 {
    let mut bus = RamOnly::new(0x1000);
    let mut hart = Hart::new(0, Variant::default());
    let inst = Inst { rd: 3, rs1: 1, rs2: 2, ..Inst::new(op) };
    bus.ram.store(BASE, Width::W, inst.encode().into()).unwrap();
    hart.set_pc(BASE);
    hart.set_x(1, a);
    hart.set_x(2, b);
    hart.run(&mut bus, 1, None);
    assert_eq!(hart.pc(), BASE + 4, "{op:?} does not trap");
    hart.x(3)
}

/// Checks `op` on every pair of corners against `expected`.
fn check(op: Op, expected: impl Fn(u64, u64) -> u64) {
    for a in CORNERS {
        for b in CORNERS {
            assert_eq!(execute(op, a, b), expected(a, b), "{op:?} {a:#x} {b:#x}");
        }
    }
}

fn signed(x: u64) -> i128 {
    (x as i64).into()
}

fn signed_word(x: u64) -> i128 {
    (x as i32).into()
}

fn unsigned_word(x: u64) -> i128 {
    (x as u32).into()
}

/// The low word of `x`, sign-extended.
fn word(x: i128) -> u64 {
    x as i32 as u64
}

/// Division as the manual's table has it, on integers too wide to overflow.
fn quotient(a: i128, b: i128) -> i128 {
    if b == 0 { -1 } else { a / b }
}

fn remainder(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { a % b }
}

#[test]
fn products_have_all_their_bits() {
    check(Op::mul, |a, b| (signed(a) * signed(b)) as u64);
    check(Op::mulh, |a, b| ((signed(a) * signed(b)) >> 64) as u64);
    check(Op::mulhsu, |a, b| ((signed(a) * i128::from(b)) >> 64) as u64);
    check(Op::mulhu, |a, b| ((u128::from(a) * u128::from(b)) >> 64) as u64);
    check(Op::mulw, |a, b| word(signed_word(a) * signed_word(b)));
}

#[test]
fn division_by_zero_and_overflow_have_results() {
    check(Op::div, |a, b| quotient(signed(a), signed(b)) as u64);
    check(Op::divu, |a, b| quotient(a.into(), b.into()) as u64);
    check(Op::rem, |a, b| remainder(signed(a), signed(b)) as u64);
    check(Op::remu, |a, b| remainder(a.into(), b.into()) as u64);
    assert_eq!(execute(Op::div, i64::MIN as u64, u64::MAX), i64::MIN as u64);
    assert_eq!(execute(Op::rem, i64::MIN as u64, u64::MAX), 0);
}

#[test]
fn word_division_looks_at_low_words_and_sign_extends() {
    check(Op::divw, |a, b| word(quotient(signed_word(a), signed_word(b))));
    check(Op::divuw, |a, b| word(quotient(unsigned_word(a), unsigned_word(b))));
    check(Op::remw, |a, b| word(remainder(signed_word(a), signed_word(b))));
    check(Op::remuw, |a, b| word(remainder(unsigned_word(a), unsigned_word(b))));
    assert_eq!(execute(Op::divuw, 5, 0), u64::MAX);
}
