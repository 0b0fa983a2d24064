//! Waiting on a reservation set.

use iss::variant::Wfi;

use crate::prelude::*;

const WRS_NTO: u32 = 0x00d0_0073;
const WRS_STO: u32 = 0x01d0_0073;

conformance_tests! {
    /// Without a reservation there is nothing to wait for, in any mode: U-mode may execute it too.
    wrs_without_reservation
    [rules "Zawrs_wrs-nto_stall_exec"]
    [needs Zawrs H]
    [cpus "wfi=wait" "wfi=nop"]
    |p| {
        p.word(WRS_NTO).word(WRS_STO);
        for mode in [Mode::HS, Mode::U, Mode::VS, Mode::VU] {
            p.in_mode(mode, |p| {
                p.word(WRS_NTO).word(WRS_STO);
            });
        }
    }

    /// WRS.STO ends after a short time with a reservation too, and neither TW nor VTW makes it trap.
    wrs_sto_ends_soon
    [rules "Zawrs_wrs-sto_stall_duration"]
    [needs Zawrs H]
    [cpus "wfi=wait" "wfi=nop"]
    |p| {
        let page = p.page();
        p.set_csr(csr::mstatus::NUMBER, csr::mstatus::TW.mask());
        p.set_csr(csr::hstatus::NUMBER, csr::hstatus::VTW.mask());
        p.li(A1, page).lr_d(A0, A1, Order::Plain).word(WRS_STO);
        for mode in [Mode::HS, Mode::U, Mode::VS, Mode::VU] {
            p.in_mode(mode, |p| {
                p.li(A1, page).lr_d(A0, A1, Order::Plain).word(WRS_STO);
            });
        }
    }

    /// An interrupt that is pending and enabled at its level ends the wait, whether or not it can be taken.
    wrs_nto_ends_with_an_interrupt
    [rules "Zawrs_wrs-nto_stall_exec" "Zawrs_exec_resume_rules"]
    [needs Zawrs H]
    |p| {
        let page = p.page();
        // SSI is delegated and masked in HS-mode; in VS- and U-mode it would be taken.
        p.write_csr(csr::mideleg::NUMBER, Interrupt::Ssi.bit());
        p.set_csr(csr::mie::NUMBER, Interrupt::Ssi.bit());
        p.set_csr(csr::mip::NUMBER, Interrupt::Ssi.bit());
        p.li(A1, page).lr_d(A0, A1, Order::Plain).word(WRS_NTO);
        p.in_mode(Mode::HS, |p| {
            p.li(A1, page).lr_d(A0, A1, Order::Plain).word(WRS_NTO);
        });
    }

    /// A timer that comes later ends the wait.
    wrs_nto_ends_with_a_timer
    [rules "Zawrs_wrs-nto_stall_exec" "Zawrs_exec_resume_rules"]
    [needs Zawrs]
    |p| {
        let page = p.page();
        p.set_csr(csr::mie::NUMBER, Interrupt::Mti.bit());
        p.li(A2, device::MTIME).ld(A3, 0, A2).addi(A3, A3, 20).li(A4, device::MTIMECMP).sd(A3, 0, A4);
        // Other reasons may end it too, but not for ever.
        let (again, done) = (p.here(), p.label());
        p.li(A1, page).lr_d(A0, A1, Order::Plain).word(WRS_NTO);
        p.csrr(A5, csr::mip::NUMBER).andi(A5, A5, Interrupt::Mti.bit() as i32).bnez(A5, done);
        p.j(again);
        p.place(done);
        p.ld(A5, 0, A2).sltu(A5, A5, A3);
        p.check_eq(A5, 0, "whether the wait ended before the time");
    }

    /// With TW it is illegal below M-mode, with VTW alone it is a virtual instruction at V=1, if it would wait for longer than the limit.
    wrs_nto_that_takes_too_long
    [rules "Zawrs_priv_illegal_instr_excp" "Zawrs_virtual_instr_excp"]
    [needs Zawrs H]
    [cpus "wfi=wait" "wfi=nop"]
    |p| {
        let page = p.page();
        let waits = p.cpu().wfi != Wfi::Nop;
        for (tw, vtw) in [(1, 0), (0, 1), (1, 1)] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TW, tw);
            p.set_field(csr::hstatus::NUMBER, csr::hstatus::VTW, vtw);
            for mode in [Mode::HS, Mode::U, Mode::VS, Mode::VU] {
                let exception = match (tw, vtw) {
                    (1, _) => Exception::IllegalInst,
                    (_, 1) if mode.virt => Exception::VirtualInst,
                    // Nothing limits the wait here.
                    _ => continue,
                };
                p.in_mode(mode, |p| {
                    p.li(A1, page).lr_d(A0, A1, Order::Plain);
                    if waits {
                        p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| {
                            p.word(WRS_NTO);
                        });
                    } else {
                        p.word(WRS_NTO);
                    }
                });
            }
        }
    }
}
