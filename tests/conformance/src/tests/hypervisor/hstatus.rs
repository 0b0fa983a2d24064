//! hstatus: which bits there are, and what those do that concern trap entry, SRET, HLV and endianness.

use isa::ext::Ext;

use crate::prelude::*;

conformance_tests! {
    /// hstatus has 64 bits, of which the fields can be written and the others are zero; VSXL says 64.
    hstatus_bits
    [rules
        "hstatus_sz" "hstatus_acc" "hstatus_vsxl_64" "HSTATUS_VSXL_64_WARL" "VSXL_RO" "HSTATUS_VSBE_WARL" "HSXLEN"]
    [cases 81]
    [needs H]
    [cpus "geilen=0" "geilen=1" "ssnpm=off"]
    |p| {
        use csr::hstatus::{GVA, HU, HUPMM, NUMBER, SPV, SPVP, VGEIN, VSBE, VSXL, VTSR, VTVM, VTW};
        let flags = [GVA, SPV, SPVP, HU, VTVM, VTW, VTSR];
        let writable = flags.iter().fold(0, |bits, field| bits | field.mask());
        let hupmm = if p.cpu().has(Ext::Ssnpm) { HUPMM.mask() } else { 0 };
        let ones = writable | hupmm | VSXL.of(2);
        p.check_write(NUMBER, !VGEIN.mask(), ones, "hstatus after writing ones, VGEIN aside");
        p.write_csr(NUMBER, 0);
        p.check_csr(NUMBER, VSXL.of(2), "hstatus after writing zeros");
        for field in flags {
            p.write_csr(NUMBER, field.mask());
            p.check_csr(NUMBER, field.mask() | VSXL.of(2), "hstatus with a single field set");
        }
        for xlen in [0, 1, 2, 3] {
            p.write_csr(NUMBER, VSXL.of(xlen) | VSBE.mask());
            p.check_csr(NUMBER, VSXL.of(2), "VSXL and VSBE are fixed");
        }
        p.in_mode(Mode::HS, |p| {
            p.check_write(NUMBER, writable, writable | VSXL.of(2), "hstatus written in HS-mode");
            p.write_csr(NUMBER, 0);
        });
    }

    /// VSXL=2 means that registers of VS-mode have 64 bits, and UXL=2 those of VU-mode.
    vsxl_is_64
    [rules "hstatus_vsxl_op" "VSXLEN" "vsstatus_uxl_op"]
    [cases 81]
    [needs H]
    |p| {
        p.check_csr_bits(csr::hstatus::NUMBER, csr::hstatus::VSXL.mask(), csr::hstatus::VSXL.of(2), "VSXL");
        p.check_csr_bits(csr::vsstatus::NUMBER, csr::vsstatus::UXL.mask(), csr::vsstatus::UXL.of(2), "UXL");
        for mode in [Mode::HS, Mode::VS, Mode::VU] {
            p.in_mode(mode, |p| {
                p.li(A0, 1).slli(A0, A0, 63);
                p.check_eq(A0, 1 << 63, "the highest bit of a register");
                p.li(A1, 0x7fff_ffff).addi(A1, A1, 1);
                p.check_eq(A1, 0x8000_0000, "a sum of more than 32 bits");
            });
        }
    }

    /// VGEIN holds every number up to GEILEN.
    vgein_holds_zero_to_geilen
    [rules "hstatus_vgein_op" "HSTATUS_VGEIN_WLRL" "GEILEN"]
    [needs H]
    [cpus "geilen=0" "geilen=1" "geilen=31"]
    |p| {
        use csr::hstatus::{NUMBER, VGEIN};
        let geilen = u64::from(p.cpu().geilen);
        for line in (0..=geilen).rev() {
            p.set_field(NUMBER, VGEIN, line);
            p.check_csr_bits(NUMBER, VGEIN.mask(), VGEIN.of(line), "VGEIN");
        }
        if geilen == 0 {
            p.set_csr(NUMBER, VGEIN.mask());
            p.check_csr_bits(NUMBER, VGEIN.mask(), 0, "VGEIN without guest external interrupts");
        }
    }

    /// A trap into HS-mode sets SPV to V and, from a guest, SPVP to the nominal privilege; at V=0 SPVP stays.
    traps_into_hs_write_spv_and_spvp
    [rules "hstatus_op" "hstatus_spv_op" "hstatus_spvp_op"]
    [cases 54]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        use csr::hstatus::{NUMBER, SPV, SPVP};
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        for old in [0, 1] {
            for (mode, spvp) in [(Mode::VS, 1), (Mode::VU, 0), (Mode::HS, old), (Mode::U, old)] {
                p.write_csr(NUMBER, SPVP.of(old) | SPV.of(1 - u64::from(mode.virt)));
                let expected = trap(Exception::Breakpoint, Mode::HS).hstatus(SPV, mode.virt.into());
                p.in_mode(mode, |p| {
                    p.expect_trap(expected.hstatus(SPVP, spvp), |p| {
                        p.ebreak();
                    });
                });
            }
        }
    }

    /// A trap into M-mode or VS-mode does not touch hstatus.
    traps_into_m_and_vs_leave_hstatus
    [rules "hstatus_spv_op" "hstatus_spvp_op" "hstatus_gva_op"]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::IllegalInst])]
    |p| {
        use csr::hstatus::{GVA, NUMBER, SPV, SPVP, VSXL};
        let all = SPV.mask() | SPVP.mask() | GVA.mask();
        p.write_csr(csr::medeleg::NUMBER, Exception::IllegalInst.bit());
        p.write_csr(csr::hedeleg::NUMBER, Exception::IllegalInst.bit());
        for bits in [0, all] {
            p.write_csr(NUMBER, bits);
            p.in_mode(Mode::VU, |p| {
                p.expect_trap(trap(Exception::Breakpoint, Mode::M), |p| {
                    p.ebreak();
                });
                p.expect_trap(trap(Exception::IllegalInst, Mode::VS).tval_inst(), |p| {
                    p.csrr(A0, csr::mhartid::NUMBER);
                });
            });
            p.check_csr(NUMBER, bits | VSXL.of(2), "hstatus after traps into M-mode and VS-mode");
        }
    }

    /// SRET at V=0 goes to the virtualization mode that SPV says, and to the privilege that SPP says.
    sret_takes_v_from_spv
    [rules "hstatus_spv_sret"]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        use csr::hstatus::{NUMBER, SPV};
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        for mode in [Mode::VS, Mode::VU, Mode::HS, Mode::U] {
            let inside = p.label();
            p.in_mode(Mode::HS, |p| {
                p.la(A0, inside).csrw(csr::sepc::NUMBER, A0);
                p.set_field(NUMBER, SPV, mode.virt.into());
                p.set_field(csr::sstatus::NUMBER, csr::sstatus::SPP, mode.privilege as u64);
                p.sret();
                p.place(inside);
                p.assume_mode(mode);
                // SPV and SPP, which the handler sees, name the mode that is left.
                p.expect_trap(trap(Exception::Breakpoint, Mode::HS), |p| {
                    p.ebreak();
                });
            });
        }
    }

    /// HU lets U-mode use HLV, HLVX and HSV, and nothing else; without it they are illegal there.
    hu_lets_user_mode_use_hlv
    [rules "hstatus_hu_op"]
    [cases 55]
    [needs H]
    |p| {
        let illegal = || trap(Exception::IllegalInst, Mode::M).tval_inst();
        let page = p.page();
        p.put(page, 0x8182_8384_8586_8788);
        let vs = p.vs_stage(&SV39);
        p.map(vs, SPARE, page, flags("rwxuad"));
        for hu in [false, true] {
            p.set_field(csr::hstatus::NUMBER, csr::hstatus::HU, hu.into());
            p.in_mode(Mode::U, |p| {
                p.li(A0, SPARE).li(A1, 0);
                let body: [fn(&mut crate::Program); 3] = [
                    |p| { p.hlv_d(A1, A0); },
                    |p| { p.hlvx_wu(A1, A0); },
                    |p| { p.hsv_b(A1, A0); },
                ];
                let results = [0x8182_8384_8586_8788, 0x8586_8788, 0x8586_8788];
                for (access, result) in body.into_iter().zip(results) {
                    if hu {
                        access(p);
                        p.check_eq(A1, result, "what a virtual-machine access in U-mode reads");
                    } else {
                        p.expect_trap(illegal(), access);
                        p.check_eq(A1, 0, "what an illegal instruction has read");
                    }
                }
                p.expect_trap(illegal(), |p| {
                    p.hfence_vvma(ZERO, ZERO);
                });
                p.expect_trap(illegal(), |p| {
                    p.hfence_gvma(ZERO, ZERO);
                });
            });
        }
    }

    /// GVA is set by traps that write a guest virtual address to stval, and cleared by all others.
    gva_of_traps_into_hs
    [rules "hstatus_gva_op"]
    [cases 1 3]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::EcallVs, Exception::LoadPageFault, Exception::VirtualInst])]
    |p| {
        use csr::hstatus::{GVA, NUMBER};
        let faults = Exception::LoadPageFault.bit() | Exception::EcallVs.bit() | Exception::VirtualInst.bit();
        p.write_csr(csr::medeleg::NUMBER, faults | Exception::LoadAccessFault.bit() | Exception::EcallU.bit());
        let vs = p.vs_stage(&SV39);
        p.put_pte(vs, 0, 2, Pte(0));
        p.s_stage(&SV39);
        for mode in [Mode::VS, Mode::VU, Mode::HS, Mode::U] {
            let virt = mode.virt;
            p.write_csr(NUMBER, GVA.of(1 - u64::from(virt)) );
            p.in_mode(mode, |p| {
                p.li(A0, SPARE);
                let fault = trap(Exception::LoadPageFault, Mode::HS).tval(SPARE);
                p.expect_trap(fault.hstatus(GVA, virt.into()), |p| {
                    p.lb(A1, 0, A0);
                });
                if mode == Mode::VS {
                    p.expect_trap(trap(Exception::EcallVs, Mode::HS).hstatus(GVA, 0), |p| {
                        p.ecall();
                    });
                    let at_zero = trap(Exception::LoadPageFault, Mode::HS).tval(0);
                    p.expect_trap(at_zero.hstatus(GVA, 1), |p| {
                        p.lb(A1, 0, ZERO);
                    });
                    p.expect_trap(trap(Exception::VirtualInst, Mode::HS).tval_inst().hstatus(GVA, 0), |p| {
                        p.csrr(A1, csr::hstatus::NUMBER);
                    });
                }
            });
        }
        p.in_mode(Mode::HS, |p| {
            p.li(A0, SPARE + 0x77);
            p.expect_trap(trap(Exception::LoadPageFault, Mode::HS).tval(SPARE + 0x77).gva(true).hstatus(csr::hstatus::SPV, 0), |p| {
                p.hlv_bu(A1, A0);
            });
        });
    }

    /// VSBE is zero, as is the endianness of HS-mode: the guest's loads, stores and page tables are
    /// little-endian.
    a_guest_is_little_endian
    [rules "hstatus_vsbe_op" "VSSTATUS_UBE" "HSTATUS_VSBE_WARL"]
    [needs H]
    |p| {
        p.set_csr(csr::hstatus::NUMBER, csr::hstatus::VSBE.mask());
        p.check_csr_bits(csr::hstatus::NUMBER, csr::hstatus::VSBE.mask(), 0, "VSBE");
        p.set_csr(csr::vsstatus::NUMBER, csr::vsstatus::UBE.mask());
        p.check_csr_bits(csr::vsstatus::NUMBER, csr::vsstatus::UBE.mask(), 0, "UBE of the guest");
        let page = p.page();
        p.put(page, 0x0102_0304_0506_0708);
        let vs = p.vs_stage(&SV39);
        p.map(vs, SPARE, page, flags("rwad"));
        p.map(vs, SPARE + 0x1000, page, flags("rwuad"));
        for (mode, address) in [(Mode::VS, SPARE), (Mode::VU, SPARE + 0x1000)] {
            p.in_mode(mode, |p| {
                p.li(A0, address).lbu(A1, 0, A0);
                p.check_eq(A1, 8, "the first byte");
                p.li(A1, 0x1122_3344).sw(A1, 8, A0);
            });
            p.check_memory(page + 8, 0x1122_3344, "what the guest has stored");
            p.store(page + 8, 0);
        }
    }
}
