//! What Zfhmin has of Zfh. Unprivileged ISA, "Zfhmin Extension for Minimal Half-Precision Floating-Point".

use isa::ext::Ext;
use isa::inst::{ROWS, Row};
use isa::{Inst, Op};

use super::super::float::{DOUBLE, HALF, SINGLE, check, convert, transfer};
use crate::prelude::*;

/// The instructions of Zfhmin; those of Q are none of ours.
const ZFHMIN: [Op; 8] =
    [Op::flh, Op::fsh, Op::fmv_x_h, Op::fmv_h_x, Op::fcvt_s_h, Op::fcvt_h_s, Op::fcvt_d_h, Op::fcvt_h_d];

conformance_tests! {
    /// Zfhmin has loads, stores, moves and the conversions between precisions; the rest is Zfh's, and without
    /// that illegal.
    zfhmin_alone
    [rules "zfhmin_instrs"]
    [needs Zfhmin]
    [cpus "zfh=off"]
    |p| {
        transfer::load(p, &HALF, Op::flh);
        transfer::store(p, &HALF, Op::fsh);
        transfer::move_to_x(p, &HALF, Op::fmv_x_h);
        transfer::move_from_x(p, &HALF, Op::fmv_h_x);
        convert::widen(p, &HALF, &SINGLE);
        convert::narrow(p, &SINGLE, &HALF);
        convert::widen(p, &HALF, &DOUBLE);
        convert::narrow(p, &DOUBLE, &HALF);
        if p.cpu().has(Ext::Zfh) {
            return check(p, Op::fadd_h, &[HALF.n(1.5), HALF.n(2.25)], HALF.n(3.75), 0);
        }
        let is_half =
            |row: &&Row| row.needs.iter().any(|all| all.closure().has(Ext::Zfhmin) && !all.has(Ext::Zfa));
        for row in ROWS.iter().filter(is_half).filter(|row| !ZFHMIN.contains(&row.op)) {
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.inst(Inst { rd: 10, rs1: 1, ..Inst::new(row.op) });
            });
        }
    }
}
