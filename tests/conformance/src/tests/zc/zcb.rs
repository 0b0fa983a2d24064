//! Simple code-size instructions, by the words of the manual.

use super::super::integer::VALUES;
use crate::Program;
use crate::prelude::*;

/// The fields of two of x8 to x15: the first in bits 9:7, the second in bits 4:2.
fn registers(first: u16, second: u16) -> u16 {
    (first - 8) << 7 | (second - 8) << 2
}

/// An operation on one of x8 to x15, in place.
fn unary(p: &mut Program, code: u16, expected: impl Fn(u64) -> u64) {
    for a in VALUES {
        p.li(A0, a).half(code | 2 << 7);
        p.check_eq(A0, expected(a), &format!("{code:#x} of {a:#x}"));
    }
    for n in 8..16u16 {
        let register = Reg::from_bits(n as u8);
        p.li(register, 0xfedc_ba98_7654_8281).half(code | (n - 8) << 7);
        p.check_eq(register, expected(0xfedc_ba98_7654_8281), &format!("{code:#x} of x{n}"));
    }
}

conformance_tests! {
    /// Each bit of the offset counts; values are extended.
    zcb_loads
    [rules "c-lbu_op" "c-lhu_op" "c-lh_op"]
    [needs Zcb]
    |p| {
        let page = p.page();
        p.store(page, 0x80ff_9007_8182_83f4);
        for (offset, byte) in [(0, 0xf4), (1, 0x83), (2, 0x82), (3, 0x81)] {
            p.li(A0, page).half(0x8000 | registers(10, 11) | (offset & 1) << 6 | (offset >> 1) << 5);
            p.check_eq(A1, byte, &format!("c.lbu at {offset}"));
        }
        for (offset, half) in [(0, 0x83f4), (1, 0x8182)] {
            p.li(A0, page).half(0x8400 | registers(10, 11) | offset << 5);
            p.check_eq(A1, half, &format!("c.lhu at {}", 2 * offset));
            p.half(0x8440 | registers(10, 11) | offset << 5);
            p.check_eq(A1, half | !0xffff, &format!("c.lh at {}", 2 * offset));
        }
        for n in 8..16 {
            p.li(Reg::from_bits(n as u8), page).half(0x8000 | registers(n, 23 - n));
            p.check_eq(Reg::from_bits(23 - n as u8), 0xf4, &format!("x{} by way of x{n}", 23 - n));
        }
    }

    /// Each bit of the offset counts; nothing else is stored to.
    zcb_stores
    [rules "c-sb_op" "c-sh_op"]
    [needs Zcb]
    |p| {
        let page = p.page();
        for offset in 0..4u16 {
            p.store(page, u64::MAX);
            p.li(A0, page).li(A1, 0x1234_5678_9abc_de00);
            p.half(0x8800 | registers(10, 11) | (offset & 1) << 6 | (offset >> 1) << 5);
            p.check_memory(page, !(0xff << (8 * offset)), &format!("c.sb at {offset}"));
        }
        for offset in 0..2u16 {
            p.store(page, u64::MAX);
            p.li(A0, page).li(A1, 0x1234_5678_9abc_0102).half(0x8c00 | registers(10, 11) | offset << 5);
            let shift = 16 * offset;
            p.check_memory(page, !(0xffff << shift) | 0x0102 << shift, &format!("c.sh at {}", 2 * offset));
        }
    }

    /// The low byte, zero-extended.
    c_zext_b
    [rules "c-zext-b_op"]
    [needs Zcb]
    |p| {
        unary(p, 0x9c61, |a| a % 0x100);
    }

    /// The low byte, sign-extended.
    c_sext_b
    [rules "c-sext-b_op"]
    [needs Zcb Zbb]
    |p| {
        unary(p, 0x9c65, |a| a as i8 as u64);
    }

    /// The low halfword, zero-extended.
    c_zext_h
    [rules "c-zext-h_op"]
    [needs Zcb Zbb]
    |p| {
        unary(p, 0x9c69, |a| a % 0x1_0000);
    }

    /// The low halfword, sign-extended.
    c_sext_h
    [rules "c-sext-h_op"]
    [needs Zcb Zbb]
    |p| {
        unary(p, 0x9c6d, |a| a as i16 as u64);
    }

    /// The low word, zero-extended.
    c_zext_w
    [rules "c-zext-w_op"]
    [needs Zcb Zba]
    |p| {
        unary(p, 0x9c71, |a| a % 0x1_0000_0000);
    }

    /// All bits inverted.
    c_not
    [rules "c-not_op"]
    [needs Zcb]
    |p| {
        unary(p, 0x9c75, |a| u64::MAX - a);
    }

    /// The low half of the product, of any of x8 to x15.
    c_mul
    [rules "c-mul_op"]
    [needs Zcb]
    |p| {
        for a in VALUES {
            for b in VALUES {
                p.li(A0, a).li(A1, b).half(0x9c41 | registers(10, 11));
                p.check_eq(A0, (u128::from(a) * u128::from(b)) as u64, &format!("{a:#x} times {b:#x}"));
            }
        }
        for n in 8..16 {
            p.li(Reg::from_bits(n as u8), 5)
                .li(Reg::from_bits(23 - n as u8), 7)
                .half(0x9c41 | registers(n, 23 - n));
            p.check_eq(Reg::from_bits(n as u8), 35, &format!("x{n} times x{}", 23 - n));
        }
    }
}
