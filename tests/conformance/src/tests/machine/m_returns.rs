//! ECALL, EBREAK, MRET, SRET and WFI.

use crate::prelude::*;
use crate::tests::handler::{caught, trap_again};
use csr::mstatus::{MIE, MPIE, MPP, TSR, TW};

conformance_tests! {
    /// ECALL and EBREAK leave their own address in xepc and are not counted as retired.
    m_calls_do_not_retire
    [rules "ecall_epc_value" "ebreak_epc_value" "ecall_no_minstret_inc" "ebreak_no_minstret_inc"]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint, Exception::EcallU])]
    |p| {
        for breakpoint in [false, true] {
            let here = p.label();
            caught(p, Mode::M, |p| {
                p.la(A3, here).csrr(A0, csr::minstret::NUMBER);
                p.place(here);
                if breakpoint { p.ebreak() } else { p.ecall() };
            });
            p.csrr(A1, csr::minstret::NUMBER).csrr(A4, csr::mepc::NUMBER);
            trap_again(p);
            p.sub(A1, A1, A0);
            // The read itself, and the handler's write of mtvec.
            p.check_eq(A1, 2, "instructions retired from one read of minstret to the next");
            p.check_eq_reg(A4, A3, "mepc");
        }
        p.write_csr(csr::medeleg::NUMBER, Exception::EcallU.bit() | Exception::Breakpoint.bit());
        p.in_mode_leaving_by(Leave::Illegal, Mode::U, |p| {
            p.expect_trap(trap(Exception::EcallU, Mode::HS), |p| { p.ecall(); });
            p.expect_trap(trap(Exception::Breakpoint, Mode::HS), |p| { p.ebreak(); });
        });
    }

    /// The encodings of MRET, SRET and WFI are these words.
    m_encodings_of_returns
    [rules "mret_enc" "sret_enc" "wfi_enc" "mret_presence" "sret_presence"]
    |p| {
        let after = p.label();
        p.write_csr(csr::mstatus::NUMBER, MPP.of(3) | MPIE.of(0));
        p.la(A0, after).csrw(csr::mepc::NUMBER, A0).word(0x3020_0073);
        p.unreachable("MRET jumps");
        p.place(after);
        let supervisor = p.label();
        p.write_csr(csr::mstatus::NUMBER, csr::mstatus::SPP.of(1));
        caught(p, Mode::M, |p| {
            p.la(A0, supervisor).csrw(csr::sepc::NUMBER, A0).word(0x1020_0073);
            p.place(supervisor);
            p.assume_mode(Mode::HS);
            p.ecall();
        });
        p.check_csr(csr::mcause::NUMBER, Exception::EcallS as u64, "mcause: SRET from M-mode went to S-mode");
        p.write_csr(csr::mie::NUMBER, Interrupt::Ssi.bit());
        p.write_csr(csr::mip::NUMBER, Interrupt::Ssi.bit());
        p.word(0x1050_0073);
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// Who may execute xRET: a mode may not return for one above it, M-mode may execute SRET.
    m_who_may_return
    [rules "mret_in_S_mode" "mret_in_U_mode" "sret_in_U_mode" "sret_in_M_mode" "sret_ill_inst_exc_rst"]
    [cases 64]
    |p| {
        let illegal = || trap(Exception::IllegalInst, Mode::M).tval_inst();
        for tsr in [0, 1] {
            p.set_field(csr::mstatus::NUMBER, TSR, tsr);
            p.in_mode(Mode::HS, |p| {
                p.expect_trap(illegal(), |p| { p.mret(); });
                if tsr == 1 {
                    p.expect_trap(illegal(), |p| { p.sret(); });
                }
            });
            p.in_mode(Mode::U, |p| {
                p.expect_trap(illegal(), |p| { p.mret(); });
                p.expect_trap(illegal(), |p| { p.sret(); });
            });
        }
        // In M-mode SRET pops the stack of S-mode, whatever TSR says.
        for spie in [0, 1] {
            let target = p.label();
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::SPP, 0);
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::SPIE, spie);
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::SIE, 1 - spie);
            caught(p, Mode::M, |p| {
                p.la(A0, target).csrw(csr::sepc::NUMBER, A0).sret();
                p.place(target);
                p.assume_mode(Mode::U);
                p.ecall();
            });
            p.check_csr(csr::mcause::NUMBER, Exception::EcallU as u64, "mcause: SRET went to U-mode");
            p.check_csr_bits(csr::mstatus::NUMBER, csr::mstatus::SIE.mask(), csr::mstatus::SIE.of(spie), "SIE");
        }
    }

    /// xRET goes to xepc, and an interrupt that it lets come comes before the instruction there.
    m_returns_go_to_epc
    [rules "mret_op" "sret_op" "intr_mip_mie_xret_csrwr"]
    |p| {
        let target = p.label();
        p.write_csr(csr::mip::NUMBER, Interrupt::Ssi.bit());
        p.write_csr(csr::mie::NUMBER, Interrupt::Ssi.bit());
        p.write_csr(csr::mstatus::NUMBER, MPP.of(3) | MPIE.mask() | csr::mstatus::FS.of(1));
        p.la(A0, target).csrw(csr::mepc::NUMBER, A0);
        p.expect_interrupt(interrupt(Interrupt::Ssi, Mode::M).at(target).status(MPIE, 1), |p| {
            p.mret();
            p.unreachable("MRET jumps");
            p.place(target);
            p.nop();
        });
        p.write_csr(csr::mip::NUMBER, 0);
        p.clear_csr(csr::mstatus::NUMBER, MIE.mask());
        let odd = p.label();
        p.in_mode(Mode::HS, |p| {
            p.set_csr(csr::sstatus::NUMBER, csr::sstatus::SPP.mask());
            p.la(A0, odd).csrw(csr::sepc::NUMBER, A0).sret();
            p.unreachable("SRET jumps");
            p.place(odd);
        });
    }

    /// WFI goes on when a locally enabled interrupt is pending, whatever the global enables and delegation
    /// say; where the interrupt is not taken, at the next instruction, else mepc is the next instruction.
    m_wfi_wakes
    [rules "wfi_op" "wfi_all_privileged_modes" "wfi_mepc_val" "wfi_intr_dis" "wfi_unaffected_conditions"
        "wfi_no_intr_pc"]
    [cpus "wfi=nop" "wfi=trap"]
    |p| {
        let ssi = Interrupt::Ssi.bit();
        for delegated in [0, ssi] {
            p.write_csr(csr::mideleg::NUMBER, delegated);
            p.write_csr(csr::mip::NUMBER, ssi);
            p.write_csr(csr::mie::NUMBER, ssi);
            p.clear_csr(csr::mstatus::NUMBER, MIE.mask() | csr::mstatus::SIE.mask());
            p.li(A0, 1).wfi().li(A0, 2);
            p.check_eq(A0, 2, "the instruction after WFI in M-mode");
            if delegated != 0 {
                p.in_mode(Mode::HS, |p| {
                    p.li(A0, 1).wfi().li(A0, 3);
                    p.check_eq(A0, 3, "the instruction after WFI in S-mode");
                });
            }
        }
        p.write_csr(csr::mideleg::NUMBER, 0);
        // The timer comes while the hart waits.
        p.write_csr(csr::mip::NUMBER, 0);
        p.write_csr(csr::mie::NUMBER, Interrupt::Mti.bit());
        p.li(A0, device::MTIME).ld(A1, 0, A0).addi(A1, A1, 20).li(A0, device::MTIMECMP).sd(A1, 0, A0);
        let (again, next) = (p.label(), p.label());
        p.expect_interrupt(interrupt(Interrupt::Mti, Mode::M), |p| {
            p.csrsi(csr::mstatus::NUMBER, 8);
            p.place(again);
            p.wfi();
            p.place(next);
            p.j(again);
        });
        p.clear_csr(csr::mstatus::NUMBER, MIE.mask());
        p.store(device::MTIMECMP, u64::MAX);
    }

    /// With TW set, WFI below M-mode may raise an illegal-instruction exception; with it clear S-mode may wait.
    m_wfi_with_tw
    [rules "wfi_ill_exc"]
    [cases 63]
    [cpus "wfi=trap"]
    |p| {
        p.write_csr(csr::mideleg::NUMBER, Interrupt::Ssi.bit());
        p.write_csr(csr::mie::NUMBER, Interrupt::Ssi.bit());
        for tw in [0, 1] {
            // Nothing wakes a hart that would have to wait for ever; with TW it need not.
            p.write_csr(csr::mip::NUMBER, if tw == 1 { 0 } else { Interrupt::Ssi.bit() });
            p.set_field(csr::mstatus::NUMBER, TW, tw);
            let waits = p.cpu().wfi != iss::variant::Wfi::Nop;
            p.in_mode(Mode::HS, |p| {
                if tw == 1 && waits {
                    p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| { p.wfi(); });
                } else {
                    p.wfi();
                }
            });
        }
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// What a hart begins with: M-mode, interrupts off, no MPRV, no reservation, no PMP entry, Bare, and a
    /// cause of zero.
    m_reset
    [rules "M_mode_at_rst" "ld_rsv_rst" "MCAUSE_RST_VAL" "mcause_rst_zero" "PMP_A_L_RST" "warl_rst"
        "mstatus_mie_rst" "mstatus_mprv_rst"]
    |p| {
        let [status, cause, pmpcfg] =
            [csr::mstatus::NUMBER, csr::mcause::NUMBER, csr::pmpcfg0::NUMBER].map(|number| p.at_start(number));
        p.li(A0, status).ld(S2, 0, A0).li(A0, pmpcfg).ld(S4, 0, A0);
        p.check_bits(S2, MIE.mask() | csr::mstatus::MPRV.mask(), 0, "MIE and MPRV at reset");
        p.srli(A0, S2, MPP.lo as i32).andi(A0, A0, 3);
        p.check_ne(A0, 2, "MPP at reset, where 2 is no mode");
        p.check_memory(cause, 0, "mcause at reset");
        p.check_bits(S4, 0x9898_9898_9898_9898, 0, "A and L of PMP entries at reset");
        let page = p.page();
        p.li(A0, page).li(A1, 7).sc_d(A2, A1, A0, Order::Plain);
        p.check_ne(A2, 0, "a store-conditional without a reservation");
        p.check_memory(page, 0, "memory that it would have written");
        p.csrr(A0, csr::mtvec::NUMBER).andi(A0, A0, 2);
        p.check_eq(A0, 0, "the upper bit of mtvec.MODE");
    }

    /// With H, translation of the guest is off at reset.
    m_reset_of_the_guest
    [rules "hgatp_vsatp_mode_rst"]
    [needs H]
    |p| {
        for number in [csr::hgatp::NUMBER, csr::vsatp::NUMBER] {
            let at = p.at_start(number);
            p.li(A0, at).ld(A1, 0, A0);
            p.check_bits(A1, csr::hgatp::MODE.mask(), 0, "MODE at reset");
        }
    }
}
