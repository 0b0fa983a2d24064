//! The modular conversion to an integer.

use isa::Op;

use super::super::float::{DOUBLE, NV, NX, check};
use crate::prelude::*;

/// The most that 53 bits can say.
const ONES: f64 = 9_007_199_254_740_991.0;

/// Doubles, the low word of their integer part, and the flags of their conversion to a signed word.
const ROWS: [(f64, i32, u64); 15] = [
    (0.0, 0, 0),
    (7.0, 7, 0),
    (-9.75, -9, NX),
    (0.5, 0, NX),
    (2_147_483_647.5, i32::MAX, NX),
    (-2_147_483_648.0, i32::MIN, 0),
    (-2_147_483_648.5, i32::MIN, NX),
    (2_147_483_648.0, i32::MIN, NV),
    (-2_147_483_649.5, i32::MAX, NV),
    (4_294_967_299.75, 3, NV),
    (-4_294_967_299.75, -3, NV),
    (ONES, -1, NV),
    (ONES * 2_147_483_648.0, i32::MIN, NV),
    (ONES * 4_294_967_296.0, 0, NV),
    (f64::MAX, 0, NV),
];

conformance_tests! {
    /// The low word of the integer part, sign-extended; zero for infinities and NaNs.
    fcvtmod_w_d
    [rules "fcvtmod-w-d_op" "fcvtmod-w-d_rsw"]
    [needs Zfa]
    |p| {
        for (value, word, flags) in ROWS {
            check(p, Op::fcvtmod_w_d, &[value.to_bits()], word as u64, flags);
        }
        for value in [
            DOUBLE.infinity(),
            DOUBLE.neg(DOUBLE.infinity()),
            DOUBLE.nan(),
            DOUBLE.quiet(),
            DOUBLE.signaling(),
        ] {
            check(p, Op::fcvtmod_w_d, &[value], 0, NV);
        }
        check(p, Op::fcvtmod_w_d, &[DOUBLE.tiny()], 0, NX);
    }

    /// Its flags are those of the conversion that saturates, and it rounds towards zero whatever frm says.
    fcvtmod_flags
    [rules "fcvtmod-w-d_flags"]
    [needs Zfa]
    |p| {
        for (value, _, flags) in ROWS {
            p.li(A1, value.to_bits()).fmv_d_x(FA1, A1);
            p.write_csr(csr::fcsr::NUMBER, 0);
            p.fcvt_w_d(A0, FA1, Rtz).csrr(A2, csr::fflags::NUMBER);
            p.write_csr(csr::fcsr::NUMBER, csr::fcsr::FRM.of(u64::from(u8::from(Rup))));
            p.fcvtmod_w_d(A0, FA1).csrr(A3, csr::fflags::NUMBER);
            p.check_eq_reg(A3, A2, "flags of both conversions");
            p.check_eq(A3, flags, &format!("flags for {value}"));
        }
    }
}
