//! Conditional zero.

use super::super::integer::binary;
use crate::prelude::*;

conformance_tests! {
    /// Zero where the condition is zero, else the value.
    czero_eqz
    [rules "czero-eqz_op"]
    [needs Zicond]
    |p| {
        binary(p, 0x0e00_5033, |a, b| if b == 0 { 0 } else { a });
    }

    /// Zero where the condition is not zero, else the value.
    czero_nez
    [rules "czero-nez_op"]
    [needs Zicond]
    |p| {
        binary(p, 0x0e00_7033, |a, b| if b == 0 { a } else { 0 });
    }

    /// It takes as many cycles whatever the value and the condition are.
    time_of_conditional_zero
    [rules "czero-eqz_inst_ctime" "czero-nez_zkt_timing"]
    [needs Zicond]
    |p| {
        let codes: [u32; 2] = [0x0e00_5033, 0x0e00_7033];
        for code in codes {
            // To a0, from a1 and a2.
            let word = code | 10 << 7 | 11 << 15 | 12 << 20;
            for (n, (value, condition)) in
                [(0, 0), (1, 0), (0, 1), (u64::MAX, u64::MAX)].into_iter().enumerate()
            {
                p.li(A1, value).li(A2, condition);
                p.csrr(A3, csr::mcycle::NUMBER).word(word).csrr(A4, csr::mcycle::NUMBER).sub(A4, A4, A3);
                if n == 0 {
                    p.mv(A5, A4);
                }
                p.check_eq_reg(A4, A5, &format!("cycles of {code:#x} with {value:#x} and {condition:#x}"));
            }
        }
    }
}
