//! Reasons to stop harts that run at the same time: the same as those of harts that take turns.

use std::sync::mpsc::channel;
use std::thread;
use std::time::{Duration, Instant};

use isa::asm::prelude::*;
use iss::{Engine, Variant, Width};
use platform::map::DeviceKind;
use platform::{Console, Machine, MachineConfig, MachineStop, Until};

use super::{BASE, DATA, X, base, config, hart_0_or_others, program, soon, word};

/// A machine of so many harts, whose program is `write`.
fn machine(harts: usize, write: impl FnOnce(&mut Asm)) -> Machine {
    let elf = program(|a| {
        a.csrr(S0, csr::mhartid::NUMBER);
        write(a);
    });
    Machine::new(config(harts, Engine::Fast, &elf), Console::default()).unwrap()
}

fn spin(a: &mut Asm) {
    let here = a.here();
    a.j(here);
}

fn sleep(a: &mut Asm) {
    let here = a.here();
    a.wfi().j(here);
}

#[test]
fn any_hart_ends_the_run() {
    for (value, stop) in
        [(0x5555, MachineStop::Exit(0)), (0x7_3333, MachineStop::Exit(7)), (0x7777, MachineStop::Reset)]
    {
        let mut machine = machine(3, |a| {
            hart_0_or_others(a, spin, |a| {
                a.li(T0, base(DeviceKind::Finisher)).li(T1, value).sw(T1, 0, T0);
                sleep(a);
            });
        });
        assert_eq!(machine.run(soon(), None), stop);
    }
}

#[test]
fn a_reset_starts_again() {
    let mut machine = machine(2, |a| {
        // Memory is fresh after a reset, or the count would be 2.
        a.li(T0, X).li(T1, 1).amoadd_d(ZERO, T1, T0, Order::Plain);
        hart_0_or_others(
            a,
            |a| {
                a.li(T0, base(DeviceKind::Finisher)).li(T1, 0x7777);
                let (again, there) = (a.here(), a.label());
                a.li(T2, X).ld(T2, 0, T2).addi(T2, T2, -2).beqz(T2, there).j(again).place(there);
                a.sw(T1, 0, T0);
                spin(a);
            },
            sleep,
        );
    });
    for _ in 0..3 {
        assert_eq!(machine.run(soon(), None), MachineStop::Reset);
        assert_eq!(word(&machine, X), 2);
        machine.reset().unwrap();
    }
}

#[test]
fn htif_ends_the_run() {
    for engine in [Engine::Fast, Engine::Reference] {
        let mut elf = program(|a| {
            a.csrr(S0, csr::mhartid::NUMBER);
            // The page of `tohost` is written to before, so that the store could be made without a closer look.
            a.li(T0, DATA).sd(ZERO, 8, T0).sd(ZERO, 16, T0);
            hart_0_or_others(a, sleep, |a| {
                a.li(T1, 7).sd(T1, 0, T0);
                spin(a);
            });
        });
        elf.symbols = vec![("tohost", DATA)];
        let mut machine = Machine::new(config(2, engine, &elf), Console::default()).unwrap();
        assert_eq!(machine.run(soon(), None), MachineStop::Exit(3));
    }
}

#[test]
fn limits_of_instructions_and_time_end_the_run_which_then_goes_on() {
    let mut machine = machine(2, |a| {
        let again = a.here();
        a.addi(S1, S1, 1).j(again);
    });
    for limit in [1000, 1_000_000, 3_000_000] {
        let until = Until { instructions: Some(limit), ..soon() };
        assert_eq!(machine.run(until, None), MachineStop::InstructionLimit);
        let taken = machine.instructions();
        assert!((limit..limit + 20_000).contains(&taken), "{taken} instead of {limit}");
    }
    let before = machine.hart(1).unwrap().x(9);
    let start = Instant::now();
    let until = Until { deadline: Some(start + Duration::from_millis(50)), ..Until::default() };
    assert_eq!(machine.run(until, None), MachineStop::Timeout);
    assert!(start.elapsed() >= Duration::from_millis(50));
    assert!(machine.hart(1).unwrap().x(9) > before + 1000);
}

#[test]
fn waiting_for_nothing_is_told() {
    for harts in [1, 2, 4] {
        let mut machine = machine(harts, |a| {
            // Machine timers are set to never, and nobody wants to hear of anything else.
            a.slli(T0, S0, 3)
                .li(T1, base(DeviceKind::Aclint) + 0x4000)
                .add(T0, T0, T1)
                .li(T1, u64::MAX)
                .sd(T1, 0, T0);
            a.li(T0, 0x88).csrw(csr::mie::NUMBER, T0);
            sleep(a);
        });
        assert_eq!(machine.run(soon(), None), MachineStop::Deadlock, "{harts}");
    }
}

