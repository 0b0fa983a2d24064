//! When WFI ends: with an interrupt, or whenever the hart likes.

use iss::variant::Wfi;

use crate::prelude::*;

/// How far ahead the timer is set, in ticks: much longer than the program takes to look.
const AHEAD: u64 = 500;

conformance_tests! {
    /// WFI may end before an interrupt is pending, and on a hart that treats it as NOP it does; a loop around it
    /// ends with the interrupt on any hart, and on one that waits it has a single round.
    wfi_ends_with_an_interrupt_or_before
    [rules "WFI_RESUME_REASON" "wfi_op" "wfi_no_intr_pc" "wfi_intr_dis"]
    [cpus "wfi=nop" "wfi=wait"]
    |p| {
        p.li(A0, device::MTIME).ld(A1, 0, A0).addi(A1, A1, AHEAD as i32);
        p.li(A0, device::MTIMECMP).sd(A1, 0, A0);
        p.write_csr(csr::mie::NUMBER, Interrupt::Mti.bit());
        p.li(A2, 0).li(A3, Interrupt::Mti.bit());
        let again = p.here();
        p.wfi();
        p.addi(A2, A2, 1).csrr(A4, csr::mip::NUMBER).and(A4, A4, A3);
        p.beqz(A4, again);
        p.sltiu(A2, A2, 2);
        let at_once = u64::from(p.cpu().wfi != Wfi::Nop);
        p.check_eq(A2, at_once, "one round was enough");
        p.csrw(csr::mie::NUMBER, ZERO);
    }

    /// WFI in U-mode: there if it completes soon, as on a hart that treats it as NOP, and illegal otherwise.
    wfi_in_user_mode_is_there_by_choice
    [rules "WFI_OPT_U_MODE" "wfi_ill_exc"]
    [cpus "wfi=nop" "wfi=wait"]
    |p| {
        let there = p.cpu().wfi == Wfi::Nop;
        p.in_mode(Mode::U, |p| {
            if there {
                p.wfi();
            } else {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.wfi();
                });
            }
        });
    }
}
