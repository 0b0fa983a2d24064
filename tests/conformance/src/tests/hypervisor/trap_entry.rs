//! Trap entry: which mode takes a trap, and what is written where.

use isa::asm::Asm;

use super::guest::{GPA, Guest, S_ALL, VA, set_spvp};
use crate::Program;
use crate::prelude::*;

/// Exceptions that every mode can raise: the exception, its delegation, its trap value, and how to raise
/// it with `a0` an address where nothing is and `a1` one that is misaligned.
type Raise = (Exception, u64, fn(&mut Asm) -> &mut Asm);
const NOWHERE: u64 = 1 << 54;
const MISALIGNED: u64 = 0x8030_0001;
const RAISES: [Raise; 6] = [
    (Exception::LoadAccessFault, NOWHERE, |p| p.ld(A2, 0, A0)),
    (Exception::StoreAccessFault, NOWHERE, |p| p.sd(A2, 0, A0)),
    (Exception::InstAccessFault, NOWHERE, |p| p.jalr(RA, 0, A0)),
    (Exception::LoadAddrMisaligned, MISALIGNED, |p| p.lr_w(A2, A1, Order::Plain)),
    (Exception::StoreAddrMisaligned, MISALIGNED, |p| p.amoadd_w(A2, A2, A1, Order::Plain)),
    (Exception::IllegalInst, 0xffff_ffff, |p| p.word(0xffff_ffff)),
];

/// The table, with the exceptions of misaligned atomics and the trap values as the hart has them.
fn raises(p: &Program) -> [Raise; 6] {
    let [lr, amo] = p.misaligned_atomics();
    RAISES.map(|(exception, tval, raise)| match exception {
        Exception::LoadAddrMisaligned => (lr, tval, raise),
        Exception::StoreAddrMisaligned => (amo, tval, raise),
        Exception::IllegalInst if !p.cpu().reports_illegal => (exception, 0, raise),
        _ => (exception, tval, raise),
    })
}

/// Raises each exception in `mode` and expects it where the delegation registers say.
fn raise_all(p: &mut Program, mode: Mode, medeleg: u64, hedeleg: u64) {
    let raises = raises(p);
    p.in_mode(mode, |p| {
        p.li(A0, NOWHERE).li(A1, MISALIGNED);
        for (exception, tval, raise) in raises {
            let taken = match (medeleg & exception.bit() != 0, hedeleg & exception.bit() != 0) {
                (true, true) if mode.virt => Mode::VS,
                (true, _) => Mode::HS,
                (false, _) => Mode::M,
            };
            let expected = trap(exception, taken).tval(tval);
            let expected = if exception == Exception::InstAccessFault {
                expected.epc(NOWHERE).tinst(0)
            } else {
                expected
            };
            p.expect_trap(expected, |p| {
                raise(p);
            });
        }
    });
}

/// A field of a status register before a trap and after it.
const SIE: isa::field::Field = csr::sstatus::SIE;
const SPIE: isa::field::Field = csr::sstatus::SPIE;

