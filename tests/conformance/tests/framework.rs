//! The framework itself: programs that must fail do, with the reason; every mode and scheme works.

use conformance::{Leave, Outcome, Program, SPARE, Test, flags, interrupt, run, trap};
use isa::Mode;
use isa::asm::prelude::*;
use isa::cause::{Exception, Interrupt};
use isa::ext::Ext;
use iss::{Engine, Variant};

/// Runs a test that needs the hypervisor extension.
fn run_h(build: fn(&mut Program)) -> Outcome {
    run_on("max", &[Ext::H], build)
}

fn run_on(spec: &str, needs: &'static [Ext], build: fn(&mut Program)) -> Outcome {
    let test = Test {
        name: "program",
        doc: "",
        rules: &[],
        cases: &[],
        needs,
        only: |_| true,
        cpus: &[],
        devices: &[],
        build,
    };
    run(&test, &Variant::parse(spec).unwrap(), Engine::default())
}

/// The reason for which a program fails.
fn why(outcome: &Outcome) -> String {
    let Outcome::Failed { what, expected, got, .. } = outcome else {
        panic!("must have failed at a check: {outcome}");
    };
    format!("{what}: {expected:#x} {got:#x}")
}

#[test]
fn a_wrong_value_fails_in_every_mode() {
    for mode in [Mode::HS, Mode::U, Mode::VS, Mode::VU] {
        // A function pointer cannot capture the mode, so the program is made four times over.
        let outcome = match mode {
            Mode::HS => run_h(|p| p.in_mode(Mode::HS, check_six)),
            Mode::U => run_h(|p| p.in_mode(Mode::U, check_six)),
            Mode::VS => run_h(|p| p.in_mode(Mode::VS, check_six)),
            _ => run_h(|p| p.in_mode(Mode::VU, check_six)),
        };
        assert_eq!(why(&outcome), "six: 0x6 0x5", "{mode}");
    }
    assert_eq!(why(&run_h(check_six)), "six: 0x6 0x5");
}

fn check_six(p: &mut Program) {
    p.li(A0, 5);
    p.check_eq(A0, 5, "five");
    p.check_eq(A0, 6, "six");
}

#[test]
fn a_failure_is_reported_although_all_calls_are_delegated() {
    let outcome = run_h(|p| {
        let calls = [Exception::EcallU, Exception::EcallS, Exception::EcallVs];
        p.write_csr(csr::medeleg::NUMBER, calls.iter().fold(0, |bits, call| bits | call.bit()));
        p.write_csr(csr::hedeleg::NUMBER, Exception::EcallU.bit());
        p.vs_stage(&isa::paging::SV39);
        p.g_stage(&isa::paging::SV39X4);
        p.in_mode(Mode::VU, check_six);
    });
    assert_eq!(why(&outcome), "six: 0x6 0x5");
}

#[test]
fn a_trap_that_does_not_come_fails() {
    let outcome = run_h(|p| {
        p.in_mode(Mode::VS, |p| {
            p.expect_trap(trap(Exception::Breakpoint, Mode::M), |p| {
                p.nop();
            });
        });
    });
    assert_eq!(why(&outcome), "a trap: breakpoint taken into M: 0x3 0xffffffffffffffff");
}

#[test]
fn a_trap_taken_into_another_mode_fails() {
    let outcome = run_h(|p| {
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        p.in_mode(Mode::VS, |p| {
            p.expect_trap(trap(Exception::Breakpoint, Mode::M), |p| {
                p.ebreak();
            });
        });
    });
    assert_eq!(why(&outcome), "log of the traps taken into M, in bytes: 0x80 0x40");
}

#[test]
fn a_trap_of_another_instruction_fails() {
    let outcome = run_h(|p| {
        p.expect_trap(trap(Exception::Breakpoint, Mode::M), |p| {
            p.ebreak().ebreak();
        });
    });
    assert!(why(&outcome).starts_with("epc of breakpoint taken into M"), "{outcome}");
}

#[test]
fn an_unexpected_trap_fails_with_its_record() {
    let outcome = run_h(|p| {
        p.write_csr(csr::medeleg::NUMBER, Exception::LoadPageFault.bit());
        p.write_csr(csr::hedeleg::NUMBER, Exception::LoadPageFault.bit());
        p.vs_stage(&isa::paging::SV39);
        p.in_mode(Mode::VU, |p| {
            p.li(A0, SPARE).ld(A0, 0, A0);
        });
    });
    let Outcome::UnexpectedTrap { taken: "VS", ref record, .. } = outcome else {
        panic!("must be a trap into VS: {outcome}");
    };
    assert_eq!((record[0], record[2]), (("cause", 13), ("tval", SPARE)));
}

#[test]
fn a_program_without_end_is_stopped() {
    let outcome = run_h(|p| {
        let here = p.here();
        p.j(here);
    });
    assert!(matches!(outcome, Outcome::Stuck(_)), "{outcome}");
}

#[test]
fn every_scheme_runs_every_mode() {
    let outcome = run_h(|p| {
        for hgatp in p.schemes(csr::hgatp::NUMBER) {
            for vsatp in p.schemes(csr::vsatp::NUMBER) {
                p.s_stage(vsatp);
                p.vs_stage(vsatp);
                p.g_stage(hgatp);
                for mode in [Mode::HS, Mode::U, Mode::VS, Mode::VU] {
                    p.in_mode(mode, |p| {
                        p.expect_trap(trap(Exception::Breakpoint, Mode::M), |p| {
                            p.ebreak();
                        });
                    });
                }
            }
        }
        p.s_bare();
        p.vs_bare();
        p.in_mode(Mode::VU, |_| {});
        p.in_mode(Mode::U, |_| {});
    });
    assert_eq!(outcome, Outcome::Passed);
}

