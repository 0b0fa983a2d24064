//! Compressed arithmetic, and hints.

use super::super::integer::{reserved, sext_w};
use super::format::{ADDI4SPN, ADDI16SP, IMM6, ci, cl, cr, scatter};
use crate::prelude::*;

/// Immediates of six bits, with each bit alone.
const IMMEDIATES: [i64; 9] = [0, 1, 2, 4, 8, 16, 31, -32, -1];

conformance_tests! {
    /// Each bit of the immediate counts; rd is any register, for C.LUI but x2.
    c_li_and_c_lui
    [rules "c-li_op" "c-lui_op" "c-lui_rsv"]
    |p| {
        for imm in IMMEDIATES {
            p.li(A0, 77).half(ci(0b010, 10, 1) | scatter(imm, IMM6));
            p.check_eq(A0, imm as u64, &format!("c.li {imm}"));
            if imm != 0 {
                p.li(A0, 77).half(ci(0b011, 10, 1) | scatter(imm, IMM6));
                p.check_eq(A0, (imm << 12) as u64, &format!("c.lui {imm}"));
            }
        }
        p.li(RA, 77).half(ci(0b010, 1, 1) | scatter(5, IMM6));
        p.check_eq(RA, 5, "c.li to x1");
        // With immediate 0 C.LUI is reserved, where Zcmop has not taken the odd ones.
        for register in [0, 4, 10, 16, 31] {
            reserved(p, ci(0b011, register, 1).into());
        }
    }

    /// The immediate is added to any register; as C.ADDIW to its low word, which is sign-extended.
    c_addi
    [rules "c-addi_op" "c-addiw_op" "c-addiw_rsv"]
    |p| {
        for imm in IMMEDIATES {
            for value in [0u64, 0x7fff_fff0, 0x1234_5678_ffff_fff8, u64::MAX] {
                p.li(A0, value).half(ci(0b000, 10, 1) | scatter(imm, IMM6));
                p.check_eq(A0, value.wrapping_add(imm as u64), &format!("c.addi {value:#x},{imm}"));
                p.li(A0, value).half(ci(0b001, 10, 1) | scatter(imm, IMM6));
                p.check_eq(A0, sext_w(value.wrapping_add(imm as u64)), &format!("c.addiw {value:#x},{imm}"));
            }
        }
        for imm in [0, 1, -1] {
            reserved(p, (ci(0b001, 0, 1) | scatter(imm, IMM6)).into());
        }
    }

    /// Each bit of the scaled immediate counts; zero is reserved.
    c_addi16sp_and_c_addi4spn
    [rules "c-addi16sp_op" "c-addi16sp_rsv" "c-addi4spn_op" "c-addi4spn_rsv" "c-lui_rsv"]
    |p| {
        for imm in [16, 32, 64, 128, 256, 496, -512, -16] {
            p.li(SP, 0x1_0000).half(ci(0b011, 2, 1) | scatter(imm, ADDI16SP)).mv(A0, SP);
            p.check_eq(A0, 0x1_0000u64.wrapping_add(imm as u64), &format!("sp plus {imm}"));
        }
        reserved(p, ci(0b011, 2, 1).into());
        for (register, imm) in
            [(8, 4), (9, 8), (10, 16), (11, 32), (12, 64), (13, 128), (14, 256), (15, 512), (8, 1020)]
        {
            p.li(SP, 0x1_0000).half(cl(0b000, 8, register, 0) | scatter(imm, ADDI4SPN));
            p.check_eq(Reg::from_bits(register as u8), 0x1_0000 + imm as u64, &format!("sp plus {imm}"));
        }
        for register in [9, 15] {
            reserved(p, cl(0b000, 8, register, 0).into());
        }
    }

    /// The shift amount has six bits.
    c_shifts
    [rules "c-slli_op" "c-srli_op" "c-srai_op"]
    |p| {
        let value = 0x8123_4567_89ab_cdef_u64;
        for shamt in [1u32, 2, 4, 8, 16, 31, 32, 63] {
            let imm = scatter(shamt.into(), IMM6);
            p.li(A0, value).half(ci(0b000, 10, 2) | imm);
            p.check_eq(A0, value << shamt, &format!("left by {shamt}"));
            p.li(A0, value).half(cl(0b100, 10, 8, 1) | imm);
            p.check_eq(A0, value >> shamt, &format!("right by {shamt}"));
            p.li(A0, value).half(cl(0b100, 10, 8, 1) | 0b01 << 10 | imm);
            p.check_eq(A0, (value as i64 >> shamt) as u64, &format!("right by {shamt}, arithmetic"));
        }
        p.li(RA, 3).half(ci(0b000, 1, 2) | scatter(5, IMM6));
        p.check_eq(RA, 96, "x1, left by 5");
    }

    /// The immediate is sign-extended.
    c_andi
    [rules "c-andi_op"]
    |p| {
        for imm in IMMEDIATES {
            p.li(A0, 0x8123_4567_89ab_cdef).half(cl(0b100, 10, 8, 1) | 0b10 << 10 | scatter(imm, IMM6));
            p.check_eq(A0, 0x8123_4567_89ab_cdef & imm as u64, &format!("c.andi {imm}"));
        }
    }

    /// From any register to any.
    c_mv_and_c_add
    [rules "c-mv_op" "c-mv_jr" "c-add_op" "c-add_val"]
    |p| {
        for (rd, rs2) in [(10u16, 11u16), (1, 5), (5, 1), (10, 10), (31, 10)] {
            let (to, from) = (Reg::from_bits(rd as u8), Reg::from_bits(rs2 as u8));
            p.li(to, 100).li(from, u64::MAX - 5).half(cr(0b1000, rd, rs2)).mv(A2, to);
            p.check_eq(A2, u64::MAX - 5, &format!("c.mv x{rd},x{rs2}"));
            p.li(to, 100).li(from, u64::MAX - 5).half(cr(0b1001, rd, rs2)).mv(A2, to);
            let sum = if rd == rs2 { u64::MAX - 11 } else { 94 };
            p.check_eq(A2, sum, &format!("c.add x{rd},x{rs2}"));
        }
    }

    /// And, or, exclusive-or, subtraction and the operations on words, of any of x8 to x15.
    c_two_registers
    [rules "c-and_op" "c-or_op" "c-xor_op" "c-sub_op" "c-addw_op" "c-subw_op" "Zca_regs8"]
    |p| {
        let (a, b) = (0x0123_4567_89ab_cdef_u64, 0xf0f0_1234_8000_8001_u64);
        for (name, bits, expected) in [
            ("sub", 0, a.wrapping_sub(b)),
            ("xor", 1 << 5, a ^ b),
            ("or", 2 << 5, a | b),
            ("and", 3 << 5, a & b),
            ("subw", 1 << 12, sext_w(a.wrapping_sub(b))),
            ("addw", 1 << 12 | 1 << 5, sext_w(a.wrapping_add(b))),
        ] {
            for first in 8..16u16 {
                let second = 23 - first;
                p.li(Reg::from_bits(first as u8), a).li(Reg::from_bits(second as u8), b);
                p.half(cl(0b100, first, second, 1) | 0b11 << 10 | bits);
                p.check_eq(Reg::from_bits(first as u8), expected, &format!("c.{name} x{first},x{second}"));
                p.check_eq(Reg::from_bits(second as u8), b, "the second source");
            }
        }
    }

    /// They change no register.
    c_hints
    [rules "c-li_hint" "c-lui_hint" "c-addi_hint" "c-addi_nop" "c-slli_hint" "c-srli_hint" "c-srai_hint" "c-mv_hint" "c-add_hint" "c-nop_op" "c-nop_hint" "Zca_hints"]
    |p| {
        let five = scatter(5, IMM6);
        for (name, code) in [
            ("c.nop", ci(0b000, 0, 1)),
            ("c.nop 5", ci(0b000, 0, 1) | five),
            ("c.addi a0,0", ci(0b000, 10, 1)),
            ("c.li zero,5", ci(0b010, 0, 1) | five),
            ("c.lui zero,5", ci(0b011, 0, 1) | five),
            ("c.slli zero,5", ci(0b000, 0, 2) | five),
            ("c.slli a0,0", ci(0b000, 10, 2)),
            ("c.slli zero,0", ci(0b000, 0, 2)),
            ("c.srli a0,0", cl(0b100, 10, 8, 1)),
            ("c.srai a0,0", cl(0b100, 10, 8, 1) | 0b01 << 10),
            ("c.mv zero,a0", cr(0b1000, 0, 10)),
            ("c.add zero,a0", cr(0b1001, 0, 10)),
        ] {
            p.li(A0, 0x8000_0000_0000_0003);
            p.csrr(A1, csr::minstret::NUMBER).half(code).csrr(A2, csr::minstret::NUMBER).sub(A2, A2, A1);
            p.check_eq(A0, 0x8000_0000_0000_0003, &format!("a0 after {name}"));
            p.check_eq(ZERO, 0, &format!("x0 after {name}"));
            p.check_eq(A2, 2, &format!("instructions retired around {name}"));
        }
    }
}
