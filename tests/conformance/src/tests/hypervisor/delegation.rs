//! hedeleg and hideleg: which bits there are, and where exceptions go; mideleg and medeleg beside them.

use iss::variant::Misaligned;

use crate::prelude::*;
use crate::{Program, Trap};

conformance_tests! {
    /// The bits of hedeleg that must be writable are, and those that must be zero are zero.
    hedeleg_bits
    [rules "hedeleg_sz" "hedeleg_acc" "HEDELEG_WARL"]
    [cases 84]
    [needs H]
    [cpus "hedeleg=0xcb1ff"]
    |p| {
        let number = csr::hedeleg::NUMBER;
        let mask = HEDELEG_WRITABLE | HEDELEG_ZERO | 1;
        let writable = HEDELEG_WRITABLE | p.cpu().hedeleg & 1;
        p.write_csr(number, u64::MAX);
        p.check_csr_bits(number, mask, writable, "hedeleg after writing ones");
        p.write_csr(number, 0);
        p.check_csr(number, 0, "hedeleg after writing zeros");
        p.in_mode(Mode::HS, |p| {
            for code in 0..64 {
                if mask >> code & 1 == 1 {
                    p.check_write(number, 1 << code, writable & 1 << code, "hedeleg with one bit written");
                }
            }
        });
    }

    /// Of hideleg's standard bits those of the VS-level interrupts are writable, those of the supervisor's
    /// are zero.
    hideleg_bits
    [rules "hideleg_sz" "hideleg_acc" "HIDELEG_WARL"]
    [cases 84]
    [needs H]
    |p| {
        let number = csr::hideleg::NUMBER;
        let zero = Interrupt::Ssi.bit() | Interrupt::Sti.bit() | Interrupt::Sei.bit() | Interrupt::Sgei.bit();
        p.write_csr(csr::mideleg::NUMBER, zero);
        p.write_csr(number, u64::MAX);
        p.check_csr_bits(number, VS_LEVEL | zero, VS_LEVEL, "hideleg after writing ones");
        p.write_csr(number, 0);
        p.check_csr(number, 0, "hideleg after writing zeros");
        p.in_mode(Mode::HS, |p| {
            for interrupt in VS_INTERRUPTS {
                p.check_write(number, interrupt.bit(), interrupt.bit(), "hideleg with one bit written");
            }
        });
    }

    /// An exception of a guest goes to M-mode, to HS-mode when medeleg says so, and to VS-mode when hedeleg
    /// says so too.
    exceptions_of_a_guest_are_delegated_in_two_steps
    [rules "hedeleg_op" "H_trap_vs_csrwrites"]
    [needs H]
    [only |cpu| delegates(cpu, &[
        Exception::IllegalInst, Exception::Breakpoint, Exception::LoadAccessFault,
        Exception::StoreAccessFault, Exception::InstPageFault, Exception::LoadPageFault,
        Exception::StorePageFault,
    ])]
    |p| {
        let vs = p.vs_stage(&SV39);
        p.map(vs, S_PAGES, ABSENT, flags("rwad"));
        p.map(vs, U_PAGES, ABSENT, flags("rwuad"));
        for (exception, access) in EXCEPTIONS {
            let bit = exception.bit();
            for (medeleg, hedeleg) in [(0, 0), (0, bit), (bit, 0), (bit, bit), (bit, !bit), (!bit, bit)] {
                let destination = match (medeleg & bit != 0, hedeleg & bit != 0) {
                    (false, _) => Mode::M,
                    (true, false) => Mode::HS,
                    (true, true) => Mode::VS,
                };
                // The way back to M-mode is left open.
                p.write_csr(csr::medeleg::NUMBER, medeleg & !ECALLS);
                p.write_csr(csr::hedeleg::NUMBER, hedeleg);
                for (mode, pages) in [(Mode::VS, S_PAGES), (Mode::VU, U_PAGES)] {
                    p.in_mode(mode, |p| {
                        p.li(A0, pages).li(A2, pages + 0x1000);
                        p.expect_trap(expected(exception, destination, pages), access);
                    });
                }
            }
        }
    }

    /// So are misaligned accesses, where they trap.
    misaligned_accesses_of_a_guest_are_delegated
    [rules "hedeleg_op"]
    [needs H]
    [cpus "misaligned=trap"]
    |p| {
        let page = p.page();
        p.put(page, 0x1122_3344);
        for (exception, access) in MISALIGNED {
            let bit = exception.bit();
            for (medeleg, hedeleg, destination) in
                [(0, bit, Mode::M), (bit, !bit, Mode::HS), (bit, 0, Mode::HS), (bit, bit, Mode::VS)]
            {
                p.write_csr(csr::medeleg::NUMBER, medeleg);
                p.write_csr(csr::hedeleg::NUMBER, hedeleg);
                p.in_mode(Mode::VU, |p| {
                    p.li(A0, page + 1);
                    match p.cpu().misaligned {
                        Misaligned::Trap => p.expect_trap(trap(exception, destination).tval(page + 1), access),
                        Misaligned::Hardware => access(p),
                    }
                });
            }
        }
    }

    /// VU-mode's environment calls can be delegated to VS-mode.
    environment_calls_of_vu_are_delegated
    [rules "hedeleg_op"]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::EcallU])]
    |p| {
        let bit = Exception::EcallU.bit();
        for (medeleg, hedeleg, destination) in [(0, bit, Mode::M), (bit, 0, Mode::HS), (bit, bit, Mode::VS)] {
            p.write_csr(csr::medeleg::NUMBER, medeleg);
            p.write_csr(csr::hedeleg::NUMBER, hedeleg);
            p.in_mode(Mode::VU, |p| {
                p.expect_trap(trap(Exception::EcallU, destination).tval(0), |p| {
                    p.ecall();
                });
            });
        }
    }

    /// At V=0 hedeleg does nothing: an exception that medeleg delegates stays in HS-mode.
    hedeleg_acts_at_v1_only
    [rules "hedeleg_op"]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::IllegalInst, Exception::Breakpoint, Exception::LoadAccessFault])]
    |p| {
        let bits = Exception::IllegalInst.bit() | Exception::Breakpoint.bit() | Exception::LoadAccessFault.bit();
        p.write_csr(csr::medeleg::NUMBER, bits);
        p.write_csr(csr::hedeleg::NUMBER, u64::MAX);
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                p.expect_trap(trap(Exception::IllegalInst, Mode::HS).tval_inst(), |p| {
                    p.csrr(A1, csr::mstatus::NUMBER);
                });
                p.expect_trap(trap(Exception::Breakpoint, Mode::HS), |p| {
                    p.ebreak();
                });
                p.li(A0, ABSENT);
                p.expect_trap(trap(Exception::LoadAccessFault, Mode::HS).tval(ABSENT), |p| {
                    p.ld(A1, 0, A0);
                });
            });
        }
        // M-mode's own exceptions stay in M-mode.
        p.expect_trap(trap(Exception::Breakpoint, Mode::M), |p| {
            p.ebreak();
        });
    }

    /// What concerns the hypervisor cannot be delegated past it: hedeleg has no bit for it.
    what_concerns_the_hypervisor_stays_with_it
    [rules "hedeleg_acc" "hedeleg_op"]
    [cases 84 86]
    [needs H]
    [only |cpu| delegates(cpu, &[
        Exception::EcallVs, Exception::InstGuestPageFault, Exception::LoadGuestPageFault,
        Exception::VirtualInst, Exception::StoreGuestPageFault,
    ])]
    |p| {
        let guest_faults = Exception::LoadGuestPageFault.bit()
            | Exception::StoreGuestPageFault.bit()
            | Exception::InstGuestPageFault.bit();
        p.write_csr(csr::medeleg::NUMBER, guest_faults | Exception::VirtualInst.bit() | Exception::EcallVs.bit());
        p.write_csr(csr::hedeleg::NUMBER, u64::MAX);
        p.g_stage(&SV39X4);
        p.in_mode(Mode::VS, |p| {
            p.li(A0, SPARE);
            p.expect_trap(trap(Exception::LoadGuestPageFault, Mode::HS).tval(SPARE).gpa(SPARE), |p| {
                p.ld(A1, 0, A0);
            });
            p.expect_trap(trap(Exception::StoreGuestPageFault, Mode::HS).tval(SPARE).gpa(SPARE), |p| {
                p.sd(A1, 0, A0);
            });
            p.expect_trap(trap(Exception::InstGuestPageFault, Mode::HS).epc(SPARE).tval(SPARE).gpa(SPARE), |p| {
                p.jr(A0);
            });
            p.expect_trap(trap(Exception::VirtualInst, Mode::HS).tval_inst(), |p| {
                p.csrr(A1, csr::hstatus::NUMBER);
            });
            p.expect_trap(trap(Exception::EcallVs, Mode::HS).tval(0), |p| {
                p.ecall();
            });
        });
    }

    /// medeleg has the bits of the exceptions that the extension adds, and can clear them again.
    medeleg_has_the_hypervisors_exceptions
    [rules "H_cause_ecall"]
    [cases 86]
    [needs H]
    [only |cpu| delegates(cpu, &[
        Exception::EcallVs, Exception::InstGuestPageFault, Exception::LoadGuestPageFault,
        Exception::VirtualInst, Exception::StoreGuestPageFault,
    ])]
    |p| {
        let added = [
            Exception::EcallVs,
            Exception::InstGuestPageFault,
            Exception::LoadGuestPageFault,
            Exception::VirtualInst,
            Exception::StoreGuestPageFault,
        ];
        for exception in added {
            p.check_write(csr::medeleg::NUMBER, exception.bit(), exception.bit(), "medeleg with one bit set");
        }
        p.check_write(csr::medeleg::NUMBER, 0, 0, "medeleg after writing zeros");
        // Calls of HS-mode and VS-mode are told apart.
        p.write_csr(csr::medeleg::NUMBER, Exception::EcallVs.bit());
        p.in_mode(Mode::HS, |p| {
            p.expect_trap(trap(Exception::EcallS, Mode::M).tval(0), |p| {
                p.ecall();
            });
        });
        p.in_mode(Mode::VS, |p| {
            p.expect_trap(trap(Exception::EcallVs, Mode::HS).tval(0), |p| {
                p.ecall();
            });
        });
    }

    /// In mideleg the VS-level interrupts, and the guest external one where there are such, are one for good.
    mideleg_bits_are_read_only_one
    [rules "mideleg_acc_h"]
    [cases 85]
    [needs H]
    [cpus "geilen=0" "geilen=1"]
    |p| {
        let sgei = if p.cpu().geilen > 0 { Interrupt::Sgei.bit() } else { 0 };
        let fixed = VS_LEVEL | sgei;
        let own = Interrupt::Ssi.bit() | Interrupt::Sti.bit() | Interrupt::Sei.bit();
        for (written, read) in [(0, fixed), (u64::MAX, fixed | own), (!fixed, fixed | own), (fixed, fixed)] {
            p.write_csr(csr::mideleg::NUMBER, written);
            p.check_csr_bits(csr::mideleg::NUMBER, fixed | own, read, "mideleg");
        }
    }
}