#[test]
fn a_fetch_that_faults_is_recovered_from() {
    let outcome = run_h(|p| {
        let vs = p.vs_stage(&isa::paging::SV39);
        let page = p.page();
        p.map(vs, SPARE, page, flags("ruad"));
        p.in_mode(Mode::VU, |p| {
            p.li(A0, SPARE);
            p.expect_trap(trap(Exception::InstPageFault, Mode::M).epc(SPARE).tval(SPARE), |p| {
                p.jr(A0);
            });
        });
    });
    assert_eq!(outcome, Outcome::Passed);
}

#[test]
fn compressed_instructions_and_those_with_labels_may_come_before_the_trap() {
    let outcome = run_h(|p| {
        let next = p.label();
        p.expect_trap(trap(Exception::Breakpoint, Mode::M), |p| {
            p.c_nop().j(next);
            p.place(next);
            p.c_ebreak();
        });
    });
    assert_eq!(outcome, Outcome::Passed);
}

#[test]
fn a_mode_may_be_left_without_an_environment_call() {
    let outcome = run_h(|p| {
        p.write_csr(csr::medeleg::NUMBER, Exception::EcallU.bit() | Exception::EcallS.bit());
        p.in_mode_leaving_by(Leave::Illegal, Mode::U, |p| {
            p.li(A0, 5);
        });
        p.check_csr(csr::mcause::NUMBER, 2, "the cause of the last trap");
        p.check_eq(A0, 5, "a0");
    });
    assert_eq!(outcome, Outcome::Passed);
}

#[test]
fn interrupts_are_recovered_from_in_each_mode() {
    let outcome = run_h(|p| {
        p.write_csr(csr::mideleg::NUMBER, Interrupt::Ssi.bit());
        p.write_csr(csr::mie::NUMBER, Interrupt::Ssi.bit() | Interrupt::Vssi.bit());
        p.in_mode(Mode::HS, |p| {
            p.csrsi(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
            p.expect_interrupt(interrupt(Interrupt::Ssi, Mode::HS), |p| {
                p.csrsi(csr::sip::NUMBER, Interrupt::Ssi.bit() as u8);
            });
            p.expect_no_trap("the interrupt is masked", |_| {});
            p.expect_interrupt(interrupt(Interrupt::Vssi, Mode::HS), |p| {
                p.csrsi(csr::hvip::NUMBER, Interrupt::Vssi.bit() as u8);
            });
        });
    });
    assert_eq!(outcome, Outcome::Passed);
}

#[test]
fn harts_without_pmp_or_hypervisor_run_what_does_not_need_them() {
    for spec in ["rv64gc,pmp=0", "rv64gc", "max,pmp=64"] {
        let outcome = run_on(spec, &[], |p| {
            p.in_mode(Mode::U, |p| {
                p.expect_trap(trap(Exception::EcallU, Mode::M), |p| {
                    p.ecall();
                });
            });
        });
        assert_eq!(outcome, Outcome::Passed, "{spec}");
    }
}

#[test]
fn what_a_hart_does_not_report_is_expected_to_be_zero() {
    for spec in ["max", "max,tinst=zero", "max,htval=zero", "max,tinst=zero,htval=zero,tval-virtual=zero"] {
        let outcome = run_on(spec, &[Ext::H], |p| {
            let vs = p.vs_stage(&isa::paging::SV39);
            p.g_stage(&isa::paging::SV39X4);
            p.map(vs, SPARE, SPARE, flags("rad"));
            // The page table of this gigabyte lies where nothing is mapped.
            let walked = 2 * SPARE - 0x1000;
            p.put_pte(vs, SPARE + (1 << 32), 2, isa::paging::Pte::pointer(walked));
            p.in_mode(Mode::VS, |p| {
                let fault = trap(Exception::LoadGuestPageFault, Mode::M);
                p.li(A0, SPARE).li(A1, SPARE + (1 << 32));
                p.expect_trap(fault.clone().tval(SPARE).gpa(SPARE).tinst_transformed(0), |p| {
                    p.ld(A2, 0, A0);
                });
                p.expect_trap(fault.tval(SPARE + (1 << 32)).gpa(walked).tinst_walk(false), |p| {
                    p.ld(A2, 0, A1);
                });
                p.expect_trap(trap(Exception::VirtualInst, Mode::M).tval_inst(), |p| {
                    p.csrr(A0, csr::hstatus::NUMBER);
                });
            });
        });
        assert_eq!(outcome, Outcome::Passed, "{spec}");
    }
}

#[test]
fn devices_are_where_the_machine_has_them() {
    use platform::map::{DeviceKind, REGIONS};
    let base = |kind| REGIONS.iter().find(|region| region.kind == kind).map(|region| region.base);
    assert_eq!(base(DeviceKind::Aclint), Some(conformance::device::MSIP));
    assert_eq!(base(DeviceKind::Plic), Some(conformance::device::PLIC_PRIORITY - 4));
    assert_eq!(base(DeviceKind::Uart), Some(conformance::device::UART));
    assert_eq!(base(DeviceKind::Hgeip), Some(conformance::device::HGEIP));
}
