//! Running a test on the simulated machine.

use std::fmt;
use std::num::NonZero;
use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering};

use isa::asm::AsmError;
use isa::cause::Cause;
use iss::{Engine, Ram, Variant, Width};
use platform::{Console, Machine, MachineConfig, MachineStop, Until};

use crate::program::{
    FIELDS, Image, KIND_CRITICAL, KIND_FAILED, KIND_PASSED, KIND_UNEXPECTED, LOGS, Program, RECORD, RESULT,
};
use crate::suite::Test;

/// No test takes so many instructions.
const LIMIT: u64 = 10_000_000;

/// The machine's memory: room for the code and for a page of 2 MiB or two.
pub const MEMORY: u64 = 64 << 20;

/// How a test ended.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Every check held.
    Passed,
    /// A check did not hold.
    Failed {
        /// Its number.
        check: u64,
        /// What it is about.
        what: String,
        /// What must be there.
        expected: u64,
        /// What was there.
        got: u64,
    },
    /// A trap was taken that no check expected.
    UnexpectedTrap {
        /// The number of the check before it.
        check: u64,
        /// What that is about.
        what: String,
        /// The mode that the trap was taken into.
        taken: &'static str,
        /// What its handler saw: the trap CSRs, by name.
        record: Vec<(&'static str, u64)>,
    },
    /// The program did not come to an end.
    Stuck(String),
    /// The test could not be written.
    Unbuildable(AsmError),
}

/// A test on one kind of hart, and how it ended.
#[derive(Clone, Debug)]
pub struct Run {
    /// The test.
    pub test: &'static Test,
    /// The hart, as `--cpu` takes it.
    pub cpu: String,
    /// How it ended.
    pub outcome: Outcome,
}

/// Runs tests, each on a hart and its description, on all processors; the results are in the same order.
pub fn run_all(tests: &[(&'static Test, String, Variant)], engine: Engine) -> Vec<Run> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some((test, cpu, variant)) = tests.get(index) else { return done };
            done.push((index, Run { test, cpu: cpu.clone(), outcome: run(test, variant, engine) }));
        }
    };
    let mut runs = std::thread::scope(|scope| {
        let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let done =
            threads.into_iter().map(|thread| thread.join().unwrap_or_else(|cause| resume_unwind(cause)));
        done.flatten().collect::<Vec<_>>()
    });
    runs.sort_by_key(|(index, _)| *index);
    runs.into_iter().map(|(_, run)| run).collect()
}

/// Writes a test for a hart like `cpu` and runs it on a machine that has such a hart.
pub fn run(test: &Test, cpu: &Variant, engine: Engine) -> Outcome {
    match Program::build(test, cpu) {
        Ok(image) => run_image(&image, cpu, engine),
        Err(error) => Outcome::Unbuildable(error),
    }
}

/// Runs what a test has written for a hart like `cpu`.
pub fn run_image(image: &Image, cpu: &Variant, engine: Engine) -> Outcome {
    let firmware = platform::Image::new("test", image.elf.clone());
    let firmware = Some(firmware);
    let config =
        MachineConfig { memory: MEMORY, variant: *cpu, engine, firmware, ..MachineConfig::default() };
    let mut machine = match Machine::new(config, Console::default()) {
        Ok(machine) => machine,
        Err(error) => return Outcome::Stuck(error.to_string()),
    };
    let stop = machine.run(Until { instructions: Some(LIMIT), ..Until::default() }, None);
    match stop {
        MachineStop::Exit(status) => outcome(status, machine.ram(), &image.checks),
        MachineStop::InstructionLimit => Outcome::Stuck(format!("no end after {LIMIT} instructions")),
        MachineStop::CriticalError { hart } => {
            let pc = machine.hart(hart).map_or(0, iss::Hart::pc);
            let word = |offset| machine.ram().load(RESULT + offset, Width::D);
            match (word(0), word(16)) {
                (Some(KIND_CRITICAL), Some(place)) if place == pc => Outcome::Passed,
                _ => Outcome::Stuck(format!("the hart is in the critical-error state at {pc:#x}")),
            }
        }
        MachineStop::Deadlock => Outcome::Stuck(String::from("waits for an interrupt that cannot come")),
        MachineStop::TrapStorm(storm) => Outcome::Stuck(storm.to_string()),
        other => Outcome::Stuck(format!("{other:?}")),
    }
}

/// What the program has left in memory.
fn outcome(status: u64, ram: &Ram, checks: &[String]) -> Outcome {
    let word = |address| ram.load(address, Width::D).unwrap_or(0);
    let [kind, check, expected, got] = [0, 8, 16, 24].map(|offset| word(RESULT + offset));
    let what =
        (check as usize).checked_sub(1).and_then(|index| checks.get(index)).cloned().unwrap_or_default();
    match kind {
        KIND_PASSED if status == 0 => Outcome::Passed,
        KIND_FAILED => Outcome::Failed { check, what, expected, got },
        KIND_UNEXPECTED => {
            let log = LOGS + (expected << 12);
            let record = log + word(log) - RECORD;
            let fields = FIELDS.into_iter().zip((record..).step_by(8)).map(|(name, at)| (name, word(at)));
            let taken = ["M", "HS", "VS"].get(expected as usize).copied().unwrap_or("?");
            Outcome::UnexpectedTrap { check, what, taken, record: fields.collect() }
        }
        _ => Outcome::Stuck(format!("ended with status {status} and without a result")),
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Outcome::Passed => f.write_str("pass"),
            Outcome::Failed { check, what, expected, got } => {
                write!(f, "check {check} failed: {what}: expected {expected:#x}, got {got:#x}")
            }
            Outcome::UnexpectedTrap { check, what, taken, record } => {
                write!(f, "unexpected trap into {taken} after check {check} ({what}):")?;
                for (name, value) in record {
                    match (*name, Cause::from_bits(*value)) {
                        ("cause", Some(cause)) => write!(f, " {cause},")?,
                        _ => write!(f, " {name} {value:#x}")?,
                    }
                }
                Ok(())
            }
            Outcome::Stuck(why) => f.write_str(why),
            Outcome::Unbuildable(error) => error.fmt(f),
        }
    }
}