conformance_tests! {
    /// From each mode, with each exception delegated nowhere, to HS-mode, to VS-mode, and with hedeleg
    /// set where medeleg is not.
    traps_go_where_they_are_delegated
    [rules "H_trap_deleg"]
    [cases 20]
    [needs H]
    [only |cpu| delegates(cpu, &[
        Exception::InstAccessFault, Exception::IllegalInst, Exception::LoadAddrMisaligned,
        Exception::LoadAccessFault, Exception::StoreAddrMisaligned, Exception::StoreAccessFault,
    ])]
    |p| {
        let all = RAISES.iter().fold(0, |bits, (exception, ..)| bits | exception.bit());
        for mode in [Mode::U, Mode::HS, Mode::VU, Mode::VS] {
            for (medeleg, hedeleg) in [(0, 0), (all, 0), (0, all), (all, all)] {
                p.write_csr(csr::medeleg::NUMBER, medeleg);
                p.write_csr(csr::hedeleg::NUMBER, hedeleg);
                raise_all(p, mode, medeleg, hedeleg);
            }
        }
    }

    /// Each exception has a bit of its own in both registers.
    delegation_bit_by_bit
    [rules "H_trap_deleg"]
    [needs H]
    [only |cpu| delegates(cpu, &[
        Exception::InstAccessFault, Exception::IllegalInst, Exception::LoadAddrMisaligned,
        Exception::LoadAccessFault, Exception::StoreAddrMisaligned, Exception::StoreAccessFault,
    ])]
    [cpus "misaligned-amo=access"]
    |p| {
        let all = RAISES.iter().fold(0, |bits, (exception, ..)| bits | exception.bit());
        for (exception, ..) in raises(p) {
            p.write_csr(csr::medeleg::NUMBER, exception.bit());
            p.write_csr(csr::hedeleg::NUMBER, all);
            raise_all(p, Mode::VU, exception.bit(), all);
            p.write_csr(csr::medeleg::NUMBER, all);
            p.write_csr(csr::hedeleg::NUMBER, exception.bit());
            raise_all(p, Mode::VS, all, exception.bit());
        }
    }

    /// VS-level interrupts, which M-mode never takes: with hideleg into VS-mode, by the numbers that it
    /// knows; without it into HS-mode.
    vs_level_interrupts_by_hideleg
    [rules "H_trap_deleg" "H_trap_vs_csrwrites" "H_cause" "H_trap_xtinst_interrupt"]
    [cases 20 5]
    [needs H]
    |p| {
        for (vs_level, seen) in [(Interrupt::Vssi, Interrupt::Ssi), (Interrupt::Vsti, Interrupt::Sti), (Interrupt::Vsei, Interrupt::Sei)] {
            p.write_csr(csr::hvip::NUMBER, vs_level.bit());
            p.write_csr(csr::hideleg::NUMBER, vs_level.bit());
            p.write_csr(csr::hie::NUMBER, 0);
            p.write_csr(csr::vsstatus::NUMBER, 0);
            p.in_mode(Mode::VS, |p| {
                p.write_csr(csr::sie::NUMBER, seen.bit());
                p.expect_interrupt(interrupt(seen, Mode::VS).status(SPIE, 1).status(SIE, 0), |p| {
                    p.csrsi(csr::sstatus::NUMBER, 1 << SIE.lo);
                });
            });
            p.write_csr(csr::hideleg::NUMBER, 0);
            p.clear_csr(csr::sstatus::NUMBER, SIE.mask());
            p.write_csr(csr::hie::NUMBER, vs_level.bit());
            p.in_mode(Mode::HS, |p| {
                p.expect_interrupt(interrupt(vs_level, Mode::HS).gva(false).tinst(0).tval2(0), |p| {
                    p.csrsi(csr::sstatus::NUMBER, 1 << SIE.lo);
                });
            });
            p.write_csr(csr::hie::NUMBER, 0);
            p.write_csr(csr::hvip::NUMBER, 0);
        }
    }

    /// Into M-mode: MPV and MPP name the mode that was left; MPIE takes MIE, which is cleared.
    entry_into_m
    [rules "H_trap_m_csrwrites" "mstatus_mpv_op" "H_cause_ecall" "H_cause"]
    [cases 12]
    [needs H]
    |p| {
        let modes = [
            (Mode::U, Exception::EcallU), (Mode::HS, Exception::EcallS),
            (Mode::VU, Exception::EcallU), (Mode::VS, Exception::EcallVs),
        ];
        for (mode, cause) in modes {
            for mpie in [0, 1] {
                // MRET makes it MIE.
                p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPIE, mpie);
                p.in_mode(mode, |p| {
                    let expected = trap(cause, Mode::M).tval(0).tval2(0).tinst(0).gva(false);
                    let expected = expected.status(csr::mstatus::MPIE, mpie).status(csr::mstatus::MIE, 0);
                    let expected = expected.status(csr::mstatus::MPP, mode.privilege as u64);
                    p.expect_trap(expected.status(csr::mstatus::MPV, mode.virt.into()), |p| {
                        p.ecall();
                    });
                });
            }
        }
        for mie in [0, 1] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPV, 1);
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::MIE, mie);
            let expected = trap(Exception::EcallM, Mode::M).status(csr::mstatus::MPIE, mie);
            let expected = expected.status(csr::mstatus::MIE, 0).status(csr::mstatus::MPP, 3);
            p.expect_trap(expected.status(csr::mstatus::MPV, 0), |p| {
                p.ecall();
            });
        }
    }

    /// Into HS-mode: SPV and SPP name the mode that was left, SPIE takes SIE, which is cleared; vsstatus
    /// stays as it was.
    entry_into_hs
    [rules "H_trap_hs_csrwrites" "H_cause_ecall"]
    [cases 19]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::EcallU, Exception::EcallS, Exception::EcallVs])]
    |p| {
        p.write_csr(csr::medeleg::NUMBER, Exception::EcallU.bit() | Exception::EcallVs.bit() | Exception::EcallS.bit());
        let modes = [
            (Mode::U, Exception::EcallU), (Mode::HS, Exception::EcallS),
            (Mode::VU, Exception::EcallU), (Mode::VS, Exception::EcallVs),
        ];
        for (mode, cause) in modes {
            for sie in [0, 1] {
                p.set_field(csr::sstatus::NUMBER, SIE, sie);
                p.set_field(csr::sstatus::NUMBER, SPIE, 1 - sie);
                p.set_field(csr::vsstatus::NUMBER, SIE, 1 - sie);
                p.set_field(csr::vsstatus::NUMBER, SPIE, sie);
                p.set_field(csr::vsstatus::NUMBER, csr::sstatus::SPP, 1 - (mode.privilege as u64));
                p.write_csr(csr::vstval::NUMBER, 0x5a5a);
                p.write_csr(csr::vscause::NUMBER, 5);
                p.write_csr(csr::vsepc::NUMBER, 0x1234);
                p.in_mode_leaving_by(Leave::Illegal, mode, |p| {
                    let expected = trap(cause, Mode::HS).tval(0).tval2(0).tinst(0).gva(false);
                    let expected = expected.status(SPIE, sie).status(SIE, 0);
                    let expected = expected.vsstatus(SIE, 1 - sie).vsstatus(SPIE, sie);
                    let expected = expected.vsstatus(csr::sstatus::SPP, 1 - (mode.privilege as u64));
                    p.expect_trap(expected.hstatus(csr::hstatus::SPV, mode.virt.into()), |p| {
                        p.ecall();
                    });
                });
                p.check_csr(csr::vstval::NUMBER, 0x5a5a, "vstval after a trap into HS-mode");
                p.check_csr(csr::vscause::NUMBER, 5, "vscause after a trap into HS-mode");
                p.check_csr(csr::vsepc::NUMBER, 0x1234, "vsepc after a trap into HS-mode");
            }
        }
    }

    /// SPVP takes SPP when the trap comes from V=1, and stays otherwise.
    entry_into_hs_and_spvp
    [rules "H_trap_hs_csrwrites"]
    [cases 53 54]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::LoadAccessFault])]
    |p| {
        p.write_csr(csr::medeleg::NUMBER, Exception::LoadAccessFault.bit());
        for before in [0, 1] {
            for mode in [Mode::U, Mode::HS, Mode::VU, Mode::VS] {
                set_spvp(p, before == 1);
                let after = if mode.virt { mode.privilege as u64 } else { before };
                p.in_mode(mode, |p| {
                    p.li(A0, NOWHERE);
                    let expected = trap(Exception::LoadAccessFault, Mode::HS).tval(NOWHERE);
                    p.expect_trap(expected.hstatus(csr::hstatus::SPVP, after), |p| {
                        p.ld(A1, 0, A0);
                    });
                });
            }
        }
    }

    /// Into VS-mode: SPP, SPIE and SIE of vsstatus; hstatus and sstatus, and the trap CSRs of HS-mode,
    /// stay as they were.
    entry_into_vs
    [rules "H_trap_vs_csrwrites"]
    [cases 19]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::LoadAccessFault])]
    |p| {
        let bit = Exception::LoadAccessFault.bit();
        p.write_csr(csr::medeleg::NUMBER, bit);
        p.write_csr(csr::hedeleg::NUMBER, bit);
        for mode in [Mode::VU, Mode::VS] {
            for sie in [0, 1] {
                p.set_field(csr::vsstatus::NUMBER, SIE, sie);
                let hs = SIE.of(1 - sie) | SPIE.of(sie) | csr::sstatus::SPP.of(1 - (mode.privilege as u64));
                p.clear_csr(csr::sstatus::NUMBER, SIE.mask() | SPIE.mask() | csr::sstatus::SPP.mask());
                p.set_csr(csr::sstatus::NUMBER, hs);
                let spvp = csr::hstatus::SPVP.of(1 - (mode.privilege as u64));
                let hstatus = spvp | csr::hstatus::GVA.of(sie);
                p.write_csr(csr::hstatus::NUMBER, hstatus);
                // Values that traps can leave there, and this one would not.
                let others = [
                    (csr::scause::NUMBER, Exception::StoreGuestPageFault as u64),
                    (csr::stval::NUMBER, 0x3008),
                    (csr::sepc::NUMBER, 0x3000),
                    (csr::htval::NUMBER, if p.cpu().reports_gpa { 0x3000 } else { 0 }),
                    (csr::htinst::NUMBER, if p.cpu().reports_gpa { 0x3000 } else { 0 }),
                ];
                for (csr, value) in others {
                    p.write_csr(csr, value);
                }
                p.in_mode(mode, |p| {
                    p.li(A0, NOWHERE);
                    let expected = trap(Exception::LoadAccessFault, Mode::VS).tval(NOWHERE);
                    let expected = expected.status(SPIE, sie).status(SIE, 0);
                    p.expect_trap(expected.status(csr::sstatus::SPP, mode.privilege as u64), |p| {
                        p.ld(A1, 0, A0);
                    });
                });
                for (csr, value) in others {
                    p.check_csr(csr, value, "a trap CSR of HS-mode after a trap into VS-mode");
                }
                let mask = SIE.mask() | SPIE.mask() | csr::sstatus::SPP.mask();
                p.check_csr_bits(csr::sstatus::NUMBER, mask, hs, "sstatus after a trap into VS-mode");
                let mask = csr::hstatus::GVA.mask() | csr::hstatus::SPV.mask() | csr::hstatus::SPVP.mask();
                p.check_csr_bits(csr::hstatus::NUMBER, mask, hstatus, "hstatus after a trap into VS-mode");
            }
        }
    }

    /// Guest-page faults go to HS-mode at most, though hedeleg be written with ones.
    guest_page_faults_stop_at_hs
    [rules "H_guest_page_fault" "H_trap_deleg"]
    [needs H]
    [only |cpu| delegates(cpu, &[
        Exception::InstGuestPageFault, Exception::LoadGuestPageFault, Exception::VirtualInst,
        Exception::StoreGuestPageFault,
    ])]
    |p| {
        p.write_csr(csr::medeleg::NUMBER, 7 << 20 | 1 << 23);
        p.write_csr(csr::hedeleg::NUMBER, !(1 << 2));
        Guest::new(p, S_ALL, 0);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, VA);
            p.expect_trap(trap(Exception::LoadGuestPageFault, Mode::HS).tval(VA).gpa(GPA), |p| {
                p.ld(A1, 0, A0);
            });
            p.expect_trap(trap(Exception::StoreGuestPageFault, Mode::HS).tval(VA).gpa(GPA), |p| {
                p.sd(A1, 0, A0);
            });
            p.expect_trap(trap(Exception::InstGuestPageFault, Mode::HS).tval(VA).gpa(GPA).epc(VA), |p| {
                p.jalr(RA, 0, A0);
            });
            p.expect_trap(trap(Exception::VirtualInst, Mode::HS).tval_inst(), |p| {
                p.csrr(A1, csr::hgatp::NUMBER);
            });
        });
    }

    /// A virtual instruction does not colour the trap after it: an illegal one is illegal, and the other
    /// way round.
    virtual_then_illegal
    [rules "H_cause_virtual_instruction" "H_virtinst_xtval"]
    [cases 18 21]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::IllegalInst, Exception::VirtualInst])]
    |p| {
        for taken in [Mode::M, Mode::HS] {
            let both = Exception::VirtualInst.bit() | Exception::IllegalInst.bit();
            p.write_csr(csr::medeleg::NUMBER, if taken == Mode::M { 0 } else { both });
            for mode in [Mode::VS, Mode::VU] {
                p.in_mode(mode, |p| {
                    for _ in 0..2 {
                        p.expect_trap(trap(Exception::VirtualInst, taken).tval_inst(), |p| {
                            p.csrr(A0, csr::htinst::NUMBER);
                        });
                        p.expect_trap(trap(Exception::IllegalInst, taken).tval_inst(), |p| {
                            p.csrr(A0, csr::mtinst::NUMBER);
                        });
                    }
                });
            }
            p.in_mode(Mode::U, |p| {
                p.expect_trap(trap(Exception::IllegalInst, taken).tval_inst(), |p| {
                    p.csrr(A0, csr::htinst::NUMBER);
                });
            });
        }
    }
}
