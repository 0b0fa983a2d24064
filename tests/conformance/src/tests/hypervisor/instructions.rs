//! Privileged instructions in a guest: SRET, WFI, fences and satp under the bits of mstatus and hstatus.

use iss::variant::Wfi;

use crate::prelude::*;
use crate::{Program, Trap};

conformance_tests! {
    /// VTSR makes SRET virtual in VS-mode, and TSR makes it illegal in HS-mode; neither acts elsewhere.
    sret_under_tsr_and_vtsr
    [rules "hstatus_vtsr_op" "H_virtinst_vs_sret_vtsr1" "H_virtinst_vu_sret_sfence"]
    [cases 64]
    [needs H]
    |p| {
        for (tsr, vtsr) in BOTH_BITS {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TSR, tsr.into());
            p.set_field(csr::hstatus::NUMBER, csr::hstatus::VTSR, vtsr.into());
            p.in_mode(Mode::HS, |p| traps_if(p, tsr.then(illegal), sret_to_next));
            p.in_mode(Mode::VS, |p| traps_if(p, vtsr.then(virtual_instruction), sret_to_next));
            p.in_mode(Mode::U, |p| traps_if(p, Some(illegal()), sret_to_next));
            p.in_mode(Mode::VU, |p| traps_if(p, Some(virtual_instruction()), sret_to_next));
        }
    }

    /// TW makes WFI illegal in every mode but M, before VTW; VTW alone makes it virtual in VS-mode, and in
    /// VU-mode it always is one of the two.
    wfi_under_tw_and_vtw
    [rules "hstatus_vtw_op" "VTW_VIRTINSTR" "H_virtinst_wfi_vtw1_tw0" "H_virtinst_vu_wfi_tw0"]
    [cases 63]
    [needs H]
    [cpus "wfi=wait" "wfi=nop"]
    |p| {
        let wfi = |p: &mut Program| {
            p.wfi();
        };
        for (tw, vtw) in BOTH_BITS {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TW, tw.into());
            p.set_field(csr::hstatus::NUMBER, csr::hstatus::VTW, vtw.into());
            // Nothing is pending, so that WFI cannot complete before its limit.
            // On a hart that does not wait it completes, but for VU-mode under TW=0.
            let waits = p.cpu().wfi != Wfi::Nop;
            let vs = if tw { Some(illegal()) } else { vtw.then(virtual_instruction) };
            if let Some(expected) = vs.filter(|_| waits) {
                p.in_mode(Mode::VS, |p| p.expect_trap(expected, wfi));
            }
            if !tw || waits {
                let expected = if tw { illegal() } else { virtual_instruction() };
                p.in_mode(Mode::VU, |p| p.expect_trap(expected, wfi));
            }
            if tw && waits {
                p.in_mode(Mode::HS, |p| p.expect_trap(illegal(), wfi));
                p.in_mode(Mode::U, |p| p.expect_trap(illegal(), wfi));
            }
            // With something to wake for, it completes where nothing forbids it.
            p.write_csr(csr::mie::NUMBER, Interrupt::Vssi.bit());
            p.write_csr(csr::hideleg::NUMBER, Interrupt::Vssi.bit());
            p.write_csr(csr::hvip::NUMBER, Interrupt::Vssi.bit());
            wfi(p);
            if !tw {
                p.in_mode(Mode::HS, wfi);
                if !vtw {
                    p.in_mode(Mode::VS, wfi);
                }
            }
            p.csrw(csr::mie::NUMBER, ZERO).csrw(csr::hvip::NUMBER, ZERO);
        }
    }

    /// How long WFI may wait under VTW is the hart's choice: not at all, so that it is virtual though something is
    /// pending; or without end, so that it is never.
    wfi_under_vtw_by_the_harts_choice
    [rules "VTW_VIRTINSTR" "hstatus_vtw_op" "MSTATUS_TW_TIME_LIMIT"]
    [cases 63]
    [needs H]
    [cpus "wfi=trap" "wfi=nop"]
    |p| {
        let wfi = |p: &mut Program| {
            p.wfi();
        };
        p.set_csr(csr::hstatus::NUMBER, csr::hstatus::VTW.mask());
        p.write_csr(csr::hideleg::NUMBER, Interrupt::Vssi.bit());
        p.write_csr(csr::hie::NUMBER, Interrupt::Vssi.bit());
        for pending in [false, true] {
            p.write_csr(csr::hvip::NUMBER, if pending { Interrupt::Vssi.bit() } else { 0 });
            let traps = match p.cpu().wfi {
                Wfi::Trap => true,
                Wfi::Wait => !pending,
                Wfi::Nop => false,
            };
            p.in_mode(Mode::VS, |p| traps_if(p, traps.then(virtual_instruction), wfi));
        }
    }

    /// WFI at V=1 ends when an interrupt is pending that is enabled at any level, taken or not.
    wfi_in_a_guest_wakes_for_every_level
    [rules "hstatus_vtw_op"]
    [cases 97]
    [needs H Sstc]
    |p| {
        // For the guest itself, with vsstatus.SIE clear: not taken.
        p.write_csr(csr::hideleg::NUMBER, Interrupt::Vssi.bit());
        p.write_csr(csr::hvip::NUMBER, Interrupt::Vssi.bit());
        p.write_csr(csr::hie::NUMBER, Interrupt::Vssi.bit());
        p.in_mode(Mode::VS, |p| {
            p.wfi();
        });
        p.csrw(csr::hvip::NUMBER, ZERO);
        // For HS-mode, by a timer that fires while the guest waits.
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::STCE.mask());
        p.csrr(A0, csr::time::NUMBER).li(A1, PATIENCE).add(A0, A0, A1).csrw(csr::stimecmp::NUMBER, A0);
        p.write_csr(csr::mideleg::NUMBER, Interrupt::Sti.bit());
        p.write_csr(csr::mie::NUMBER, Interrupt::Sti.bit());
        p.in_mode(Mode::VS, |p| {
            p.expect_interrupt(interrupt(Interrupt::Sti, Mode::HS), |p| {
                let again = p.here();
                p.wfi();
                p.j(again);
            });
        });
        // For M-mode.
        p.csrr(A0, csr::time::NUMBER).li(A1, PATIENCE).add(A0, A0, A1).li(A1, MTIMECMP).sd(A0, 0, A1);
        p.write_csr(csr::mie::NUMBER, Interrupt::Mti.bit());
        p.in_mode(Mode::VS, |p| {
            p.expect_interrupt(interrupt(Interrupt::Mti, Mode::M), |p| {
                let again = p.here();
                p.wfi();
                p.j(again);
            });
        });
    }

    /// VTVM makes SFENCE.VMA and satp virtual in VS-mode, TVM makes them illegal in HS-mode; neither acts
    /// on the other's mode.
    fences_and_satp_under_tvm_and_vtvm
    [rules "hstatus_vtvm_op" "H_virtinst_vs_sfence_sinval_satp_vtvm1" "H_virtinst_vu_sret_sfence"]
    [cases 65]
    [needs H]
    |p| {
        for (tvm, vtvm) in BOTH_BITS {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TVM, tvm.into());
            p.set_field(csr::hstatus::NUMBER, csr::hstatus::VTVM, vtvm.into());
            let accesses: [fn(&mut Program); 4] = [
                |p| {
                    p.sfence_vma(ZERO, ZERO);
                },
                |p| {
                    p.sfence_vma(A0, A1);
                },
                |p| {
                    p.csrr(A0, csr::satp::NUMBER);
                },
                |p| {
                    p.csrw(csr::satp::NUMBER, ZERO);
                },
            ];
            for access in accesses {
                access(p);
                p.in_mode(Mode::HS, |p| traps_if(p, tvm.then(illegal), access));
                p.in_mode(Mode::VS, |p| traps_if(p, vtvm.then(virtual_instruction), access));
                p.in_mode(Mode::U, |p| p.expect_trap(illegal(), access));
                p.in_mode(Mode::VU, |p| p.expect_trap(virtual_instruction(), access));
            }
        }
    }

    /// SINVAL.VMA goes with SFENCE.VMA; SFENCE.W.INVAL and SFENCE.INVAL.IR are allowed to HS- and VS-mode
    /// whatever TVM and VTVM say, illegal in U-mode and virtual in VU-mode.
    svinval_in_every_mode
    [rules "hstatus_vtvm_op" "H_virtinst_vs_sfence_sinval_satp_vtvm1" "H_virtinst_vu_sret_sfence"]
    [cases 70]
    [needs H Svinval]
    |p| {
        for (tvm, vtvm) in BOTH_BITS {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TVM, tvm.into());
            p.set_field(csr::hstatus::NUMBER, csr::hstatus::VTVM, vtvm.into());
            let sinval = |p: &mut Program| {
                p.sinval_vma(ZERO, ZERO);
            };
            let orders: [fn(&mut Program); 2] = [
                |p| {
                    p.sfence_w_inval();
                },
                |p| {
                    p.sfence_inval_ir();
                },
            ];
            p.in_mode(Mode::HS, |p| {
                traps_if(p, tvm.then(illegal), sinval);
                for order in orders {
                    order(p);
                }
            });
            p.in_mode(Mode::VS, |p| {
                traps_if(p, vtvm.then(virtual_instruction), sinval);
                for order in orders {
                    order(p);
                }
            });
            for (mode, expected) in [(Mode::U, illegal()), (Mode::VU, virtual_instruction())] {
                p.in_mode(mode, |p| {
                    p.expect_trap(expected.clone(), sinval);
                    for order in orders {
                        p.expect_trap(expected.clone(), order);
                    }
                });
            }
        }
    }

    /// TVM makes hgatp and HFENCE.GVMA illegal in HS-mode, HINVAL.GVMA with it; HFENCE.VVMA and vsatp stay.
    hgatp_and_hfence_under_tvm
    [rules "hgatp_tvm_illegal"]
    [cases 66]
    [needs H Svinval]
    |p| {
        let governed: [fn(&mut Program); 4] = [
            |p| {
                p.csrr(A0, csr::hgatp::NUMBER);
            },
            |p| {
                p.csrw(csr::hgatp::NUMBER, ZERO);
            },
            |p| {
                p.hfence_gvma(ZERO, ZERO);
            },
            |p| {
                p.hinval_gvma(ZERO, ZERO);
            },
        ];
        let others: [fn(&mut Program); 4] = [
            |p| {
                p.csrr(A0, csr::vsatp::NUMBER);
            },
            |p| {
                p.csrw(csr::vsatp::NUMBER, ZERO);
            },
            |p| {
                p.hfence_vvma(ZERO, ZERO);
            },
            |p| {
                p.hinval_vvma(ZERO, ZERO);
            },
        ];
        for tvm in [false, true] {
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::TVM, tvm.into());
            // VTVM concerns VS-mode alone.
            p.set_field(csr::hstatus::NUMBER, csr::hstatus::VTVM, 1);
            for access in governed {
                access(p);
            }
            p.in_mode(Mode::HS, |p| {
                for access in governed {
                    traps_if(p, tvm.then(illegal), access);
                }
                for access in others {
                    access(p);
                }
            });
            // In a guest they are virtual also when HS-mode could not.
            for mode in [Mode::VS, Mode::VU] {
                p.in_mode(mode, |p| {
                    for access in governed {
                        p.expect_trap(virtual_instruction(), access);
                    }
                    for access in others {
                        p.expect_trap(virtual_instruction(), access);
                    }
                });
            }
        }
    }

    /// Hypervisor fences, loads and stores are virtual instructions in a guest and illegal in U-mode.
    hypervisor_instructions_from_guests_and_user_mode
    [rules "H_virtinst_vu_vs_hinst" "hlsv_virtinst" "hlsv_illegalinst"]
    [cases 67]
    [needs H]
    |p| {
        let instructions: [fn(&mut Program); 10] = [
            |p| {
                p.hfence_vvma(ZERO, ZERO);
            },
            |p| {
                p.hfence_vvma(A0, A1);
            },
            |p| {
                p.hfence_gvma(ZERO, ZERO);
            },
            |p| {
                p.hfence_gvma(A0, A1);
            },
            |p| {
                p.hlv_b(A1, A0);
            },
            |p| {
                p.hlv_wu(A1, A0);
            },
            |p| {
                p.hlv_d(A1, A0);
            },
            |p| {
                p.hlvx_hu(A1, A0);
            },
            |p| {
                p.hsv_b(A1, A0);
            },
            |p| {
                p.hsv_d(A1, A0);
            },
        ];
        let modes =
            [(Mode::U, illegal()), (Mode::VS, virtual_instruction()), (Mode::VU, virtual_instruction())];
        for hu in [0, 1] {
            p.set_field(csr::hstatus::NUMBER, csr::hstatus::HU, hu);
            for (mode, expected) in modes.clone() {
                // With HU, U-mode may load and store.
                let refused = if hu == 1 && mode == Mode::U { &instructions[..4] } else { &instructions[..] };
                p.in_mode(mode, |p| {
                    p.li(A0, 0x8000_0000);
                    for instruction in refused {
                        p.expect_trap(expected.clone(), instruction);
                    }
                });
            }
        }
    }
}

/// The ACLINT's timer of hart 0.
const MTIMECMP: u64 = 0x200_4000;
/// Ticks after which a timer fires: enough to get to the WFI on any simulator.
const PATIENCE: u64 = 20_000;

/// Two bits, in all four states.
const BOTH_BITS: [(bool, bool); 4] = [(false, false), (false, true), (true, false), (true, true)];

fn illegal() -> Trap {
    trap(Exception::IllegalInst, Mode::M).tval_inst()
}

fn virtual_instruction() -> Trap {
    trap(Exception::VirtualInst, Mode::M).tval_inst()
}

/// Expects a trap of `body`, or none.
fn traps_if(p: &mut Program, expected: Option<Trap>, body: impl FnOnce(&mut Program)) {
    match expected {
        Some(expected) => p.expect_trap(expected, body),
        None => body(p),
    }
}

/// An SRET that goes on with what follows, in the same mode.
fn sret_to_next(p: &mut Program) {
    let next = p.label();
    if p.mode().privilege == isa::Privilege::S {
        p.la(A0, next).csrw(csr::sepc::NUMBER, A0);
        p.set_csr(csr::sstatus::NUMBER, csr::sstatus::SPP.mask());
    }
    p.sret();
    p.place(next);
}
