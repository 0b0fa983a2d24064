//! sstatus: its fields, and what they do to traps, returns and memory accesses.

use crate::Program;
use crate::prelude::*;
use csr::sstatus::{MXR, SIE, SPIE, SPP, SUM, UBE, UXL};

conformance_tests! {
    /// sstatus is a restricted view of mstatus: each field of it is the same bit there, writable from
    /// S-mode, and nothing else of mstatus can be seen or written.
    sstatus_fields
    [rules "sstatus_sz" "sstatus_mode" "sstatus_acc" "sstatus_spp_sz" "sstatus_spp_acc" "sstatus_sie_sz"
        "sstatus_sie_acc" "sstatus_spie_sz" "sstatus_spie_acc" "sstatus_mxr_sz" "sstatus_mxr_acc"
        "sstatus_sum_sz" "sstatus_sum_acc"]
    |p| {
        for field in [SPP, SIE, SPIE, MXR, SUM] {
            p.clear_csr(csr::mstatus::NUMBER, field.mask());
            p.in_mode(Mode::HS, |p| {
                p.check_csr_bits(csr::sstatus::NUMBER, field.mask(), 0, "the field as M-mode has cleared it");
                p.set_csr(csr::sstatus::NUMBER, field.mask());
                p.check_csr_bits(csr::sstatus::NUMBER, field.mask(), u64::MAX, "the field after setting");
            });
            p.check_csr_bits(csr::mstatus::NUMBER, field.mask(), u64::MAX, "the field in mstatus");
            p.clear_csr(csr::sstatus::NUMBER, field.mask());
            p.check_csr_bits(csr::mstatus::NUMBER, field.mask(), 0, "the field in mstatus after clearing");
        }
        let machine = {
            use csr::mstatus::{GVA, MIE, MPIE, MPP, MPRV, MPV, SXL, TSR, TVM, TW};
            [GVA, MIE, MPIE, MPP, MPRV, MPV, SXL, TSR, TVM, TW].iter().fold(0, |bits, field| bits | field.mask())
        };
        p.csrr(A0, csr::mstatus::NUMBER);
        p.write_csr(csr::sstatus::NUMBER, !csr::sstatus::VS.mask());
        p.check_csr_bits(csr::sstatus::NUMBER, machine, 0, "the fields of mstatus in sstatus");
        p.csrr(A1, csr::mstatus::NUMBER);
        p.li(A2, machine).and(A0, A0, A2).and(A1, A1, A2);
        p.check_eq_reg(A1, A0, "the fields of mstatus after a write of sstatus");
        p.in_mode(Mode::U, |p| {
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.csrr(A0, csr::sstatus::NUMBER);
            });
        });
    }

    /// A trap into S-mode saves SIE in SPIE and the privilege in SPP, and clears SIE.
    sstatus_at_a_trap
    [rules "sstatus_spp_op" "sstatus_spie_op"]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        for (mode, spp) in [(Mode::HS, 1), (Mode::U, 0)] {
            for sie in [0, 1] {
                p.write_csr(csr::mie::NUMBER, 0);
                p.clear_csr(csr::mstatus::NUMBER, SIE.mask() | SPIE.mask() | SPP.mask());
                p.set_csr(csr::mstatus::NUMBER, SIE.of(sie) | SPIE.of(1 - sie) | SPP.of(1 - spp));
                p.in_mode(mode, |p| {
                    let expected = trap(Exception::Breakpoint, Mode::HS);
                    p.expect_trap(expected.status(SPP, spp).status(SPIE, sie).status(SIE, 0), |p| {
                        p.ebreak();
                    });
                });
            }
        }
    }

    /// SRET goes to the mode that SPP names, sets SIE to SPIE, SPIE to 1 and SPP to 0.
    sstatus_at_a_return
    [rules "sstatus_spp_op" "sstatus_spie_op" "sstatus_sie_op"]
    |p| {
        for (spp, mode) in [(0, Mode::U), (1, Mode::HS)] {
            for spie in [0, 1] {
                let target = p.label();
                p.in_mode(Mode::HS, |p| {
                    p.clear_csr(csr::sstatus::NUMBER, SPP.mask() | SPIE.mask() | SIE.mask());
                    p.set_csr(csr::sstatus::NUMBER, SPP.of(spp) | SPIE.of(spie) | SIE.of(1 - spie));
                    p.la(A0, target).csrw(csr::sepc::NUMBER, A0).sret();
                    p.place(target);
                    p.assume_mode(mode);
                    p.expect_trap(trap(Exception::Breakpoint, Mode::M).status(csr::mstatus::MPP, spp), |p| {
                        p.ebreak();
                    });
                });
                let fields = SPP.mask() | SPIE.mask() | SIE.mask();
                p.check_csr_bits(csr::mstatus::NUMBER, fields, SPIE.of(1) | SIE.of(spie), "sstatus after SRET");
            }
        }
    }

    /// SIE holds back supervisor interrupts in S-mode, not in U-mode.
    sie_holds_back_interrupts_in_s
    [rules "sstatus_sie_op" "sie_sip_supervisor_strap" "sip_ssip_op" "sie_ssie_op"]
    |p| {
        let ssi = Interrupt::Ssi.bit();
        p.write_csr(csr::mideleg::NUMBER, ssi);
        for sie in [0, 1] {
            p.write_csr(csr::mie::NUMBER, ssi);
            p.in_mode(Mode::HS, |p| {
                p.set_field(csr::sstatus::NUMBER, SIE, sie);
                let pending = |p: &mut Program| {
                    p.csrsi(csr::sip::NUMBER, 2);
                };
                if sie == 1 {
                    p.expect_interrupt(interrupt(Interrupt::Ssi, Mode::HS).status(SPIE, 1), pending);
                } else {
                    p.expect_no_trap("no interrupt while SIE is clear", pending);
                }
                p.csrci(csr::sip::NUMBER, 2);
            });
            p.write_csr(csr::mie::NUMBER, ssi);
            let user = p.label();
            p.in_mode(Mode::HS, |p| {
                p.clear_csr(csr::sstatus::NUMBER, SIE.mask() | SPIE.mask() | SPP.mask());
                p.set_csr(csr::sstatus::NUMBER, SPIE.of(sie));
                p.la(A0, user).csrw(csr::sepc::NUMBER, A0);
                p.expect_interrupt(interrupt(Interrupt::Ssi, Mode::HS).status(SPIE, sie), |p| {
                    p.csrsi(csr::sip::NUMBER, 2).sret();
                    p.place(user);
                    p.assume_mode(Mode::U);
                    p.nop();
                });
            });
            p.write_csr(csr::mip::NUMBER, 0);
        }
    }

    /// UXL says 64 and cannot be changed.
    sstatus_uxl
    [rules "sstatus_uxl_acc" "sstatus_uxl_op" "sstatus_uxl_sz" "SSTATUS_UXL_WARL"]
    |p| {
        for value in 0..4 {
            p.set_field(csr::sstatus::NUMBER, UXL, value);
            p.check_csr_bits(csr::sstatus::NUMBER, UXL.mask(), UXL.of(2), "UXL");
        }
        p.in_mode(Mode::U, |p| {
            p.li(A0, 1 << 40).srli(A0, A0, 8);
            p.check_eq(A0, 1 << 32, "a shift in U-mode works on 64 bits");
        });
    }

    /// UBE is read-only zero: accesses of U-mode are little-endian, as fetches always are.
    sstatus_ube
    [rules "SSTATUS_UBE_WARL" "sstatus_ube_sz" "sstatus_ube_acc" "sstatus_ube_op" "sstatus_ube_implicit"]
    |p| {
        p.set_csr(csr::sstatus::NUMBER, UBE.mask());
        p.check_csr_bits(csr::sstatus::NUMBER, UBE.mask(), 0, "UBE");
        let page = p.page();
        p.put(page, 0x8877_6655_4433_2211);
        p.in_mode(Mode::U, |p| {
            p.li(A0, page).lbu(A1, 0, A0).lhu(A2, 2, A0).lwu(A3, 4, A0);
            p.check_eq(A1, 0x11, "the lowest byte");
            p.check_eq(A2, 0x4433, "a halfword");
            p.check_eq(A3, 0x8877_6655, "a word");
        });
    }

    /// MXR makes executable pages readable for loads, not for stores, and changes nothing else; it takes
    /// effect without a fence.
    mxr_reads_executable_pages
    [rules "sstatus_mxr_op" "sfence_vma_sum_mxr_effect"]
    [cases 110]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.put(page, 0x1234);
        p.map(s, SPARE, page, flags("xad"));
        p.map(s, SPARE + 0x1000, page, flags("xuad"));
        for (mode, va) in [(Mode::HS, SPARE), (Mode::U, SPARE + 0x1000)] {
            for mxr in [0, 1, 0] {
                p.set_field(csr::mstatus::NUMBER, MXR, mxr);
                p.in_mode(mode, |p| {
                    p.li(A0, va);
                    if mxr == 1 {
                        p.ld(A1, 0, A0);
                        p.check_eq(A1, 0x1234, "what an executable page holds");
                    } else {
                        p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(va), |p| {
                            p.ld(A1, 0, A0);
                        });
                    }
                    p.expect_trap(trap(Exception::StorePageFault, Mode::M).tval(va), |p| {
                        p.sd(A1, 0, A0);
                    });
                });
            }
        }
    }

    /// SUM lets S-mode load and store where U-mode may, but never fetch; U-mode never reaches S's pages.
    /// It takes effect without a fence.
    sum_reaches_user_pages
    [rules "sstatus_sum_op" "sfence_vma_sum_mxr_effect"]
    [cases 110]
    |p| {
        let s = p.s_stage(&SV39);
        let page = p.page();
        p.put(page, 0x8082);
        p.map(s, SPARE, page, flags("rwxuad"));
        p.map(s, SPARE + 0x1000, page, flags("rwxad"));
        for sum in [0, 1, 0] {
            p.set_field(csr::mstatus::NUMBER, SUM, sum);
            p.in_mode(Mode::HS, |p| {
                p.li(A0, SPARE).li(A1, 0x8082);
                if sum == 1 {
                    p.sd(A1, 0, A0).ld(A2, 0, A0);
                    p.check_eq(A2, 0x8082, "what a page of U-mode holds");
                } else {
                    p.expect_trap(trap(Exception::StorePageFault, Mode::M).tval(SPARE), |p| {
                        p.sd(A1, 0, A0);
                    });
                    p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(SPARE), |p| {
                        p.ld(A2, 0, A0);
                    });
                }
                p.expect_trap(trap(Exception::InstPageFault, Mode::M).tval(SPARE).epc(SPARE), |p| {
                    p.jalr(RA, 0, A0);
                });
                p.li(A0, SPARE + 0x1000).jalr(RA, 0, A0);
            });
            p.in_mode(Mode::U, |p| {
                p.li(A0, SPARE).jalr(RA, 0, A0);
                p.li(A0, SPARE + 0x1000);
                p.expect_trap(trap(Exception::LoadPageFault, Mode::M).tval(SPARE + 0x1000), |p| {
                    p.ld(A2, 0, A0);
                });
            });
        }
    }
}
