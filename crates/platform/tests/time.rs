//! What makes time pass: a machine's own time and the host's, the real-time clock, input from a file; and supervisor
//! software interrupts by the SSWI.

mod fixture;

use std::io::Cursor;
use std::time::{Duration, Instant};

use fixture::{Elf, Segment};
use isa::asm::prelude::*;
use isa::cause::Interrupt;
use platform::map::{DeviceKind, region};
use platform::{Clock, Console, Machine, MachineConfig, MachineStop, START_DATE, Until};

const BASE: u64 = 0x8000_0000;
/// Where programs leave their results.
const RESULT: u64 = BASE + 0x1000;

fn base(kind: DeviceKind) -> u64 {
    region(kind).base
}

fn config(write: impl FnOnce(&mut Asm)) -> MachineConfig {
    let mut asm = Asm::new(BASE);
    write(&mut asm);
    let code = asm.finish().expect("the program assembles");
    fixture::machine(Elf { segments: vec![Segment::load(BASE, &code)], ..Elf::program(&[]) }.image())
}

/// Runs a machine that has to end by itself, with status 0 where it succeeds.
#[track_caller]
fn run(config: MachineConfig, console: Console) -> Machine {
    let mut machine = Machine::new(config, console).expect("the machine starts");
    let until = Until { deadline: Some(Instant::now() + Duration::from_secs(60)), ..Until::default() };
    assert_eq!(machine.run(until, None), MachineStop::Exit(0));
    machine
}

fn result(machine: &Machine, index: u64) -> u64 {
    machine.ram().load(RESULT + 8 * index, iss::Width::D).expect("in main memory")
}

/// Writes a value known beforehand to a device.
fn poke(a: &mut Asm, address: u64, value: u64) {
    a.li(T5, address).li(T6, value).sw(T6, 0, T5);
}

/// Ends the run with success.
fn pass(a: &mut Asm) {
    poke(a, base(DeviceKind::Finisher), 0x5555);
    let here = a.here();
    a.j(here);
}

/// Leaves the date of the real-time clock as a result.
fn note_date(a: &mut Asm, index: i32) {
    a.li(T0, base(DeviceKind::Rtc)).lwu(T1, 0, T0).lwu(T2, 4, T0).slli(T2, T2, 32).or(T1, T1, T2);
    a.li(T0, RESULT).sd(T1, 8 * index, T0);
}

/// Waits in WFI for the timer, so many ticks from now.
fn wait(a: &mut Asm, ticks: u64) {
    a.csrr(T0, csr::time::NUMBER).li(T1, ticks).add(T0, T0, T1);
    a.li(T1, base(DeviceKind::Aclint) + 0x4000).sd(T0, 0, T1);
    a.li(T0, Interrupt::Mti.bit()).csrw(csr::mie::NUMBER, T0).wfi();
}

/// Ticks in a fifth of a second.
const FIFTH: u64 = 2_000_000;

fn sleeper() -> MachineConfig {
    config(|a| {
        note_date(a, 0);
        wait(a, FIFTH);
        note_date(a, 1);
        pass(a);
    })
}

#[test]
fn a_machines_own_time_jumps_and_its_date_is_always_the_same() {
    let runs = [(); 2].map(|()| run(sleeper(), Console::default()));
    for machine in &runs {
        let [before, after] = [0, 1].map(|index| result(machine, index));
        assert!((START_DATE..START_DATE + 1000).contains(&before), "{before}");
        assert!((before + 200_000_000..before + 200_010_000).contains(&after), "{after}");
    }
    assert_eq!(result(&runs[0], 1), result(&runs[1], 1));
    assert_eq!(runs[0].instructions(), runs[1].instructions());
    assert!(runs[0].instructions() < 1000, "nobody executes anything while time jumps");
}

#[test]
fn real_time_is_the_hosts_and_waiting_takes_it() {
    let start = Instant::now();
    let machine = run(MachineConfig { clock: Clock::Real, ..sleeper() }, Console::default());
    assert!(start.elapsed() >= Duration::from_millis(200));
    let [before, after] = [0, 1].map(|index| result(&machine, index));
    assert!(before > START_DATE && after >= before + 200_000_000, "{before} {after}");
    assert!(machine.instructions() < 1000, "the host sleeps");
}

#[test]
fn real_time_goes_on_while_a_hart_looks_at_it() {
    let machine = run(
        MachineConfig {
            clock: Clock::Real,
            ..config(|a| {
                a.csrr(S0, csr::time::NUMBER).li(T1, FIFTH).add(S0, S0, T1);
                let again = a.here();
                a.csrr(T0, csr::time::NUMBER).bltu(T0, S0, again);
                pass(a);
            })
        },
        Console::default(),
    );
    assert!(machine.bus().time() >= FIFTH);
}

