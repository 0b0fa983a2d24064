//! GVA in mstatus and hstatus: set when the trap value is a guest virtual address, and only then.

use super::guest::{GPA, Guest, S_ALL, U_ALL, VA, set_spvp};
use crate::Program;
use crate::prelude::*;

const M_GVA: u64 = csr::mstatus::GVA.mask();
const HS_GVA: u64 = csr::hstatus::GVA.mask();

/// Makes GVA of both registers the opposite of what a trap must write.
fn preset(p: &mut Program, gva: bool) {
    p.set_field(csr::mstatus::NUMBER, csr::mstatus::GVA, gva.into());
    p.set_field(csr::hstatus::NUMBER, csr::hstatus::GVA, gva.into());
}

/// Makes M- or HS-mode take the next trap by itself, before the framework's handler is back: cause to
/// `s2`, trap values to `s3` and `s4`, trap instruction to `s5`, the status that has GVA to `s6`, epc to
/// `s7`. The handler masks interrupts and goes on `skip` bytes after epc.
fn catch_once(p: &mut Program, taken: Mode, skip: i32) {
    use csr::{hstatus, htinst, htval, mcause, mepc, mie, mstatus, mtinst, mtval, mtval2, mtvec};
    use csr::{scause, sepc, sie, stval, stvec};
    let (csrs, tvec, enables) = if taken == Mode::M {
        (
            [mcause::NUMBER, mtval::NUMBER, mtval2::NUMBER, mtinst::NUMBER, mstatus::NUMBER, mepc::NUMBER],
            mtvec::NUMBER,
            mie::NUMBER,
        )
    } else {
        (
            [scause::NUMBER, stval::NUMBER, htval::NUMBER, htinst::NUMBER, hstatus::NUMBER, sepc::NUMBER],
            stvec::NUMBER,
            sie::NUMBER,
        )
    };
    let (handler, start) = (p.label(), p.label());
    p.j(start).align(4);
    p.place(handler);
    for (reg, csr) in [S2, S3, S4, S5, S6, S7].into_iter().zip(csrs) {
        p.csrr(reg, csr);
    }
    p.csrw(tvec, S8).csrw(enables, ZERO).addi(S9, S7, skip).csrw(csrs[5], S9);
    if taken == Mode::M {
        p.mret()
    } else {
        p.sret()
    };
    p.place(start);
    p.li(S2, 0).csrr(S8, tvec).la(A0, handler).csrw(tvec, A0);
}

/// Traps whose value is no address, from `mode`, with GVA set before.
fn traps_without_address(p: &mut Program, mode: Mode, taken: Mode) {
    let ecall = match mode {
        Mode::VS => Exception::EcallVs,
        Mode::HS => Exception::EcallS,
        _ => Exception::EcallU,
    };
    preset(p, true);
    p.in_mode(mode, |p| {
        p.expect_trap(trap(Exception::IllegalInst, taken).gva(false).tval2(0).tinst(0), |p| {
            p.word(0xffff_ffff);
        });
    });
    if mode.virt {
        preset(p, true);
        p.in_mode(mode, |p| {
            p.expect_trap(
                trap(Exception::VirtualInst, taken).gva(false).tval2(0).tinst(0).tval_inst(),
                |p| {
                    p.csrr(A0, csr::hstatus::NUMBER);
                },
            );
        });
    }
    preset(p, true);
    p.write_csr(csr::mtval2::NUMBER, 0);
    p.in_mode(mode, |p| {
        p.expect_trap(trap(ecall, Mode::M).gva(false).tval2(0).tinst(0).tval(0), |p| {
            p.ecall();
        });
    });
}

