//! vstvec in direct mode.

use crate::prelude::*;

conformance_tests! {
    /// vstvec.MODE holds Direct, and BASE any aligned address.
    vstvec_holds_any_direct_address
    [rules "shvstvecd_vstvec_mode_direct" "shvstvecd_vstvec_base_aligned_address"]
    [cases 100]
    [needs H Shvstvecd]
    |p| {
        let vstvec = csr::vstvec::NUMBER;
        for bit in 2..64 {
            p.check_write(vstvec, 1 << bit, 1 << bit, "vstvec with one bit of BASE");
            p.check_write(vstvec, !3 & !(1 << bit), !3 & !(1 << bit), "vstvec without one bit of BASE");
        }
        p.check_write(vstvec, 1, 1, "vstvec Vectored, so that MODE has a choice");
        p.check_write(vstvec, 0, 0, "vstvec Direct again");
    }

    /// A trap into VS-mode goes to BASE itself in direct mode, at any word.
    vs_traps_go_to_an_unaligned_base
    [rules "shvstvecd_vstvec_mode_direct" "shvstvecd_vstvec_base_aligned_address"]
    [needs H Shvstvecd]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        p.write_csr(csr::hedeleg::NUMBER, Exception::Breakpoint.bit());
        p.csrr(S2, csr::vstvec::NUMBER);
        for offset in [4, 12, 0x104] {
            // Nothing can be fetched there, which tells where the handler would have begun.
            let base = SPARE + offset;
            p.write_csr(csr::vstvec::NUMBER, base);
            p.in_mode(Mode::VS, |p| {
                p.expect_trap(trap(Exception::InstAccessFault, Mode::M).epc(base).tval(base), |p| {
                    p.ebreak();
                });
            });
            p.check_csr(csr::vscause::NUMBER, 3, "vscause");
        }
        p.csrw(csr::vstvec::NUMBER, S2);
    }
}