#[test]
fn nobody_who_can_wake_a_hart_is_a_deadlock_in_real_time_too() {
    let config = MachineConfig {
        clock: Clock::Real,
        ..config(|a| {
            a.wfi();
        })
    };
    let mut machine = Machine::new(config, Console::default()).unwrap();
    assert_eq!(machine.run(Until::default(), None), MachineStop::Deadlock);
}

#[test]
fn an_alarm_ends_a_wait_in_every_kind_of_time() {
    let (plic, rtc) = (base(DeviceKind::Plic), base(DeviceKind::Rtc));
    let program = || {
        config(|a| {
            poke(a, plic + 4 * 11, 1);
            poke(a, plic + 0x2000, 1 << 11);
            note_date(a, 0);
            // A tenth of a second from now.
            a.li(T2, 100_000_000).add(T1, T1, T2).srli(T2, T1, 32).li(T0, rtc);
            a.sw(T2, 0xc, T0).sw(T1, 8, T0).li(T2, 1).sw(T2, 0x10, T0);
            a.li(T0, Interrupt::Mei.bit()).csrw(csr::mie::NUMBER, T0).wfi();
            note_date(a, 1);
            pass(a);
        })
    };
    for (clock, parallel) in [(Clock::Virtual, false), (Clock::Real, false), (Clock::Virtual, true)] {
        let machine = run(MachineConfig { clock, parallel, ..program() }, Console::default());
        let [before, after] = [0, 1].map(|index| result(&machine, index));
        assert!(after >= before + 100_000_000, "{clock:?}, parallel {parallel}: {before} {after}");
    }
}

#[test]
fn input_from_a_file_comes_at_the_same_time_in_every_run() {
    let text: Vec<u8> = (0..9000u32).map(|n| (n % 251) as u8).collect();
    let count = text.len() as u64;
    let machines = [(); 2].map(|()| {
        let program = config(|a| {
            let (uart, sum) = (base(DeviceKind::Uart), S1);
            a.li(T0, uart).li(S0, count).li(sum, 0);
            let again = a.here();
            a.lbu(T1, 5, T0).andi(T1, T1, 1).beqz(T1, again);
            a.lbu(T1, 0, T0).add(sum, sum, T1).addi(S0, S0, -1).bnez(S0, again);
            a.li(T0, RESULT).sd(sum, 0, T0);
            pass(a);
        });
        run(program, Console::default().with_file(Cursor::new(text.clone())))
    });
    let sum = text.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    assert_eq!(machines.each_ref().map(|machine| result(machine, 0)), [sum; 2]);
    assert_eq!(machines[0].instructions(), machines[1].instructions());
}

#[test]
fn a_reset_ends_the_run_where_it_is_asked_to() {
    let reset = |a: &mut Asm| poke(a, base(DeviceKind::Finisher), 0x7777);
    for parallel in [false, true] {
        run(MachineConfig { reset_ends: true, parallel, ..config(reset) }, Console::default());
    }
}

#[test]
fn the_date_goes_on_after_a_reset_and_mtime_starts_again() {
    let mut machine = Machine::new(
        config(|a| {
            wait(a, FIFTH);
            note_date(a, 0);
            poke(a, base(DeviceKind::Finisher), 0x7777);
        }),
        Console::default(),
    )
    .unwrap();
    let mut dates = Vec::new();
    for _ in 0..2 {
        assert_eq!(machine.run(Until::default(), None), MachineStop::Reset);
        dates.push(result(&machine, 0));
        machine.reset().unwrap();
        assert_eq!(machine.bus().time(), 0);
    }
    assert!(dates[1] >= dates[0] + 200_000_000, "{dates:?}");
}

#[test]
fn a_hart_wakes_another_by_the_sswi() {
    let program = || {
        config(|a| {
            let sleeper = a.label();
            a.csrr(A0, csr::mhartid::NUMBER).bnez(A0, sleeper);
            poke(a, base(DeviceKind::Sswi) + 4, 1);
            let here = a.here();
            a.j(here);
            a.place(sleeper);
            a.li(T0, Interrupt::Ssi.bit()).csrw(csr::mie::NUMBER, T0).wfi();
            // The bit stays until software clears it, and is not set again.
            a.csrr(T1, csr::mip::NUMBER).and(T1, T1, T0).csrc(csr::mip::NUMBER, T0);
            a.csrr(T2, csr::mip::NUMBER).and(T2, T2, T0).li(T0, RESULT).sd(T1, 0, T0).sd(T2, 8, T0);
            pass(a);
        })
    };
    for parallel in [false, true] {
        let machine =
            run(MachineConfig { harts: 2, aclint: true, parallel, ..program() }, Console::default());
        assert_eq!([0, 1].map(|index| result(&machine, index)), [Interrupt::Ssi.bit(), 0], "{parallel}");
    }
}