conformance_tests! {
    /// Environment calls, illegal and virtual instructions leave GVA clear, into M-mode and into HS-mode.
    gva_clear_without_an_address
    [rules "mstatus_gva_op"]
    [cases 1 12]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::IllegalInst, Exception::VirtualInst])]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        for mode in [Mode::VS, Mode::VU, Mode::HS, Mode::U] {
            traps_without_address(p, mode, Mode::M);
        }
        p.write_csr(csr::medeleg::NUMBER, Exception::IllegalInst.bit() | Exception::VirtualInst.bit());
        for mode in [Mode::VS, Mode::VU, Mode::HS, Mode::U] {
            traps_without_address(p, mode, Mode::HS);
        }
    }

    /// A breakpoint's value is zero or the guest's address: GVA says which.
    gva_at_breakpoints
    [rules "mstatus_gva_op"]
    [cases 1 2]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        for mode in [Mode::VS, Mode::VU, Mode::HS, Mode::U] {
            preset(p, !mode.virt);
            catch_once(p, Mode::M, 4);
            p.in_mode(mode, |p| {
                p.ebreak();
            });
            p.check_eq(S2, 3, "the cause of a breakpoint");
            let (zero, done) = (p.label(), p.label());
            p.beqz(S3, zero);
            p.check_eq_reg(S3, S7, "a trap value that is not zero, compared with epc");
            p.check_bits(S6, M_GVA, csr::mstatus::GVA.of(mode.virt.into()), "GVA with an address");
            p.j(done);
            p.place(zero);
            p.check_bits(S6, M_GVA, 0, "GVA without an address");
            p.place(done);
        }
    }

    /// Faults of fetches, loads and stores at V=1 set GVA, into M-mode and into HS-mode; at V=0 they
    /// clear it.
    gva_of_faults
    [rules "mstatus_gva_op" "H_trap_hs_csrwrites"]
    [cases 1]
    [needs H]
    [only |cpu| delegates(cpu, &[
        Exception::InstPageFault, Exception::LoadPageFault, Exception::StorePageFault,
    ])]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        p.vs_stage(&SV39);
        p.s_stage(&SV39);
        let faults = [Exception::LoadPageFault, Exception::StorePageFault, Exception::InstPageFault];
        for taken in [Mode::M, Mode::HS] {
            let delegated = if taken == Mode::M { 0 } else { faults.iter().fold(0, |bits, f| bits | f.bit()) };
            p.write_csr(csr::medeleg::NUMBER, delegated);
            for mode in [Mode::VS, Mode::VU, Mode::HS, Mode::U] {
                for fault in faults {
                    preset(p, !mode.virt);
                    p.in_mode(mode, |p| {
                        p.li(A0, VA);
                        let expected = trap(fault, taken).tval(VA).gva(mode.virt).tval2(0);
                        match fault {
                            Exception::LoadPageFault => p.expect_trap(expected, |p| {
                                p.lb(A1, 0, A0);
                            }),
                            Exception::StorePageFault => p.expect_trap(expected, |p| {
                                p.sb(A1, 0, A0);
                            }),
                            _ => p.expect_trap(expected.epc(VA).tinst(0), |p| {
                                p.jalr(RA, 0, A0);
                            }),
                        }
                    });
                }
            }
        }
    }

    /// Access faults and misaligned addresses too.
    gva_of_access_faults_and_misaligned_addresses
    [rules "mstatus_gva_op"]
    [cases 1]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        for mode in [Mode::VS, Mode::VU, Mode::HS, Mode::U] {
            preset(p, !mode.virt);
            p.in_mode(mode, |p| {
                p.li(A0, 1 << 54);
                p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(1 << 54).gva(mode.virt), |p| {
                    p.lb(A1, 0, A0);
                });
            });
            preset(p, !mode.virt);
            let [_, misaligned] = p.misaligned_atomics();
            p.in_mode(mode, |p| {
                p.li(A0, 0x8030_0001);
                p.expect_trap(trap(misaligned, Mode::M).tval(0x8030_0001).gva(mode.virt), |p| {
                    p.amoadd_w(A1, A2, A0, Order::Plain);
                });
            });
            preset(p, !mode.virt);
            p.in_mode(mode, |p| {
                p.li(A0, 1 << 54);
                let fault = trap(Exception::InstAccessFault, Mode::M).tval(1 << 54).epc(1 << 54);
                p.expect_trap(fault.gva(mode.virt).tinst(0), |p| {
                    p.jalr(RA, 0, A0);
                });
            });
        }
    }

    /// The guest virtual address zero is one as well.
    gva_of_address_zero
    [rules "mstatus_gva_op" "H_guest_page_fault"]
    [cases 3]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::LoadPageFault, Exception::LoadGuestPageFault])]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let guest = Guest::new(p, S_ALL, U_ALL);
        p.put_pte(guest.vs, 0, 2, Pte(0));
        let to_guest_page_fault = p.table(&SV39);
        p.identity(to_guest_page_fault);
        p.put_pte(to_guest_page_fault, 0, 2, Pte(0));
        p.map(to_guest_page_fault, 0, SPARE, S_ALL);
        for taken in [Mode::M, Mode::HS] {
            p.use_vsatp(guest.vs, 0);
            let delegated = Exception::LoadPageFault.bit() | Exception::LoadGuestPageFault.bit();
            p.write_csr(csr::medeleg::NUMBER, if taken == Mode::M { 0 } else { delegated });
            preset(p, false);
            p.in_mode(Mode::VS, |p| {
                p.expect_trap(trap(Exception::LoadPageFault, taken).tval(0).gva(true), |p| {
                    p.lw(A0, 0, ZERO);
                });
            });
            preset(p, false);
            p.use_vsatp(to_guest_page_fault, 0);
            p.in_mode(Mode::VS, |p| {
                p.expect_trap(trap(Exception::LoadGuestPageFault, taken).tval(0).gva(true).gpa(SPARE), |p| {
                    p.lw(A0, 0, ZERO);
                });
            });
        }
    }

    /// HLV and HSV: GVA is set though V was 0, with SPV and MPV clear, and SPVP stays what it was.
    gva_of_hlv
    [rules "mstatus_gva_op" "H_trap_hs_csrwrites" "H_trap_m_csrwrites"]
    [cases 4 54]
    [needs H]
    [only |cpu| delegates(cpu, &[
        Exception::LoadPageFault, Exception::StorePageFault, Exception::LoadGuestPageFault,
        Exception::StoreGuestPageFault,
    ])]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        Guest::new(p, S_ALL, 0);
        let faults = [Exception::LoadPageFault, Exception::StorePageFault, Exception::LoadGuestPageFault, Exception::StoreGuestPageFault];
        for taken in [Mode::M, Mode::HS] {
            let all = faults.iter().fold(0, |bits, fault| bits | fault.bit());
            p.write_csr(csr::medeleg::NUMBER, if taken == Mode::M { 0 } else { all });
            for spvp in [false, true] {
                preset(p, false);
                set_spvp(p, spvp);
                let fault = |store: bool| match (spvp, store) {
                    (false, false) => trap(Exception::LoadPageFault, taken).tval2(0),
                    (false, true) => trap(Exception::StorePageFault, taken).tval2(0),
                    (true, false) => trap(Exception::LoadGuestPageFault, taken).gpa(GPA),
                    (true, true) => trap(Exception::StoreGuestPageFault, taken).gpa(GPA),
                };
                p.in_mode(Mode::HS, |p| {
                    p.li(A0, VA);
                    for store in [false, true] {
                        let expected = fault(store).tval(VA).gva(true);
                        p.expect_trap(expected.hstatus(csr::hstatus::SPVP, spvp.into()), |p| {
                            if store { p.hsv_b(A1, A0) } else { p.hlv_b(A1, A0) };
                        });
                    }
                });
            }
        }
    }

    /// Interrupts taken from a guest clear GVA and the other values, after a fault that set them.
    gva_and_interrupts
    [rules "mstatus_gva_op" "H_trap_xtinst_interrupt" "mtval2_op" "mtinst_op"]
    [cases 5 11 12]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let stale = |p: &mut Program| {
            preset(p, true);
            for csr in [csr::mtval::NUMBER, csr::stval::NUMBER, csr::mtval2::NUMBER, csr::htval::NUMBER] {
                p.write_csr(csr, GPA >> 2);
            }
            for csr in [csr::mtinst::NUMBER, csr::htinst::NUMBER] {
                p.write_csr(csr, 0x3000);
            }
        };
        for mode in [Mode::VS, Mode::VU, Mode::HS, Mode::U] {
            // The software interrupt of HS-mode, first not delegated and then delegated.
            for taken in [Mode::M, Mode::HS] {
                stale(p);
                p.write_csr(csr::mideleg::NUMBER, if taken == Mode::M { 0 } else { Interrupt::Ssi.bit() });
                p.set_csr(csr::mstatus::NUMBER, csr::mstatus::SIE.mask());
                p.write_csr(csr::mie::NUMBER, Interrupt::Ssi.bit());
                p.write_csr(csr::mip::NUMBER, Interrupt::Ssi.bit());
                catch_once(p, taken, 0);
                p.in_mode(mode, |p| {
                    p.nop();
                });
                p.write_csr(csr::mip::NUMBER, 0);
                p.check_eq(S2, 1 << 63 | Interrupt::Ssi as u64, "the cause of an interrupt");
                for (reg, what) in [(S3, "trap value"), (S4, "second trap value"), (S5, "trap instruction")] {
                    p.check_eq(reg, 0, &format!("the {what} of an interrupt taken into {taken}"));
                }
                p.check_bits(S6, if taken == Mode::M { M_GVA } else { HS_GVA }, 0, "GVA of an interrupt");
            }
        }
    }

    /// A trap of M-mode itself, after one of the guest: nothing of the guest's remains.
    gva_of_a_nested_trap
    [rules "mstatus_gva_op" "mtval2_op" "mtinst_op" "H_trap_m_csrwrites"]
    [cases 5 11 12]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        Guest::new(p, S_ALL, 0);
        set_spvp(p, true);
        p.li(A0, VA);
        p.expect_trap(trap(Exception::LoadGuestPageFault, Mode::M).tval(VA).gpa(GPA).gva(true).tinst_transformed(0), |p| {
            p.hlv_d(A1, A0);
        });
        // The handler has left all that in place.
        let shown = if p.cpu().reports_gpa { GPA >> 2 } else { 0 };
        p.check_csr(csr::mtval2::NUMBER, shown, "mtval2");
        p.check_csr_bits(csr::mstatus::NUMBER, M_GVA, M_GVA, "GVA");
        p.expect_trap(trap(Exception::EcallM, Mode::M).tval(0).tval2(0).tinst(0).gva(false), |p| {
            p.ecall();
        });
        p.li(A0, VA);
        p.expect_trap(trap(Exception::LoadGuestPageFault, Mode::M).tval(VA).gpa(GPA).gva(true), |p| {
            p.hlv_d(A1, A0);
        });
        p.li(A0, 1 << 54);
        p.expect_trap(trap(Exception::LoadAccessFault, Mode::M).tval(1 << 54).tval2(0).gva(false).tinst_transformed(0), |p| {
            p.ld(A1, 0, A0);
        });
        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval2(0).tinst(0).gva(false), |p| {
            p.word(0xffff_ffff);
        });
    }

    /// GVA and MPV of mstatus, and GVA of hstatus, can be written.
    gva_can_be_written
    [rules "mstatus_gva_op" "mstatus_mpv_op"]
    [cases 61]
    [needs H]
    [cpus "tinst=zero" "htval=zero"]
    |p| {
        let mpv = csr::mstatus::MPV.mask();
        for bits in [0, M_GVA, mpv, M_GVA | mpv] {
            p.clear_csr(csr::mstatus::NUMBER, M_GVA | mpv);
            p.set_csr(csr::mstatus::NUMBER, bits);
            p.check_csr_bits(csr::mstatus::NUMBER, M_GVA | mpv, bits, "GVA and MPV");
        }
        for bits in [HS_GVA, 0] {
            p.write_csr(csr::hstatus::NUMBER, bits);
            p.check_csr_bits(csr::hstatus::NUMBER, HS_GVA, bits, "hstatus.GVA");
        }
    }
}
