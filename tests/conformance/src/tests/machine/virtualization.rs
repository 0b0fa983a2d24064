//! TVM, TW and TSR: what M-mode can keep S-mode from.

use isa::ext::Ext;
use iss::variant::Wfi;

use crate::prelude::*;
use crate::{Program, Trap};

conformance_tests! {
    /// With TVM, satp and the fences of translations are illegal in S-mode; without, they are not. M-mode may
    /// always.
    tvm_keeps_s_from_translation
    [rules "mstatus_tvm_op" "MSTATUS_TVM_WARL"]
    [cpus "svinval=off" "h=off"]
    |p| {
        let svinval = p.cpu().has(Ext::Svinval);
        for tvm in [0, 1, 0] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TVM, tvm);
            let field = csr::mstatus::TVM;
            p.check_csr_bits(csr::mstatus::NUMBER, field.mask(), field.of(tvm), "TVM");
            p.in_mode(Mode::HS, |p| {
                for operation in TRANSLATION {
                    traps_if(p, tvm == 1, operation);
                }
                if svinval {
                    traps_if(p, tvm == 1, |p| {
                        p.sinval_vma(ZERO, ZERO);
                    });
                    traps_if(p, tvm == 1, |p| {
                        p.sinval_vma(A0, A1);
                    });
                    // These order, and invalidate nothing.
                    p.sfence_w_inval().sfence_inval_ir();
                }
                // What is not about translation is as it was.
                p.csrr(A0, csr::sstatus::NUMBER).csrw(csr::sscratch::NUMBER, A0).fence_i();
            });
            p.csrr(A0, csr::satp::NUMBER).csrw(csr::satp::NUMBER, A0).sfence_vma(ZERO, ZERO);
            if svinval {
                p.sinval_vma(ZERO, ZERO);
            }
            // U-mode may not either way.
            p.in_mode(Mode::U, |p| {
                for operation in TRANSLATION {
                    traps_if(p, true, operation);
                }
            });
        }
    }

    /// TVM does not keep a guest from its satp, and keeps what it does from becoming illegal in HS-mode
    /// alone.
    tvm_and_the_guest
    [rules "mstatus_tvm_op"]
    [needs H]
    |p| {
        p.set_csr(csr::mstatus::NUMBER, csr::mstatus::TVM.mask());
        p.in_mode(Mode::VS, |p| {
            for operation in TRANSLATION {
                operation(p);
            }
        });
    }

    /// With TSR, SRET is illegal in S-mode; without, it is not. M-mode may always, U-mode never.
    tsr_keeps_s_from_sret
    [rules "mstatus_tsr_op" "MSTATUS_TSR_ACC" "MSTATUS_TSR_WARL"]
    |p| {
        for tsr in [0, 1, 0] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TSR, tsr);
            let field = csr::mstatus::TSR;
            p.check_csr_bits(csr::mstatus::NUMBER, field.mask(), field.of(tsr), "TSR");
            p.set_csr(csr::mstatus::NUMBER, csr::mstatus::SPP.mask());
            p.in_mode(Mode::HS, |p| {
                let after = p.label();
                p.la(A0, after).csrw(csr::sepc::NUMBER, A0);
                traps_if(p, tsr == 1, |p| {
                    p.sret();
                });
                if tsr == 0 {
                    p.unreachable("SRET goes to sepc");
                }
                p.place(after);
            });
            p.in_mode(Mode::U, |p| {
                traps_if(p, true, |p| {
                    p.sret();
                });
            });
            // From M-mode to S-mode, and back by an environment call.
            let (inside, back) = (p.label(), p.label());
            p.set_csr(csr::mstatus::NUMBER, csr::mstatus::SPP.mask());
            p.csrr(S2, csr::mtvec::NUMBER).la(A0, back).csrw(csr::mtvec::NUMBER, A0);
            p.la(A0, inside).csrw(csr::sepc::NUMBER, A0).sret();
            p.place(inside);
            p.ecall();
            p.align(4);
            p.place(back);
            p.csrw(csr::mtvec::NUMBER, S2);
            p.check_csr(csr::mcause::NUMBER, Exception::EcallS as u64, "SRET in M-mode leads to S-mode");
        }
    }

    /// Without TW, WFI in S-mode waits for an interrupt, which need not be taken; with TW it is illegal if it
    /// takes too long, or, by the hart's choice, always, or never because it does not wait.
    tw_bounds_wfi_in_s
    [rules "mstatus_tw_op" "MSTATUS_TW_WARL" "mstatus_tw_acc" "MSTATUS_TW_ALWAYS_ILLEGAL"
        "MSTATUS_TW_TIME_LIMIT"]
    [cpus "wfi=trap" "wfi=nop"]
    |p| {
        let ssi = Interrupt::Ssi.bit();
        p.write_csr(csr::mideleg::NUMBER, ssi);
        p.write_csr(csr::mie::NUMBER, ssi);
        for (tw, pending) in [(0, true), (1, true), (1, false), (0, true)] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TW, tw);
            p.check_csr_bits(csr::mstatus::NUMBER, csr::mstatus::TW.mask(), csr::mstatus::TW.of(tw), "TW");
            p.write_csr(csr::mip::NUMBER, if pending { ssi } else { 0 });
            let traps = match p.cpu().wfi {
                _ if tw == 0 => false,
                Wfi::Trap => true,
                Wfi::Wait => !pending,
                Wfi::Nop => false,
            };
            p.in_mode(Mode::HS, |p| {
                traps_if(p, traps, |p| {
                    p.wfi();
                });
            });
            // M-mode waits as long as it takes.
            p.set_csr(csr::mip::NUMBER, ssi);
            p.wfi();
            p.clear_csr(csr::mip::NUMBER, ssi);
        }
    }

    /// WFI in U-mode is illegal whatever TW says, if it does not end soon, as it does not without an
    /// interrupt.
    wfi_in_u_is_illegal
    [rules "mstatus_tw_umode_op"]
    [cpus "wfi=trap" "wfi=nop"]
    |p| {
        for tw in [0, 1] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TW, tw);
            let traps = p.cpu().wfi != Wfi::Nop;
            p.in_mode(Mode::U, |p| {
                traps_if(p, traps, |p| {
                    p.wfi();
                });
            });
        }
    }
}

/// What TVM is about. SFENCE.VMA has the same form for all addresses and for one.
const TRANSLATION: [fn(&mut Program); 6] = [
    |p| {
        p.csrr(A0, csr::satp::NUMBER);
    },
    |p| {
        p.csrw(csr::satp::NUMBER, ZERO);
    },
    |p| {
        p.csrrs(A0, csr::satp::NUMBER, ZERO);
    },
    |p| {
        p.csrrci(A0, csr::satp::NUMBER, 1);
    },
    |p| {
        p.sfence_vma(ZERO, ZERO);
    },
    |p| {
        p.sfence_vma(A0, A1);
    },
];

/// Checks that what `body` writes is illegal, or that it does not trap.
fn traps_if(p: &mut Program, traps: bool, body: impl FnOnce(&mut Program)) {
    if traps {
        p.expect_trap(illegal(), body);
    } else {
        body(p);
    }
}

fn illegal() -> Trap {
    trap(Exception::IllegalInst, Mode::M).tval_inst()
}
