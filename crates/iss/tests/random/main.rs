//! Random instructions in every mode: whatever a guest executes, the hart must not panic.
//!
//! Half of the instructions are rows of the instruction table with random operands, the other half random
//! words. Page tables of both stages are live. `VHART_RANDOM_COUNT` says how many instructions to execute
//! in each mode, `VHART_RANDOM_SEED` where to start; a failure prints how to repeat it.

#[path = "../ram_only/mod.rs"]
mod ram_only;
mod rng;
mod world;

use std::env;

use isa::cause::{Cause, Exception};
use isa::ext::{Ext, ExtSet};
use isa::inst::Row;
use isa::{Inst, Mode, Op};
use iss::observe::TrapTaken;
use iss::{Hart, Observer, Stop, Variant};
use rng::Rng;
use world::World;

/// Enough for every expectation below to be met many times over.
const DEFAULT_COUNT: u64 = 200_000;

/// How long a hart lives: a few locked PMP entries or a broken page table then cost little.
const STEPS_PER_HART: u64 = 500;

#[test]
fn machine_mode() {
    check(Mode::M, &[Exception::EcallM, Exception::LoadAccessFault, Exception::StoreAccessFault]);
}

#[test]
fn hypervisor_extended_supervisor_mode() {
    use Exception::{EcallS, LoadGuestPageFault, LoadPageFault, StoreGuestPageFault, StorePageFault};
    check(Mode::HS, &[EcallS, LoadPageFault, StorePageFault, LoadGuestPageFault, StoreGuestPageFault]);
}

#[test]
fn user_mode() {
    use Exception::{EcallU, InstPageFault, LoadPageFault, StorePageFault};
    check(Mode::U, &[EcallU, LoadPageFault, StorePageFault, InstPageFault]);
}

#[test]
fn virtual_supervisor_mode() {
    use Exception::{
        EcallVs, InstGuestPageFault, LoadGuestPageFault, LoadPageFault, StoreGuestPageFault, StorePageFault,
        VirtualInst,
    };
    check(
        Mode::VS,
        &[
            EcallVs,
            VirtualInst,
            LoadPageFault,
            StorePageFault,
            InstGuestPageFault,
            LoadGuestPageFault,
            StoreGuestPageFault,
        ],
    );
}

#[test]
fn virtual_user_mode() {
    use Exception::{EcallU, InstPageFault, LoadGuestPageFault, StoreGuestPageFault, VirtualInst};
    check(Mode::VU, &[EcallU, VirtualInst, InstPageFault, LoadGuestPageFault, StoreGuestPageFault]);
}

/// Executes random instructions in `mode`, then makes sure that they were not all stopped at the door:
/// each unprivileged instruction has retired, and the exceptions `expected` have been raised.
fn check(mode: Mode, expected: &[Exception]) {
    let count = setting("VHART_RANDOM_COUNT", DEFAULT_COUNT);
    let mut rng = Rng(setting("VHART_RANDOM_SEED", 1));
    let mut seen = Seen { retired: [0; Op::COUNT], raised: [0; 64] };
    let mut executed = 0;
    while executed < count {
        executed += one_life(mode, Rng(rng.next()), &mut seen);
    }
    if count < DEFAULT_COUNT {
        return;
    }
    for row in isa::inst::ROWS.iter().filter(|row| always_retires(row)) {
        assert!(seen.retired[row.op as usize] > 0, "{} never retired in {mode}", row.name);
    }
    for exception in expected.iter().chain(&[Exception::IllegalInst, Exception::Breakpoint]) {
        assert!(seen.raised[*exception as usize] > 0, "no {} in {mode}", exception.name());
    }
}

/// What has happened in all lives, so that a test that no longer tests can be told.
struct Seen {
    retired: [u64; Op::COUNT],
    raised: [u64; 64],
}

impl Observer for Seen {
    fn retire(&mut self, _hart: &Hart, _pc: u64, inst: &Inst) {
        self.retired[inst.op as usize] += 1;
    }

    fn trap(&mut self, _hart: &Hart, trap: &TrapTaken) {
        if let Cause::Exception(exception) = trap.cause {
            self.raised[exception as usize] += 1;
        }
    }
}

/// Executes instructions on a new hart until it has had enough of them, waits, or no longer reaches its
/// code; returns their number.
///
/// Every other hart goes unobserved, as harts do outside tests.
fn one_life(mode: Mode, rng: Rng, seen: &mut Seen) -> u64 {
    let mut life = Life { seed: rng.0, mode, step: 0, word: 0 };
    let mut world = World::new(mode, rng);
    let observed = world.rng.one_in(2);
    while life.step < STEPS_PER_HART {
        life.word = world.prepare();
        let fetches = world.fetches();
        let observer: Option<&mut dyn Observer> = if observed { Some(&mut *seen) } else { None };
        let outcome = world.hart.run(&mut world.bus, 1, observer);
        life.step += 1;
        if outcome.stop == Stop::Waiting || !fetches {
            break;
        }
    }
    world.question();
    life.step
}

/// Says on a panic what was being executed.
struct Life {
    seed: u64,
    mode: Mode,
    step: u64,
    word: u32,
}

impl Drop for Life {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let Life { seed, mode, step, word } = self;
            eprintln!("in {mode}, hart of seed {seed:#x}, step {step}, instruction {word:#010x}");
        }
    }
}

/// Whether a row is of an extension open to every mode and does something else than trap.
fn always_retires(row: &Row) -> bool {
    let always = Variant::ALWAYS.without(ExtSet::of(&[Ext::Sm, Ext::S, Ext::U]));
    let open = always.meets(row.needs);
    open && !matches!(row.op.long(), Op::ecall | Op::ebreak)
}

/// The number in an environment variable, or `default` where it is not set.
fn setting(name: &str, default: u64) -> u64 {
    match env::var(name) {
        Ok(text) => text.parse().unwrap_or_else(|_| panic!("{name} is \"{text}\": give a decimal number")),
        Err(_) => default,
    }
}
