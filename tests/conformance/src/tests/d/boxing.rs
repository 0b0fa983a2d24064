//! Values narrower than the registers. Unprivileged ISA, "NaN Boxing of Narrower Values".

use super::super::float::{DOUBLE, SINGLE};
use crate::Program;
use crate::prelude::*;

/// The name of an instruction, and code that leaves the single 1 in fa0 with it.
type Way = (&'static str, fn(&mut Program));

conformance_tests! {
    /// Every way of writing a single leaves ones above it, so that it is a quiet NaN as a double.
    singles_are_boxed
    [rules "fp_nan-boxing" "FP_transfer_instrs_narrow_transfer_in"]
    |p| {
        let (one, page) = (SINGLE.n(1.0), p.page());
        p.store(page, one & 0xffff_ffff);
        let ways: [Way; 6] = [
            ("flw", |p| {
                p.flw(FA0, 0, A1);
            }),
            ("fmv.w.x", |p| {
                p.fmv_w_x(FA0, A2);
            }),
            ("fcvt.s.w", |p| {
                p.fcvt_s_w(FA0, A3, Rne);
            }),
            ("fcvt.s.d", |p| {
                p.fcvt_s_d(FA0, FA1, Rne);
            }),
            ("fadd.s", |p| {
                p.fadd_s(FA0, FA2, FA3, Rne);
            }),
            ("fsgnj.s", |p| {
                p.fsgnj_s(FA0, FA2, FA2);
            }),
        ];
        p.li(A1, page).li(A2, one & 0xffff_ffff).li(A3, 1);
        p.li(A0, DOUBLE.n(1.0)).fmv_d_x(FA1, A0).li(A0, one).fmv_d_x(FA2, A0);
        p.li(A0, SINGLE.n(0.0)).fmv_d_x(FA3, A0);
        for (name, write) in ways {
            p.fmv_d_x(FA0, ZERO);
            write(p);
            p.fmv_x_d(A0, FA0);
            p.check_eq(A0, one, name);
            p.fclass_d(A0, FA0);
            p.check_eq(A0, 1 << 9, &format!("class as a double after {name}"));
        }
    }

    /// What takes a single out of a register looks at its low bits alone; what computes with one wants the
    /// box.
    unboxed_singles
    [rules "fp_nan-boxing" "FP_transfer_instrs_narrow_transfer_out"]
    |p| {
        let (value, page) = (0x1234_5678_bf80_0000u64, p.page());
        p.li(A0, value).fmv_d_x(FA1, A0).li(A1, page);
        p.fmv_x_w(A0, FA1);
        p.check_eq(A0, 0xffff_ffff_bf80_0000, "fmv.x.w");
        p.store(page, u64::MAX);
        p.fsw(FA1, 0, A1);
        p.check_memory(page, 0xffff_ffff_bf80_0000, "fsw");
        p.fsd(FA1, 0, A1);
        p.check_memory(page, value, "fsd, which keeps it for fld");
        p.fld(FA2, 0, A1).fmv_x_d(A0, FA2);
        p.check_eq(A0, value, "fld");
        p.fadd_s(FA0, FA1, FA1, Rne).fmv_x_d(A0, FA0);
        p.check_eq(A0, SINGLE.nan(), "fadd.s");
        p.fcvt_w_s(A0, FA1, Rne);
        p.check_eq(A0, i32::MAX as u64, "fcvt.w.s");
        p.feq_s(A0, FA1, FA1);
        p.check_eq(A0, 0, "feq.s");
    }
}