/// The last hart that falls asleep has just woken another: that is no deadlock.
#[test]
fn waiting_for_each_other_is_no_deadlock() {
    super::run(
        2,
        |a| {
            a.li(T0, 8).csrw(csr::mie::NUMBER, T0).slli(T0, S0, 2).li(T1, super::msip(0)).add(S4, T0, T1);
            a.xori(S5, S4, 4).li(S3, 1);
            let first = a.label();
            a.bnez(S0, first).sw(S3, 0, S4).place(first);
            super::repeat(a, 3000, |a| {
                a.wfi().sw(ZERO, 0, S4).sw(S3, 0, S5);
            });
        },
        |_| (),
    );
}

#[test]
fn a_trap_storm_and_a_critical_error_are_told() {
    let traps = |a: &mut Asm| {
        a.ecall();
    };
    let mut storm = machine(2, |a| hart_0_or_others(a, sleep, traps));
    match storm.run(soon(), None) {
        MachineStop::TrapStorm(storm) => assert_eq!((storm.hart, storm.pc), (1, 0)),
        stop => panic!("{stop:?}"),
    }
    // MDT is set at reset.
    let elf = program(|a| {
        a.csrr(S0, csr::mhartid::NUMBER);
        hart_0_or_others(a, sleep, traps);
    });
    let variant = Variant::parse("max,smdbltrp=on").expect("a hart that there can be");
    let config = MachineConfig { variant, ..config(2, Engine::Fast, &elf) };
    let mut error = Machine::new(config, Console::default()).unwrap();
    for _ in 0..2 {
        assert_eq!(error.run(soon(), None), MachineStop::CriticalError { hart: 1 });
    }
}

#[test]
fn the_host_stops_the_machine() {
    for write in [spin, sleep] {
        let mut machine = machine(2, |a| {
            // The timer keeps sleepers from a deadlock.
            a.slli(T0, S0, 3)
                .li(T1, base(DeviceKind::Aclint) + 0x4000)
                .add(T0, T0, T1)
                .li(T1, 1 << 40)
                .sd(T1, 0, T0);
            a.li(T0, 0x80).csrw(csr::mie::NUMBER, T0);
            write(a);
        });
        let interrupter = machine.interrupter();
        let host = thread::spawn(move || {
            thread::sleep(Duration::from_millis(30));
            interrupter.interrupt();
        });
        assert_eq!(machine.run(soon(), None), MachineStop::Interrupted);
        host.join().unwrap();
    }
}

#[test]
fn input_wakes_a_sleeping_hart_and_its_end_is_told() {
    let (uart, plic) = (base(DeviceKind::Uart), base(DeviceKind::Plic));
    let elf = program(|a| {
        a.csrr(S0, csr::mhartid::NUMBER);
        hart_0_or_others(a, sleep, |a| {
            // Source 10 for context 2, which is M-mode of hart 1.
            a.li(T0, plic).li(T1, 1).sw(T1, 40, T0).li(T1, 1 << 10).li(T0, plic + 0x2100).sw(T1, 0, T0);
            a.li(S2, uart).li(T1, 1).sb(T1, 1, S2).li(T0, 0x800).csrw(csr::mie::NUMBER, T0);
            a.li(S3, plic + 0x20_2004).li(S4, X);
            let again = a.here();
            a.wfi().lw(T0, 0, S3).lbu(T1, 0, S2).sw(T0, 0, S3);
            a.ld(T2, 0, S4).add(T2, T2, T1).sd(T2, 0, S4).j(again);
        });
    });
    let (keys, input) = channel();
    let console = Console::default().with_input(input);
    let mut machine = Machine::new(config(2, Engine::Fast, &elf), console).unwrap();
    let host = thread::spawn(move || {
        for key in 1..=10 {
            thread::sleep(Duration::from_millis(5));
            keys.send(key).unwrap();
        }
    });
    // When the input has ended, nothing can happen any more.
    assert_eq!(machine.run(soon(), None), MachineStop::Deadlock);
    host.join().unwrap();
    assert_eq!(word(&machine, X), 55);
}

/// A debugger's steps are taken in turns, and a run goes on from there.
#[test]
fn steps_may_come_between_runs() {
    let mut machine = machine(2, |a| {
        let again = a.here();
        a.addi(S1, S1, 1).j(again);
    });
    let soon = || Until { deadline: Some(Instant::now() + Duration::from_millis(10)), ..Until::default() };
    for _ in 0..3 {
        assert_eq!(machine.run(soon(), None), MachineStop::Timeout);
        let (before, time) = (machine.hart(0).unwrap().x(9), machine.bus().time());
        for _ in 0..200 {
            machine.step(0, None).unwrap();
        }
        assert_eq!(machine.hart(0).unwrap().x(9), before + 100);
        assert!(machine.bus().time() > time);
    }
    assert!(machine.ram().load(BASE, Width::W).is_some());
}
