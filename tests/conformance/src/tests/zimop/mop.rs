//! May-be-operations, as no other extension has redefined them.

use super::super::integer::reserved;
use crate::prelude::*;

conformance_tests! {
    /// MOP.R.n writes zero, whatever n and the registers are.
    mop_r
    [rules "Zimop_mop-r_op" "Zimop_mop-r_enc"]
    [needs Zimop]
    |p| {
        for n in 0..32u32 {
            // Bits 30, 27:26 and 21:20 are n.
            let word = 0x81c0_4073 | (n >> 4) << 30 | (n >> 2 & 3) << 26 | (n & 3) << 20;
            p.li(A0, u64::MAX).li(A1, 5).word(word | 10 << 7 | 11 << 15);
            p.check_eq(A0, 0, &format!("rd after mop.r.{n}"));
            p.check_eq(A1, 5, "rs1");
        }
        p.in_mode(Mode::U, |p| {
            p.li(A0, 7).word(0x81c0_4073 | 10 << 7 | 10 << 15);
            p.check_eq(A0, 0, "rd in U-mode");
        });
    }

    /// MOP.RR.n writes zero, whatever n and the registers are.
    mop_rr
    [rules "Zimop_mop-rr_op" "Zimop_mop-rr_enc"]
    [needs Zimop]
    |p| {
        for n in 0..8u32 {
            // Bits 30 and 27:26 are n.
            let word = 0x8200_4073 | (n >> 2) << 30 | (n & 3) << 26;
            p.li(A0, u64::MAX).li(A1, 5).li(A2, 6).word(word | 10 << 7 | 11 << 15 | 12 << 20);
            p.check_eq(A0, 0, &format!("rd after mop.rr.{n}"));
            p.check_eq(A1, 5, "rs1");
            p.check_eq(A2, 6, "rs2");
        }
    }

    /// C.MOP.n, for odd n up to 15, writes no register.
    c_mop
    [rules "Zcmop_op" "Zcmop_enc" "Zcmop_enc_table" "Zcmop_instr_write"]
    [needs Zcmop]
    |p| {
        for n in (1..16u8).step_by(2) {
            let register = Reg::from_bits(n);
            // gp belongs to the framework, whose checks would change it.
            let before = if register == GP { A0 } else { register };
            p.li(before, 0x1234_5678).half(0x6081 | u16::from(n - 1) << 7);
            p.check_eq(before, 0x1234_5678, &format!("the register that c.mop.{n} may read one day"));
        }
        p.li(A0, 1).mv(A1, GP).half(0x6181).mv(A2, GP);
        p.check_eq_reg(A1, A2, "gp after c.mop.3");
    }

    /// The code points of C.LUI with immediate 0 for other registers stay reserved.
    what_is_no_c_mop
    [rules "Zcmop_enc_table"]
    [needs Zcmop]
    |p| {
        for register in [0u16, 4, 6, 16, 17, 31] {
            reserved(p, u32::from(0x6001 | register << 7));
        }
    }
}
