//! Who may fence: SFENCE.VMA, HFENCE, their Svinval parts, and the CSRs that TVM and VTVM guard.

use isa::asm::Asm;

use crate::prelude::*;

type Fence = fn(&mut Asm, Reg, Reg) -> &mut Asm;
const VVMA: [Fence; 2] = [Asm::hfence_vvma, Asm::hinval_vvma];
const GVMA: [Fence; 2] = [Asm::hfence_gvma, Asm::hinval_gvma];

const TVM: u64 = csr::mstatus::TVM.mask();
const VTVM: u64 = csr::hstatus::VTVM.mask();

conformance_tests! {
    /// Neither TVM nor VTVM keeps M- or HS-mode from HFENCE.VVMA, HINVAL.VVMA or vsatp.
    hfence_vvma_and_tvm
    [rules "hfence-vvma_tvm" "hfence-vvma_mode" "mstatus_tvm_hs"]
    [cases 66]
    [needs H Svinval]
    |p| {
        p.set_csr(csr::mstatus::NUMBER, TVM);
        p.set_csr(csr::hstatus::NUMBER, VTVM);
        for fence in VVMA {
            fence(p, ZERO, ZERO);
            p.in_mode(Mode::HS, |p| {
                fence(p, A0, ZERO);
                fence(p, ZERO, A0);
                p.csrr(A0, csr::vsatp::NUMBER).csrw(csr::vsatp::NUMBER, A0);
            });
        }
    }

    /// TVM keeps HS-mode, and no other, from HFENCE.GVMA, HINVAL.GVMA and hgatp; VTVM does not.
    hfence_gvma_and_tvm
    [rules "hfence-gvma_op" "mstatus_tvm_hs" "hfence-vvma_hfence-gvma_exceptions" "mstatus_modes"]
    [cases 66]
    [needs H Svinval]
    |p| {
        p.set_csr(csr::hstatus::NUMBER, VTVM);
        let allowed = |p: &mut crate::Program| {
            for fence in GVMA {
                fence(p, ZERO, ZERO);
            }
            p.csrr(A0, csr::hgatp::NUMBER).csrw(csr::hgatp::NUMBER, A0);
        };
        p.in_mode(Mode::HS, allowed);
        p.set_csr(csr::mstatus::NUMBER, TVM);
        allowed(p);
        p.in_mode(Mode::HS, |p| {
            for fence in GVMA {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    fence(p, ZERO, A0);
                });
            }
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.csrr(A0, csr::hgatp::NUMBER);
            });
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.csrw(csr::hgatp::NUMBER, A0);
            });
        });
    }

    /// HFENCE and HINVAL are virtual instructions in VS- and VU-mode and illegal in U-mode, TVM or not.
    hfence_from_lower_modes
    [rules "hfence-vvma_hfence-gvma_exceptions" "hfence-vvma_mode" "H_virtinst_vu_vs_hinst"]
    [cases 67]
    [needs H Svinval]
    |p| {
        for tvm in [0, TVM] {
            p.write_csr(csr::mstatus::NUMBER, tvm);
            for mode in [Mode::VS, Mode::VU, Mode::U] {
                let cause = if mode.virt { Exception::VirtualInst } else { Exception::IllegalInst };
                p.in_mode(mode, |p| {
                    for fence in VVMA.into_iter().chain(GVMA) {
                        p.expect_trap(trap(cause, Mode::M).tval_inst(), |p| {
                            fence(p, A0, A1);
                        });
                    }
                });
            }
        }
    }

    /// At V=1, VTVM decides about satp, SFENCE.VMA and SINVAL.VMA in VS-mode, and TVM says nothing.
    vtvm_and_tvm_in_vs
    [rules "H_virtinst_vs_sfence_sinval_satp_vtvm1" "mstatus_modes"]
    [cases 65]
    [needs H Svinval]
    |p| {
        p.set_csr(csr::mstatus::NUMBER, TVM);
        p.in_mode(Mode::VS, |p| {
            p.sfence_vma(ZERO, ZERO).sinval_vma(A0, A1);
            p.csrr(A0, csr::satp::NUMBER).csrw(csr::satp::NUMBER, A0);
        });
        p.clear_csr(csr::mstatus::NUMBER, TVM);
        p.set_csr(csr::hstatus::NUMBER, VTVM);
        p.in_mode(Mode::VS, |p| {
            let virt = || trap(Exception::VirtualInst, Mode::M).tval_inst();
            p.expect_trap(virt(), |p| {
                p.sfence_vma(ZERO, ZERO);
            });
            p.expect_trap(virt(), |p| {
                p.sfence_vma(A0, A1);
            });
            p.expect_trap(virt(), |p| {
                p.sinval_vma(ZERO, ZERO);
            });
            p.expect_trap(virt(), |p| {
                p.csrr(A0, csr::satp::NUMBER);
            });
            p.expect_trap(virt(), |p| {
                p.csrw(csr::satp::NUMBER, A0);
            });
            // VTVM does not speak of these.
            p.sfence_w_inval().sfence_inval_ir();
        });
        p.in_mode(Mode::HS, |p| {
            p.sfence_vma(ZERO, ZERO).sinval_vma(A0, A1).csrr(A0, csr::satp::NUMBER);
        });
    }

    /// In HS-mode TVM makes satp, SFENCE.VMA and SINVAL.VMA illegal; M-mode has them always.
    tvm_in_hs
    [rules "mstatus_modes"]
    [needs H Svinval]
    |p| {
        p.set_csr(csr::mstatus::NUMBER, TVM);
        p.sfence_vma(ZERO, ZERO).sinval_vma(ZERO, ZERO).csrr(A0, csr::satp::NUMBER);
        p.in_mode(Mode::HS, |p| {
            let illegal = || trap(Exception::IllegalInst, Mode::M).tval_inst();
            p.expect_trap(illegal(), |p| {
                p.sfence_vma(ZERO, ZERO);
            });
            p.expect_trap(illegal(), |p| {
                p.sinval_vma(A0, A1);
            });
            p.expect_trap(illegal(), |p| {
                p.csrr(A0, csr::satp::NUMBER);
            });
            p.sfence_w_inval().sfence_inval_ir();
        });
    }

    /// SFENCE.VMA and the parts of Svinval are virtual instructions in VU-mode and illegal in U-mode.
    sfence_from_user_modes
    [rules "H_virtinst_vu_sret_sfence"]
    [cases 70]
    [needs H Svinval]
    |p| {
        for (tvm, vtvm) in [(0, 0), (TVM, VTVM)] {
            p.write_csr(csr::mstatus::NUMBER, tvm);
            p.write_csr(csr::hstatus::NUMBER, vtvm);
            for mode in [Mode::U, Mode::VU] {
                let cause = if mode.virt { Exception::VirtualInst } else { Exception::IllegalInst };
                p.in_mode(mode, |p| {
                    let expected = || trap(cause, Mode::M).tval_inst();
                    p.expect_trap(expected(), |p| {
                        p.sfence_vma(ZERO, ZERO);
                    });
                    p.expect_trap(expected(), |p| {
                        p.sinval_vma(A0, A1);
                    });
                    p.expect_trap(expected(), |p| {
                        p.sfence_w_inval();
                    });
                    p.expect_trap(expected(), |p| {
                        p.sfence_inval_ir();
                    });
                });
            }
        }
    }

    /// TSR is HS-mode's affair and VTSR VS-mode's; in VU- and U-mode SRET never is allowed.
    tsr_and_vtsr
    [rules "H_virtinst_vs_sret_vtsr1" "H_virtinst_vu_sret_sfence" "mstatus_modes"]
    [cases 64]
    [needs H]
    |p| {
        let (tsr, vtsr) = (csr::mstatus::TSR.mask(), csr::hstatus::VTSR.mask());
        // SRET goes to the instruction after it, in the same mode.
        let returns = |p: &mut crate::Program| {
            let after = p.label();
            p.la(A0, after).csrw(csr::sepc::NUMBER, A0);
            p.set_csr(csr::sstatus::NUMBER, csr::sstatus::SPP.mask());
            p.sret();
            p.place(after);
        };
        p.set_csr(csr::mstatus::NUMBER, tsr);
        p.in_mode(Mode::VS, returns);
        p.in_mode(Mode::HS, |p| {
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.sret();
            });
        });
        p.clear_csr(csr::mstatus::NUMBER, tsr);
        p.set_csr(csr::hstatus::NUMBER, vtsr);
        p.in_mode(Mode::HS, returns);
        p.in_mode(Mode::VS, |p| {
            p.expect_trap(trap(Exception::VirtualInst, Mode::M).tval_inst(), |p| {
                p.sret();
            });
        });
        for both in [0, 1] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TSR, both);
            p.set_field(csr::hstatus::NUMBER, csr::hstatus::VTSR, both);
            p.in_mode(Mode::VU, |p| {
                p.expect_trap(trap(Exception::VirtualInst, Mode::M).tval_inst(), |p| {
                    p.sret();
                });
            });
            p.in_mode(Mode::U, |p| {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.sret();
                });
            });
        }
    }
}
