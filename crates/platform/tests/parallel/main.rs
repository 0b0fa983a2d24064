//! Harts that run at the same time, put to the test: each program counts, and every count must be exact.

#[path = "../fixture/mod.rs"]
mod fixture;

mod atomics;
mod code;
mod interrupts;
mod order;
mod pages;
mod stops;

use std::time::{Duration, Instant};

use fixture::{Elf, Segment};
use isa::asm::prelude::*;
use iss::{Engine, Width};
use platform::map::{DeviceKind, region};
use platform::{Console, Machine, MachineConfig, MachineStop, Until};

const BASE: u64 = 0x8000_0000;

/// Where a program's variables are, far from its code.
const DATA: u64 = BASE + 0x20_0000;

/// How many harts have come to the end of a program, and how many failures they have met.
const DONE: u64 = DATA;
const FAILURES: u64 = DATA + 0x40;

/// Variables of the programs, each in a cache line of the host's own.
const X: u64 = DATA + 0x80;
const Y: u64 = DATA + 0xc0;
const Z: u64 = DATA + 0x100;

/// Nothing here takes longer, on a host that has anything else to do.
const LIMIT: Duration = Duration::from_secs(60);

fn base(kind: DeviceKind) -> u64 {
    region(kind).base
}

/// The address of a hart's software interrupt.
fn msip(hart: u64) -> u64 {
    base(DeviceKind::Aclint) + 4 * hart
}

/// A program written by `write`, as an ELF file.
fn program(write: impl FnOnce(&mut Asm)) -> Elf {
    let mut asm = Asm::new(BASE);
    write(&mut asm);
    let code = asm.finish().expect("the program assembles");
    Elf { segments: vec![Segment::load(BASE, &code)], ..Elf::program(&[]) }
}

fn config(harts: usize, engine: Engine, elf: &Elf) -> MachineConfig {
    MachineConfig { harts, engine, parallel: true, ..fixture::machine(elf.image()) }
}

fn soon() -> Until {
    Until { deadline: Some(Instant::now() + LIMIT), ..Until::default() }
}

/// Runs a program on so many harts by each engine up to its end, and gives the machine to `verify`.
///
/// The program begins with the number of the hart in `s0`, and comes to its end by [`finish`].
fn run(harts: u64, write: impl Fn(&mut Asm), verify: impl Fn(&mut Machine)) {
    for engine in [Engine::Fast, Engine::Reference] {
        let elf = program(|a| {
            a.csrr(S0, csr::mhartid::NUMBER);
            write(a);
            finish(a, harts);
        });
        let mut machine = Machine::new(config(harts as usize, engine, &elf), Console::default()).unwrap();
        let stop = machine.run(soon(), None);
        let at: Vec<_> = (0..machine.harts()).filter_map(|id| machine.hart(id)).collect();
        let at: Vec<_> =
            at.iter().map(|hart| format!("{:#x}{}", hart.pc(), waits(hart.is_waiting()))).collect();
        let how = format!("{harts} harts, {engine:?}, which end at {}", at.join(", "));
        assert_ne!(stop, MachineStop::Timeout, "not done in {LIMIT:?}: {how}");
        assert_eq!(stop, MachineStop::Exit(0), "{how}");
        assert_eq!(word(&machine, FAILURES), 0, "failures: {how}");
        verify(&mut machine);
    }
}

fn waits(waits: bool) -> &'static str {
    if waits { " (waiting)" } else { "" }
}

/// A doubleword of main memory.
fn word(machine: &Machine, pa: u64) -> u64 {
    machine.ram().load(pa, Width::D).unwrap()
}

/// Waits until all harts have come here; hart 0 then ends the run.
fn finish(a: &mut Asm, harts: u64) {
    let (again, others) = (a.label(), a.label());
    a.li(T5, DONE).li(T6, 1).amoadd_d(ZERO, T6, T5, Order::AqRl);
    a.bnez(S0, others);
    a.li(T6, harts).place(again);
    a.ld(T4, 0, T5).bne(T4, T6, again);
    a.fence(15, 15).li(T5, base(DeviceKind::Finisher)).li(T6, 0x5555).sw(T6, 0, T5);
    a.place(others);
    // No interrupt that could end the wait is left.
    a.csrw(csr::mie::NUMBER, ZERO);
    let asleep = a.here();
    a.wfi().j(asleep);
}

/// Counts a failure where two registers differ.
fn expect_equal(a: &mut Asm, left: Reg, right: Reg) {
    let fine = a.label();
    a.beq(left, right, fine);
    count_failure(a);
    a.place(fine);
}

/// Counts a failure where `left` is less than `right`.
fn expect_at_least(a: &mut Asm, left: Reg, right: Reg) {
    let fine = a.label();
    a.bgeu(left, right, fine);
    count_failure(a);
    a.place(fine);
}

fn count_failure(a: &mut Asm) {
    a.li(T5, FAILURES).li(T6, 1).amoadd_d(ZERO, T6, T5, Order::Plain);
}

/// Repeats `body` so many times, counting down in `s1`.
fn repeat(a: &mut Asm, times: u64, body: impl FnOnce(&mut Asm)) {
    a.li(S1, times);
    let again = a.here();
    body(a);
    let done = a.label();
    a.addi(S1, S1, -1).beqz(S1, done).j(again).place(done);
}

/// Jumps over `others` on hart 0, and then lets the other harts jump over `own`.
fn hart_0_or_others(a: &mut Asm, own: impl FnOnce(&mut Asm), others: impl FnOnce(&mut Asm)) {
    let (skip, end) = (a.label(), a.label());
    a.bnez(S0, skip);
    own(a);
    a.j(end).place(skip);
    others(a);
    a.place(end);
}

/// Spins until the doubleword at the address in `at` is at least `value`.
fn await_at_least(a: &mut Asm, at: Reg, value: Reg) {
    let again = a.here();
    a.ld(T6, 0, at).bltu(T6, value, again);
}