/// Where nothing answers.
const ABSENT: u64 = 0x700_0000;

const ECALLS: u64 = Exception::EcallU.bit() | Exception::EcallS.bit() | Exception::EcallVs.bit();

const VS_INTERRUPTS: [Interrupt; 3] = [Interrupt::Vssi, Interrupt::Vsti, Interrupt::Vsei];
const VS_LEVEL: u64 = Interrupt::Vssi.bit() | Interrupt::Vsti.bit() | Interrupt::Vsei.bit();

/// The manual's table of hedeleg. It leaves bit 0 open on harts with 16-bit instructions.
const HEDELEG_WRITABLE: u64 = 0b1_1111_1110 | 1 << 12 | 1 << 13 | 1 << 15 | 1 << 18 | 1 << 19;
const HEDELEG_ZERO: u64 = 0b111 << 9 | 1 << 16 | 0b1111 << 20;

/// Where a page lies on which nothing answers, with one that is not mapped after it: those of VS-mode and those
/// of VU-mode.
const S_PAGES: u64 = SPARE;
const U_PAGES: u64 = SPARE + 0x10_0000;

/// What an access of [`EXCEPTIONS`] to `pages` raises.
fn expected(exception: Exception, destination: Mode, pages: u64) -> Trap {
    let expected = trap(exception, destination);
    match exception {
        Exception::IllegalInst => expected.tval_inst(),
        Exception::LoadAccessFault | Exception::StoreAccessFault => expected.tval(pages),
        Exception::LoadPageFault | Exception::StorePageFault => expected.tval(pages + 0x1000),
        Exception::InstPageFault => expected.tval(pages + 0x1000).epc(pages + 0x1000),
        _ => expected,
    }
}

/// Instructions, the last of which traps.
type Access = fn(&mut Program);

/// Exceptions that a guest can raise: `a0` is the address of its page where nothing answers,
/// `a2` that of the one that is not mapped.
const EXCEPTIONS: [(Exception, Access); 7] = [
    (Exception::IllegalInst, |p| {
        p.csrr(A3, csr::mstatus::NUMBER);
    }),
    (Exception::Breakpoint, |p| {
        p.ebreak();
    }),
    (Exception::LoadAccessFault, |p| {
        p.ld(A3, 0, A0);
    }),
    (Exception::StoreAccessFault, |p| {
        p.sd(A3, 0, A0);
    }),
    (Exception::LoadPageFault, |p| {
        p.ld(A3, 0, A2);
    }),
    (Exception::StorePageFault, |p| {
        p.sd(A3, 0, A2);
    }),
    (Exception::InstPageFault, |p| {
        p.jr(A2);
    }),
];

/// Accesses to the odd address in `a0`.
const MISALIGNED: [(Exception, Access); 2] = [
    (Exception::LoadAddrMisaligned, |p| {
        p.lh(A3, 0, A0);
    }),
    (Exception::StoreAddrMisaligned, |p| {
        p.sw(A3, 0, A0);
    }),
];
