//! Hints on the locality of accesses.

use crate::prelude::*;

conformance_tests! {
    /// No register, and nothing that the next access does, is changed by one.
    ntl
    [rules "NTL_target_definition" "NTL-P1_op" "NTL-P1_enc" "NTL-PALL_op" "NTL-PALL_enc" "NTL-S1_op" "NTL-S1_enc" "NTL-ALL_op" "NTL-ALL_enc"]
    [needs Zihintntl]
    |p| {
        let page = p.page();
        // add x0, x0, x2 to x5.
        for n in 2..=5 {
            p.store(page, 0x1234);
            p.li(A1, page).word(0x0000_0033 | n << 20).ld(A0, 0, A1);
            p.check_eq(A0, 0x1234, "what the load after it loads");
            p.word(0x0000_0033 | n << 20).sd(A1, 8, A1);
            p.check_memory(page + 8, page, "what the store after it stores");
            p.li(SP, 77).li(T0, 77).word(0x0000_0033 | n << 20);
            p.check_eq(SP, 77, "a register that may be in its encoding");
            p.check_eq(T0, 77, "a register that may be in its encoding");
            // A fault of the access is the same.
            p.li(A1, 0).word(0x0000_0033 | n << 20);
            p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(0).tinst_transformed(0), |p| {
                p.ld(A0, 0, A1);
            });
        }
    }

    /// The compressed forms change nothing either.
    c_ntl
    [rules "C-NTL_availability" "C-NTL-P1_op" "C-NTL-P1_enc" "C-NTL-PALL_op" "C-NTL-PALL_enc" "C-NTL-S1_op" "C-NTL-S1_enc" "C-NTL-ALL_op" "C-NTL-ALL_enc"]
    [needs Zihintntl]
    |p| {
        let page = p.page();
        // c.add x0, x2 to x5.
        for n in 2..=5u16 {
            p.store(page, 0x1234);
            p.li(SP, 77).li(T0, 77).li(A1, page).half(0x9002 | n << 2).ld(A0, 0, A1);
            p.check_eq(A0, 0x1234, "what the load after it loads");
            p.check_eq(SP, 77, "a register that may be in its encoding");
            p.check_eq(T0, 77, "a register that may be in its encoding");
        }
    }
}
