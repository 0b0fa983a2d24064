//! The pause hint.

use crate::prelude::*;

conformance_tests! {
    /// It changes nothing, in any mode: a fence of writes before nothing.
    pause
    [rules "pause_op" "pause_enc_fence"]
    [needs Zihintpause]
    |p| {
        p.li(A0, 0x1234);
        p.csrr(A1, csr::minstret::NUMBER).word(0x0100_000f).csrr(A2, csr::minstret::NUMBER).sub(A2, A2, A1);
        p.check_eq(A2, 2, "instructions retired from before it to after it");
        p.check_eq(A0, 0x1234, "a register");
        p.in_mode(Mode::U, |p| {
            p.word(0x0100_000f);
        });
    }
}
