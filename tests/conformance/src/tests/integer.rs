//! What the chapters about integer instructions share: checks of one instruction's result.
//!
//! Instructions are given as words, their register fields zero, so that tests do not take the encoding from
//! the table that they test.

use crate::Program;
use crate::prelude::*;

/// Values with bits at the edges of bytes, halfwords and words.
pub(super) const VALUES: [u64; 10] = [
    0,
    1,
    0x80,
    0x8000_0000,
    0x0000_0001_7fff_ffff,
    0x0123_4567_89ab_cdef,
    0xf0e1_00d2_8000_4b3f,
    i64::MAX as u64,
    i64::MIN as u64,
    u64::MAX,
];

/// `word` with its registers.
fn with_registers(word: u32, rd: Reg, rs1: Reg, rs2: Reg) -> u32 {
    word | u32::from(rd.number()) << 7 | u32::from(rs1.number()) << 15 | u32::from(rs2.number()) << 20
}

/// An instruction on two registers has the result of `expected`, also where registers are the same, and
/// leaves its sources alone.
pub(super) fn binary(p: &mut Program, word: u32, expected: impl Fn(u64, u64) -> u64) {
    binary_on(p, word, &VALUES, &VALUES, &expected);
    let (a, b) = (0x0123_4567_89ab_cdef, 0xfedc_ba98_0000_0035);
    p.li(A1, a).li(A2, b).word(with_registers(word, A0, A1, A2));
    p.check_eq(A1, a, "the first source");
    p.check_eq(A2, b, "the second source");
    p.word(with_registers(word, A2, A1, A2));
    p.check_eq(A2, expected(a, b), "with rd that is rs2");
    p.word(with_registers(word, A1, A1, A1));
    p.check_eq(A1, expected(a, a), "with one register for all");
    p.li(A1, a).word(with_registers(word, A0, A1, ZERO));
    p.check_eq(A0, expected(a, 0), "with rs2 that is x0");
}

/// As [`binary`], for each pair of a value of `first` and of `second`.
pub(super) fn binary_on(
    p: &mut Program,
    word: u32,
    first: &[u64],
    second: &[u64],
    expected: &dyn Fn(u64, u64) -> u64,
) {
    for a in first {
        p.li(A1, *a);
        for b in second {
            p.li(A2, *b).word(with_registers(word, A0, A1, A2));
            p.check_eq(A0, expected(*a, *b), &format!("{word:#x} of {a:#x} and {b:#x}"));
        }
    }
}

/// An instruction on one register has the result of `expected`; bits 24:20 are part of `word`.
pub(super) fn unary(p: &mut Program, word: u32, expected: impl Fn(u64) -> u64) {
    for a in VALUES.into_iter().chain((0..64).step_by(7).map(|n| 1 << n)) {
        p.li(A1, a).word(with_registers(word, A0, A1, ZERO));
        p.check_eq(A0, expected(a), &format!("{word:#x} of {a:#x}"));
    }
    p.li(A1, 0x0123_4567_89ab_cdef).word(with_registers(word, A1, A1, ZERO));
    p.check_eq(A1, expected(0x0123_4567_89ab_cdef), "with rd that is rs1");
}

/// An instruction with a shift amount or bit number below `limit` in bits 25:20.
pub(super) fn immediate(p: &mut Program, word: u32, limit: u32, expected: impl Fn(u64, u64) -> u64) {
    for a in [0x0123_4567_89ab_cdef, 0x8000_0000_8000_0001, u64::MAX, 0] {
        p.li(A1, a);
        for n in (0..limit).filter(|n| n % 8 <= 1 || n % 8 == 7) {
            p.word(with_registers(word, A0, A1, ZERO) | n << 20);
            p.check_eq(A0, expected(a, n.into()), &format!("{word:#x} of {a:#x} and {n}"));
        }
    }
}

/// The low word of `value`, sign-extended.
pub(super) fn sext_w(value: u64) -> u64 {
    value as i32 as u64
}

/// The word is no instruction: it raises an illegal-instruction exception.
pub(super) fn reserved(p: &mut Program, word: u32) {
    p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
        if word & 3 == 3 {
            p.word(word)
        } else {
            p.half(word as u16)
        };
    });
}
