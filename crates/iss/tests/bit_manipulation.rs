//! Zba, Zbb, Zbc, Zbs, Zbkb, Zbkx and Zicond against definitions that look at one bit at a time.

mod ram_only;

use isa::{Inst, Op};
use iss::{Hart, Variant, Width};
use proptest::prelude::*;
use ram_only::{BASE, RamOnly};

/// Values with bits at the edges of bytes, halfwords and words.
const CORNERS: [u64; 14] = [
    0,
    1,
    0x7f,
    0x80,
    0x8000,
    0x7fff_ffff,
    0x8000_0000,
    0xffff_ffff,
    0x1_0000_0000,
    0x0123_4567_89ab_cdef,
    0xf0e1_00d2_8000_4b3f,
    i64::MAX as u64,
    i64::MIN as u64,
    u64::MAX,
];

/// Executes `inst` with `a` in its first and `b` in its second source register and returns its result.
fn execute(inst: Inst, a: u64, b: u64) -> u64 {
    let mut bus = RamOnly::new(0x1000);
    let mut hart = Hart::new(0, Variant::default());
    let inst = Inst { rd: 10, rs1: 11, rs2: 12, ..inst };
    bus.ram.store(BASE, Width::W, inst.encode().into()).unwrap();
    hart.set_pc(BASE);
    hart.set_x(11, a);
    hart.set_x(12, b);
    hart.run(&mut bus, 1, None);
    assert_eq!(hart.pc(), BASE + 4, "{inst} does not trap");
    hart.x(10)
}

/// Checks an operation on two registers on every pair of corners, and on the numbers of bits.
fn check(op: Op, expected: impl Fn(u64, u64) -> u64) {
    for a in CORNERS {
        for b in CORNERS.into_iter().chain([31, 32, 63, 64, 65]) {
            assert_eq!(execute(Inst::new(op), a, b), expected(a, b), "{op:?} {a:#x} {b:#x}");
        }
    }
}

/// Checks an operation on one register.
fn check_unary(op: Op, expected: impl Fn(u64) -> u64) {
    let walking = (0..64).map(|n| 1 << n);
    for a in CORNERS.into_iter().chain(walking) {
        assert_eq!(execute(Inst::new(op), a, 0), expected(a), "{op:?} {a:#x}");
    }
}

/// Checks an operation with a shift amount or bit number below `limit`.
fn check_immediate(op: Op, limit: i32, expected: impl Fn(u64, u64) -> u64) {
    for a in CORNERS {
        for imm in 0..limit {
            let inst = Inst { imm, ..Inst::new(op) };
            assert_eq!(execute(inst, a, 0), expected(a, imm as u64), "{op:?} {a:#x} {imm}");
        }
    }
}

fn bit(x: u64, n: u64) -> u64 {
    x / 2u64.pow(n as u32) % 2
}

/// The value whose bit `n`, of `width`, is `bits(n)`; the others are zero.
fn from_bits(width: u64, bits: impl Fn(u64) -> u64) -> u64 {
    (0..width).map(|n| bits(n) * 2u64.pow(n as u32)).sum()
}

/// `x` sign-extended from `width` bits.
fn extended(x: u64, width: u64) -> u64 {
    from_bits(64, |n| bit(x, n.min(width - 1)))
}

fn word(x: u64) -> u64 {
    x % 0x1_0000_0000
}

#[test]
fn addresses() {
    let sum = |a: u64, factor: u64, b: u64| (u128::from(a) * u128::from(factor) + u128::from(b)) as u64;
    check(Op::sh1add, |a, b| sum(a, 2, b));
    check(Op::sh2add, |a, b| sum(a, 4, b));
    check(Op::sh3add, |a, b| sum(a, 8, b));
    check(Op::add_uw, |a, b| sum(word(a), 1, b));
    check(Op::sh1add_uw, |a, b| sum(word(a), 2, b));
    check(Op::sh2add_uw, |a, b| sum(word(a), 4, b));
    check(Op::sh3add_uw, |a, b| sum(word(a), 8, b));
    check_immediate(Op::slli_uw, 64, |a, n| (u128::from(word(a)) << n) as u64);
}

#[test]
fn counts() {
    let leading = |x, width| (0..width).rev().take_while(|n| bit(x, *n) == 0).count() as u64;
    let trailing = |x, width| (0..width).take_while(|n| bit(x, *n) == 0).count() as u64;
    let ones = |x, width| (0..width).map(|n| bit(x, n)).sum();
    check_unary(Op::clz, |a| leading(a, 64));
    check_unary(Op::ctz, |a| trailing(a, 64));
    check_unary(Op::cpop, |a| ones(a, 64));
    check_unary(Op::clzw, |a| leading(a, 32));
    check_unary(Op::ctzw, |a| trailing(a, 32));
    check_unary(Op::cpopw, |a| ones(a, 32));
}

#[test]
fn logic_with_an_inverted_operand() {
    check(Op::andn, |a, b| from_bits(64, |n| bit(a, n) * (1 - bit(b, n))));
    check(Op::orn, |a, b| from_bits(64, |n| 1 - (1 - bit(a, n)) * bit(b, n)));
    check(Op::xnor, |a, b| from_bits(64, |n| u64::from(bit(a, n) == bit(b, n))));
}

#[test]
fn extremes() {
    check(Op::max, |a, b| if (a as i64) < b as i64 { b } else { a });
    check(Op::min, |a, b| if (a as i64) < b as i64 { a } else { b });
    check(Op::maxu, |a, b| if a < b { b } else { a });
    check(Op::minu, |a, b| if a < b { a } else { b });
}

#[test]
fn extensions() {
    check_unary(Op::sext_b, |a| extended(a, 8));
    check_unary(Op::sext_h, |a| extended(a, 16));
    check_unary(Op::zext_h, |a| a % 0x1_0000);
}

