//! The width of registers in U-mode.

use crate::prelude::*;

conformance_tests! {
    /// UXL of sstatus says 64 after it is written so, and U-mode has registers of 64 bits then.
    uxl_holds_64
    [rules "ssu64xl_uxl_sstatus"]
    [needs Ssu64xl]
    [cpus "h=off"]
    |p| {
        use csr::sstatus::{NUMBER, UXL};
        p.in_mode(Mode::HS, |p| {
            p.csrr(A0, NUMBER).li(A1, UXL.mask()).xori(A1, A1, -1).and(A0, A0, A1);
            p.li(A1, UXL.of(2)).or(A0, A0, A1).csrw(NUMBER, A0);
            p.check_csr_bits(NUMBER, UXL.mask(), UXL.of(2), "UXL");
        });
        p.in_mode(Mode::U, |p| {
            p.li(A0, 1).slli(A0, A0, 63).srli(A0, A0, 63);
            p.check_eq(A0, 1, "a bit that went up to 63 and back");
        });
    }
}
