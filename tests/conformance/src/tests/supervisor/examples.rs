//! One test of each style, without the hypervisor extension.

use crate::prelude::*;

conformance_tests! {
    /// An environment call from U-mode is taken by S-mode when it is delegated.
    ecall_delegated_to_s
    [rules "trap_del_S_mode_op"]
    [only |cpu| delegates(cpu, &[Exception::EcallU])]
    |p| {
        p.write_csr(csr::medeleg::NUMBER, Exception::EcallU.bit());
        p.in_mode(Mode::U, |p| {
            p.expect_trap(trap(Exception::EcallU, Mode::HS).tval(0), |p| {
                p.ecall();
            });
        });
    }

    /// A page without U=1 does not belong to U-mode.
    s_page_from_u
    [rules "Sv39_leaf_any_level"]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.map(s, SPARE, page, flags("rwad"));
        p.in_mode(Mode::U, |p| {
            p.li(A0, SPARE);
            p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(SPARE), |p| {
                p.ld(A1, 0, A0);
            });
        });
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE).li(A1, 0x1234).sd(A1, 0, A0);
        });
        p.check_memory(page, 0x1234, "what S-mode has stored");
    }

    /// The machine timer interrupts M-mode when mie and mstatus.MIE allow it.
    machine_timer
    [rules "mip_mtip_op" "mie_mtie_op"]
    |p| {
        p.store(device::MTIMECMP, 0);
        p.write_csr(csr::mie::NUMBER, Interrupt::Mti.bit());
        p.expect_interrupt(interrupt(Interrupt::Mti, Mode::M), |p| {
            p.csrsi(csr::mstatus::NUMBER, 1 << csr::mstatus::MIE.lo);
        });
    }
}
