//! MIE and SIE, and the two levels of interrupt enables and privilege that traps and returns from them keep.

use crate::Program;
use crate::prelude::*;

use crate::tests::handler::taken_at_once;

conformance_tests! {
    /// In M-mode, MIE decides about M-level interrupts.
    mie_decides_in_m
    [rules "mstatus_mie_op"]
    |p| {
        pend_machine_software(p);
        p.csrci(csr::mstatus::NUMBER, MIE);
        p.expect_no_trap("no interrupt while MIE is clear", |p| {
            p.csrsi(csr::mstatus::NUMBER, SIE);
        });
        p.expect_interrupt(interrupt(Interrupt::Msi, Mode::M), |p| {
            p.csrsi(csr::mstatus::NUMBER, MIE);
        });
        p.csrci(csr::mstatus::NUMBER, SIE | MIE);
        p.write_csr(csr::mie::NUMBER, Interrupt::Msi.bit());
        p.expect_interrupt(interrupt(Interrupt::Msi, Mode::M), |p| {
            p.csrsi(csr::mstatus::NUMBER, MIE);
        });
    }

    /// In S-mode, SIE decides about S-level interrupts.
    sie_decides_in_s
    [rules "mstatus_sie_op"]
    |p| {
        pend_supervisor_software(p);
        p.csrci(csr::mstatus::NUMBER, SIE);
        p.in_mode(Mode::HS, |p| {
            p.expect_no_trap("no interrupt while SIE is clear", |p| {
                p.nop();
            });
            p.expect_interrupt(interrupt(Interrupt::Ssi, Mode::HS), |p| {
                p.csrsi(csr::sstatus::NUMBER, SIE);
            });
        });
        // MIE says nothing about them.
        pend_supervisor_software(p);
        p.csrsi(csr::mstatus::NUMBER, 1 << csr::mstatus::MIE.lo);
        p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MPIE.mask());
        p.csrci(csr::mstatus::NUMBER, SIE);
        p.in_mode(Mode::HS, |p| {
            p.expect_no_trap("no interrupt while SIE is clear and MIE set", |p| {
                p.nop();
            });
        });
    }

    /// Interrupts for a lower mode are disabled whatever its enable says; those for a higher mode are
    /// enabled.
    other_modes_enables_do_not_matter
    [rules "mstatus_xie_intr_en_dis"]
    |p| {
        // For S-mode while in M-mode.
        pend_supervisor_software(p);
        p.expect_no_trap("no S-level interrupt in M-mode", |p| {
            p.csrsi(csr::mstatus::NUMBER, SIE | MIE);
        });
        p.csrci(csr::mstatus::NUMBER, SIE | MIE);
        // For S-mode while in U-mode.
        for sie in [0, SIE] {
            pend_supervisor_software(p);
            p.csrci(csr::mstatus::NUMBER, SIE).csrsi(csr::mstatus::NUMBER, sie);
            taken_at_once(p, Mode::U, Interrupt::Ssi, Mode::HS);
        }
        // For M-mode while in S- and U-mode; MPIE becomes MIE by MRET.
        for mode in [Mode::HS, Mode::U] {
            for (sie, mpie) in [(0, 0), (SIE, 0), (0, 1), (SIE, 1)] {
                pend_machine_software(p);
                p.csrci(csr::mstatus::NUMBER, SIE).csrsi(csr::mstatus::NUMBER, sie);
                p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPIE, mpie);
                taken_at_once(p, mode, Interrupt::Msi, Mode::M);
            }
        }
    }

    /// A trap into M-mode moves MIE to MPIE and clears it, MPP names the mode that trapped, and nothing of
    /// S-mode's changes.
    traps_into_m_push
    [rules "mstatus_xpie_op" "mstatus_xpp_op" "mstatus_xpie_trap_op" "mstatus_xie_trap_op"
        "mstatus_xpp_trap_op"]
    |p| {
        use csr::mstatus::{MIE, MPIE, MPP, SIE, SPIE, SPP};
        for (mie, other) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
            let (sie, spie, spp) = (other, 1 - other, other);
            let m = (Mode::M, Exception::EcallM, 3);
            for (mode, cause, y) in [m, (Mode::HS, Exception::EcallS, 1), (Mode::U, Exception::EcallU, 0)] {
                let expected = trap(cause, Mode::M)
                    .status(MIE, 0)
                    .status(MPIE, mie)
                    .status(MPP, y)
                    .status(SIE, sie)
                    .status(SPIE, spie)
                    .status(SPP, spp);
                p.write_csr(csr::mstatus::NUMBER, SIE.of(sie) | SPIE.of(spie) | SPP.of(spp));
                if mode == Mode::M {
                    p.set_csr(csr::mstatus::NUMBER, MIE.of(mie) | MPIE.of(1 - mie));
                    p.expect_trap(expected, |p| {
                        p.ecall();
                    });
                } else {
                    // MRET makes MPIE to MIE.
                    p.set_csr(csr::mstatus::NUMBER, MPIE.of(mie) | MIE.of(1 - mie));
                    p.in_mode(mode, |p| {
                        p.expect_trap(expected, |p| {
                            p.ecall();
                        });
                    });
                }
            }
        }
    }

    /// A trap into S-mode moves SIE to SPIE and clears it, SPP names the mode that trapped, and nothing of
    /// M-mode's changes.
    traps_into_s_push
    [rules "mstatus_xpie_op" "mstatus_xpp_op" "mstatus_xpie_trap_op" "mstatus_xie_trap_op"
        "mstatus_xpp_trap_op"]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        use csr::mstatus::{MIE, MPIE, SIE, SPIE, SPP};
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        for (mode, y) in [(Mode::HS, 1), (Mode::U, 0)] {
            for sie in [0, 1] {
                let before = SIE.of(sie) | SPIE.of(1 - sie) | SPP.of(1 - y);
                p.write_csr(csr::mstatus::NUMBER, before | MPIE.of(1));
                p.in_mode(mode, |p| {
                    let expected = trap(Exception::Breakpoint, Mode::HS);
                    p.expect_trap(expected.status(SIE, 0).status(SPIE, sie).status(SPP, y), |p| {
                        p.ebreak();
                    });
                    // SRET has put SIE back; MIE, which MRET has made 1, is still.
                    let cause = if mode == Mode::HS { Exception::EcallS } else { Exception::EcallU };
                    p.expect_trap(trap(cause, Mode::M).status(SIE, sie).status(MPIE, 1).status(MIE, 0), |p| {
                        p.ecall();
                    });
                });
            }
        }
    }

    /// MRET puts MPIE into MIE, goes to the mode in MPP, sets MPIE and makes MPP U.
    mret_pops
    [rules "mstatus_xie_xret_op" "mstatus_xpie_xret_op" "mstatus_xpp_xret_op"]
    |p| {
        use csr::mstatus::{MIE, MPIE, MPP, SIE, SPIE, SPP};
        for mpie in [0, 1] {
            // To M-mode, where all can be seen at once.
            let others = SIE.of(mpie) | SPIE.of(1 - mpie) | SPP.of(1);
            p.write_csr(csr::mstatus::NUMBER, MPP.of(3) | MPIE.of(mpie) | MIE.of(1 - mpie) | others);
            let after = p.label();
            p.la(A0, after).csrw(csr::mepc::NUMBER, A0).mret();
            p.unreachable("MRET goes to mepc");
            p.place(after);
            let fields = [MPP, MPIE, MIE, SIE, SPIE, SPP];
            let mask = fields.into_iter().fold(0, |mask, field| mask | field.mask());
            let expected = MIE.of(mpie) | MPIE.of(1) | others;
            p.check_csr_bits(csr::mstatus::NUMBER, mask, expected, "mstatus after MRET");
            p.csrw(csr::mstatus::NUMBER, ZERO);
            // Below, the next trap says what MIE was.
            for (mode, cause) in [(Mode::HS, Exception::EcallS), (Mode::U, Exception::EcallU)] {
                p.write_csr(csr::mstatus::NUMBER, MPIE.of(mpie) | MIE.of(1 - mpie));
                p.in_mode(mode, |p| {
                    p.expect_trap(trap(cause, Mode::M).status(MPIE, mpie), |p| {
                        p.ecall();
                    });
                });
            }
        }
    }

    /// SRET puts SPIE into SIE, goes to the mode in SPP, sets SPIE and makes SPP U; in M-mode as in S-mode.
    sret_pops
    [rules "mstatus_xie_xret_op" "mstatus_xpie_xret_op" "mstatus_xpp_xret_op"]
    |p| {
        use csr::mstatus::{MIE, MPIE, SIE, SPIE, SPP};
        for (spp, spie) in [(0, 0), (0, 1), (1, 0), (1, 1)] {
            let before = SIE.of(1 - spie) | SPIE.of(spie) | SPP.of(spp);
            let (to, cause) = below(spp);
            p.write_csr(csr::mstatus::NUMBER, before);
            p.in_mode(Mode::HS, |p| {
                let inside = p.label();
                p.la(A0, inside).csrw(csr::sepc::NUMBER, A0).sret();
                p.unreachable("SRET goes to sepc");
                p.place(inside);
                p.assume_mode(to);
                p.expect_trap(trap(cause, Mode::M).status(SIE, spie).status(SPIE, 1).status(SPP, 0), |p| {
                    p.ecall();
                });
            });
            for mie in [0, 1] {
                p.write_csr(csr::mstatus::NUMBER, before | MIE.of(mie) | MPIE.of(1 - mie));
                sret_and_ecall(p, cause);
                let expected = SIE.of(spie) | SPIE.of(1) | MPIE.of(mie) | csr::mstatus::MPP.of(spp);
                let fields = [SIE, SPIE, SPP, MIE, MPIE, csr::mstatus::MPP];
                let mask = fields.into_iter().fold(0, |mask, field| mask | field.mask());
                p.check_bits(A0, mask, expected, "mstatus after SRET in M-mode and an environment call");
            }
        }
    }

    /// MRET and SRET to a mode below M clear MPRV; MRET to M-mode leaves it.
    returns_below_m_clear_mprv
    [rules "mstatus_mprv_xret_op" "mstatus_mprv_clr_mret_sret_less_priv"]
    |p| {
        use csr::mstatus::{MPP, MPRV, SPP};
        for mprv in [0, 1] {
            let after = p.label();
            p.write_csr(csr::mstatus::NUMBER, MPP.of(3) | MPRV.of(mprv));
            p.la(A0, after).csrw(csr::mepc::NUMBER, A0).mret();
            p.place(after);
            // MPP is U now, so nothing may be loaded before MPRV is clear.
            p.csrr(A0, csr::mstatus::NUMBER);
            p.clear_csr(csr::mstatus::NUMBER, MPRV.mask());
            p.check_bits(A0, MPRV.mask(), MPRV.of(mprv), "MPRV after MRET to M-mode");
        }
        for (mode, cause) in [(Mode::HS, Exception::EcallS), (Mode::U, Exception::EcallU)] {
            p.write_csr(csr::mstatus::NUMBER, MPP.of(3) | MPRV.of(1));
            p.in_mode(mode, |p| {
                p.expect_trap(trap(cause, Mode::M).status(MPRV, 0), |p| {
                    p.ecall();
                });
            });
        }
        for spp in [0, 1] {
            p.write_csr(csr::mstatus::NUMBER, MPP.of(3) | MPRV.of(1) | SPP.of(spp));
            sret_and_ecall(p, below(spp).1);
            p.check_bits(A0, MPRV.mask(), 0, "MPRV after SRET in M-mode");
        }
    }
}

