//! stvec in direct mode.

use crate::prelude::*;

conformance_tests! {
    /// stvec.MODE holds Direct, and BASE any aligned address.
    stvec_holds_any_direct_address
    [rules "sstvecd_stvec_mode_direct" "sstvecd_stvec_base_aligned_address"]
    [needs Sstvecd]
    [cpus "h=off"]
    |p| {
        let stvec = csr::stvec::NUMBER;
        for bit in 2..64 {
            p.check_write(stvec, 1 << bit, 1 << bit, "stvec with one bit of BASE");
            p.check_write(stvec, !3 & !(1 << bit), !3 & !(1 << bit), "stvec without one bit of BASE");
        }
        p.check_write(stvec, 1, 1, "stvec Vectored, so that MODE has a choice");
        p.check_write(stvec, 0, 0, "stvec Direct again");
    }

    /// A trap into S-mode goes to BASE itself in direct mode, at any word.
    s_traps_go_to_an_unaligned_base
    [rules "sstvecd_stvec_mode_direct" "sstvecd_stvec_base_aligned_address"]
    [needs Sstvecd]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        p.csrr(S2, csr::stvec::NUMBER);
        for offset in [4, 12, 0x104] {
            // Nothing can be fetched there, which tells where the handler would have begun.
            let base = SPARE + offset;
            p.write_csr(csr::stvec::NUMBER, base);
            p.in_mode(Mode::HS, |p| {
                p.expect_trap(trap(Exception::InstAccessFault, Mode::M).epc(base).tval(base), |p| {
                    p.ebreak();
                });
            });
            p.check_csr(csr::scause::NUMBER, 3, "scause");
        }
        p.csrw(csr::stvec::NUMBER, S2);
    }
}
