//! Compressed loads and stores.

use super::super::integer::reserved;
use super::format::{DOUBLE, LDSP, LWSP, SDSP, SWSP, WORD, ci, cl, scatter};
use crate::prelude::*;

conformance_tests! {
    /// Each bit of the offset counts; the word is sign-extended, into any register but x0.
    c_lwsp
    [rules "c-lwsp_op" "c-lwsp_rsv"]
    |p| {
        let page = p.page();
        for offset in [0u64, 4, 8, 16, 32, 64, 128, 252] {
            p.store((page + offset) & !7, 0x8765_4321_8765_4321);
            p.li(SP, page).li(A0, 0).half(ci(0b010, 10, 2) | scatter(offset as i64, LWSP));
            p.check_eq(A0, 0xffff_ffff_8765_4321, &format!("the word at {offset}"));
            p.store((page + offset) & !7, 0);
        }
        p.store(page, 5);
        p.li(SP, page).half(ci(0b010, 31, 2)).mv(A0, T6);
        p.check_eq(A0, 5, "x31");
        p.li(SP, page).half(ci(0b010, 2, 2)).mv(A0, SP);
        p.check_eq(A0, 5, "x2");
        reserved(p, ci(0b010, 0, 2).into());
    }

    /// Each bit of the offset counts, into any register but x0.
    c_ldsp
    [rules "c-ldsp_op" "c-ldsp_rsv"]
    |p| {
        let page = p.page();
        for offset in [0u64, 8, 16, 32, 64, 128, 256, 504] {
            p.store(page + offset, 0x8765_4321_0000_0000 | offset);
            p.li(SP, page).half(ci(0b011, 10, 2) | scatter(offset as i64, LDSP));
            p.check_eq(A0, 0x8765_4321_0000_0000 | offset, &format!("the doubleword at {offset}"));
        }
        reserved(p, ci(0b011, 0, 2).into());
    }

    /// Each bit of the offset counts; a word of any register is stored.
    c_swsp
    [rules "c-swsp_op"]
    |p| {
        let page = p.page();
        for offset in [0u64, 4, 8, 16, 32, 64, 128, 252] {
            let dword = (page + offset) & !7;
            p.store(dword, u64::MAX);
            p.li(SP, page)
                .li(A0, 0x1111_1111_2345_6789)
                .half(ci(0b110, 0, 2) | 10 << 2 | scatter(offset as i64, SWSP));
            let shift = 8 * (offset & 4);
            let expected = !(0xffff_ffff << shift) | 0x2345_6789 << shift;
            p.check_memory(dword, expected, &format!("memory at {offset}"));
        }
        p.store(page, u64::MAX);
        p.li(SP, page).half(ci(0b110, 0, 2));
        p.check_memory(page, 0xffff_ffff_0000_0000, "x0");
    }

    /// Each bit of the offset counts; a doubleword of any register is stored.
    c_sdsp
    [rules "c-sdsp_op"]
    |p| {
        let page = p.page();
        for offset in [0u64, 8, 16, 32, 64, 128, 256, 504] {
            p.li(SP, page)
                .li(A0, 0x8765_4321_0000_0000 | offset)
                .half(ci(0b111, 0, 2) | 10 << 2 | scatter(offset as i64, SDSP));
            p.check_memory(page + offset, 0x8765_4321_0000_0000 | offset, &format!("memory at {offset}"));
        }
    }

    /// Each bit of the offset counts; base and data are any of x8 to x15.
    c_lw_and_c_sw
    [rules "c-lw_op" "c-sw_op" "Zca_regs8"]
    |p| {
        let page = p.page();
        for offset in [0u64, 4, 8, 16, 32, 64, 124] {
            let dword = (page + offset) & !7;
            p.store(dword, u64::MAX);
            p.li(A0, page).li(A1, 0x8765_4321).half(cl(0b110, 10, 11, 0) | scatter(offset as i64, WORD));
            let shift = 8 * (offset & 4);
            p.check_memory(
                dword,
                !(0xffff_ffff << shift) | 0x8765_4321 << shift,
                &format!("memory at {offset}"),
            );
            p.half(cl(0b010, 10, 12, 0) | scatter(offset as i64, WORD));
            p.check_eq(A2, 0xffff_ffff_8765_4321, &format!("the word at {offset}"));
        }
        for n in 8..16u16 {
            let (base, data) = (Reg::from_bits(n as u8), 23 - n);
            p.li(base, page).li(Reg::from_bits(data as u8), 0x100 + u64::from(n));
            p.half(cl(0b110, n, data, 0)).li(Reg::from_bits(data as u8), 0).half(cl(0b010, n, data, 0));
            p.check_eq(Reg::from_bits(data as u8), 0x100 + u64::from(n), &format!("x{data} by way of x{n}"));
        }
    }

    /// Each bit of the offset counts.
    c_ld_and_c_sd
    [rules "c-ld_op" "c-sd_op"]
    |p| {
        let page = p.page();
        for offset in [0u64, 8, 16, 32, 64, 128, 248] {
            let value = 0x8765_4321_0000_0000 | offset;
            p.li(A0, page).li(A1, value).half(cl(0b111, 10, 11, 0) | scatter(offset as i64, DOUBLE));
            p.check_memory(page + offset, value, &format!("memory at {offset}"));
            p.half(cl(0b011, 10, 12, 0) | scatter(offset as i64, DOUBLE));
            p.check_eq(A2, value, &format!("the doubleword at {offset}"));
        }
    }

    /// Each bit of the offset counts; data are any of f8 to f15.
    c_fld_and_c_fsd
    [rules "c-fld_op" "c-fsd_op" "Zc_fp_regs"]
    |p| {
        let page = p.page();
        for offset in [0u64, 8, 16, 32, 64, 128, 248] {
            let value = 0x4765_4321_0000_0000 | offset;
            p.li(A0, page)
                .li(A1, value)
                .fmv_d_x(FA1, A1)
                .half(cl(0b101, 10, 11, 0) | scatter(offset as i64, DOUBLE));
            p.check_memory(page + offset, value, &format!("memory at {offset}"));
            p.half(cl(0b001, 10, 12, 0) | scatter(offset as i64, DOUBLE)).fmv_x_d(A2, FA2);
            p.check_eq(A2, value, &format!("the doubleword at {offset}"));
        }
        for n in 8..16u16 {
            p.li(A0, page)
                .li(A1, u64::from(n))
                .fmv_d_x(FReg::from_bits(n as u8), A1)
                .half(cl(0b101, 10, n, 0));
            p.check_memory(page, n.into(), &format!("f{n}"));
            p.store(page, 77);
            p.half(cl(0b001, 10, n, 0)).fmv_x_d(A1, FReg::from_bits(n as u8));
            p.check_eq(A1, 77, &format!("f{n}"));
        }
    }

    /// Each bit of the offset counts; data are any register, f0 too.
    c_fldsp_and_c_fsdsp
    [rules "c-fldsp_op" "c-fsdwsp_op"]
    |p| {
        let page = p.page();
        for (n, offset) in [(0, 0u64), (10, 8), (31, 16), (1, 32), (2, 64), (0, 128), (10, 256), (10, 504)] {
            let (value, register) = (0x4765_4321_0000_0000 | offset, FReg::from_bits(n as u8));
            p.li(SP, page)
                .li(A1, value)
                .fmv_d_x(register, A1)
                .half(ci(0b101, 0, 2) | n << 2 | scatter(offset as i64, SDSP));
            p.check_memory(page + offset, value, &format!("memory at {offset}"));
            p.fmv_d_x(register, ZERO)
                .half(ci(0b001, n, 2) | scatter(offset as i64, LDSP))
                .fmv_x_d(A2, register);
            p.check_eq(A2, value, &format!("the doubleword at {offset}"));
        }
    }
}