#[test]
fn rotations() {
    let left = |x, by: u64, width| from_bits(width, |n| bit(x, (n + width - by % width) % width));
    let right = |x, by: u64, width| from_bits(width, |n| bit(x, (n + by % width) % width));
    check(Op::rol, |a, b| left(a, b, 64));
    check(Op::ror, |a, b| right(a, b, 64));
    check(Op::rolw, |a, b| extended(left(a, b % 32, 32), 32));
    check(Op::rorw, |a, b| extended(right(a, b % 32, 32), 32));
    check_immediate(Op::rori, 64, |a, n| right(a, n, 64));
    check_immediate(Op::roriw, 32, |a, n| extended(right(a, n, 32), 32));
}

#[test]
fn bytes_and_bits_in_another_order() {
    check_unary(Op::rev8, |a| from_bits(64, |n| bit(a, 8 * (7 - n / 8) + n % 8)));
    check_unary(Op::brev8, |a| from_bits(64, |n| bit(a, 8 * (n / 8) + 7 - n % 8)));
    check_unary(Op::orc_b, |a| from_bits(64, |n| u64::from((0..8).any(|m| bit(a, n / 8 * 8 + m) == 1))));
}

#[test]
fn packing() {
    let packed = |a, b, half| from_bits(2 * half, |n| if n < half { bit(a, n) } else { bit(b, n - half) });
    check(Op::pack, |a, b| packed(a, b, 32));
    check(Op::packh, |a, b| packed(a, b, 8));
    check(Op::packw, |a, b| extended(packed(a, b, 16), 32));
}

#[test]
fn single_bits() {
    let with_bit = |a, b: u64, value| from_bits(64, |n| if n == b % 64 { value } else { bit(a, n) });
    check(Op::bclr, |a, b| with_bit(a, b, 0));
    check(Op::bset, |a, b| with_bit(a, b, 1));
    check(Op::binv, |a, b| with_bit(a, b, 1 - bit(a, b % 64)));
    check(Op::bext, |a, b| bit(a, b % 64));
    check_immediate(Op::bclri, 64, |a, b| with_bit(a, b, 0));
    check_immediate(Op::bseti, 64, |a, b| with_bit(a, b, 1));
    check_immediate(Op::binvi, 64, |a, b| with_bit(a, b, 1 - bit(a, b)));
    check_immediate(Op::bexti, 64, bit);
}

/// Bit `n` of the carry-less product: the parity of the pairs of bits whose places add up to it.
fn product_bit(a: u64, b: u64, n: u64) -> u64 {
    (0..64).filter(|m| (n.wrapping_sub(*m)) < 64).map(|m| bit(a, m) * bit(b, n - m)).sum::<u64>() % 2
}

#[test]
fn products_without_carry() {
    check(Op::clmul, |a, b| from_bits(64, |n| product_bit(a, b, n)));
    check(Op::clmulh, |a, b| from_bits(64, |n| product_bit(a, b, n + 64)));
    check(Op::clmulr, |a, b| from_bits(64, |n| product_bit(a, b, n + 63)));
}

#[test]
fn permutations() {
    let element = |x: u64, at: u64, width: u64| x / 2u64.pow((at * width) as u32) % 2u64.pow(width as u32);
    let permuted = |table, indices, width| {
        let looked_up = |at| match element(indices, at, width) {
            index if index * width < 64 => element(table, index, width),
            _ => 0,
        };
        (0..64 / width).map(|at| looked_up(at) * 2u64.pow((at * width) as u32)).sum::<u64>()
    };
    check(Op::xperm4, |a, b| permuted(a, b, 4));
    check(Op::xperm8, |a, b| permuted(a, b, 8));
    let (table, indices) = (0x8877_6655_4433_2211, 0x0807_0605_0403_0201);
    assert_eq!(execute(Inst::new(Op::xperm8), table, indices), 0x0088_7766_5544_3322, "index 8 is outside");
}

#[test]
fn conditional_zero() {
    check(Op::czero_eqz, |a, b| if b == 0 { 0 } else { a });
    check(Op::czero_nez, |a, b| if b == 0 { a } else { 0 });
}

/// Executes the 16-bit instruction `inst`, whose operands are x8 and x9, and returns x8.
fn execute_compressed(inst: Inst, a: u64, b: u64) -> u64 {
    let mut bus = RamOnly::new(0x1000);
    let mut hart = Hart::new(0, Variant::default());
    bus.ram.store(BASE, Width::H, inst.encode().into()).unwrap();
    hart.set_pc(BASE);
    hart.set_x(8, a);
    hart.set_x(9, b);
    hart.run(&mut bus, 1, None);
    assert_eq!(hart.pc(), BASE + 2, "{inst} does not trap");
    hart.x(8)
}

proptest! {
    #[test]
    fn compressed_operations_on_one_or_two_registers(a: u64, b: u64) {
        let unary = |op| execute_compressed(Inst { rd: 8, rs1: 8, ..Inst::new(op) }, a, b);
        prop_assert_eq!(unary(Op::c_zext_b), a % 256);
        prop_assert_eq!(unary(Op::c_zext_h), a % 0x1_0000);
        prop_assert_eq!(unary(Op::c_zext_w), word(a));
        prop_assert_eq!(unary(Op::c_sext_b), extended(a, 8));
        prop_assert_eq!(unary(Op::c_sext_h), extended(a, 16));
        prop_assert_eq!(unary(Op::c_not), u64::MAX - a);
        let product = Inst { rd: 8, rs1: 8, rs2: 9, ..Inst::new(Op::c_mul) };
        prop_assert_eq!(execute_compressed(product, a, b), (u128::from(a) * u128::from(b)) as u64);
    }
}