/// The bits as CSRRSI takes them.
const SIE: u8 = 1 << csr::mstatus::SIE.lo;
const MIE: u8 = 1 << csr::mstatus::MIE.lo;

/// Makes the machine software interrupt pending and enables it in mie.
fn pend_machine_software(p: &mut Program) {
    p.li(A0, device::MSIP).li(A1, 1).sw(A1, 0, A0);
    p.write_csr(csr::mie::NUMBER, Interrupt::Msi.bit());
}

/// Delegates the supervisor software interrupt, makes it pending, and enables it in mie.
fn pend_supervisor_software(p: &mut Program) {
    let ssi = Interrupt::Ssi.bit();
    p.write_csr(csr::mideleg::NUMBER, ssi);
    p.write_csr(csr::mie::NUMBER, ssi);
    p.set_csr(csr::mip::NUMBER, ssi);
}

/// The mode below M that this is the number of, and the cause of its environment calls.
fn below(privilege: u64) -> (Mode, Exception) {
    if privilege == 1 { (Mode::HS, Exception::EcallS) } else { (Mode::U, Exception::EcallU) }
}

/// Executes SRET in M-mode, to an environment call in the mode that SPP says; `a0` is mstatus back in M-mode.
fn sret_and_ecall(p: &mut Program, cause: Exception) {
    let (inside, back) = (p.label(), p.label());
    p.csrr(A4, csr::mtvec::NUMBER);
    p.la(A0, back).csrw(csr::mtvec::NUMBER, A0);
    p.la(A0, inside).csrw(csr::sepc::NUMBER, A0).sret();
    p.unreachable("SRET goes to sepc");
    p.place(inside);
    p.ecall();
    p.align(4);
    p.place(back);
    p.csrw(csr::mtvec::NUMBER, A4).csrr(A0, csr::mstatus::NUMBER);
    p.check_csr(csr::mcause::NUMBER, cause as u64, "the cause of the environment call");
}
