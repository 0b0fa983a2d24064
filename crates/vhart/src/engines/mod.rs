//! `vhart diff-engines`: runs programs on the fast engine and on the reference interpreter, and looks for a
//! difference.
//!
//! Both machines are run in the same slices of random lengths, after each of which everything must be the same;
//! in the end also a run of the fast engine that is never cut. With `--reload`, what is compared with the reference
//! goes through a snapshot now and then, from one engine to the other.

mod comparison;
mod difference;
mod job;
mod loops;
mod pair;
mod slices;

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};

use anyhow::Context;
use iss::Engine;
use platform::MachineConfig;

use crate::args::DiffArgs;
use crate::cpu::Cpu;
use crate::{session, status};
use comparison::Comparison;
use job::Job;

/// Compares what `args` say; 0 where the engines agree, 1 at a difference.
///
/// # Errors
/// Programs that cannot be read or made.
pub(crate) fn run(args: &DiffArgs) -> anyhow::Result<ExitCode> {
    if args.cpu.iter().any(|given| matches!(given.cpu, Cpu::Help)) {
        session::variant(Cpu::Help)?;
        return Ok(ExitCode::SUCCESS);
    }
    let jobs = job::jobs(args)?;
    if jobs.is_empty() {
        session::say(format_args!(
            "nothing to compare: give PATH, --kernel, --random, --loops, --conform or --demo"
        ));
        return Ok(ExitCode::from(status::USAGE));
    }
    let series = Series {
        jobs: &jobs,
        reload: args.reload,
        enough: args.instructions.map_or(u64::MAX, Into::into),
        next: AtomicUsize::new(0),
        programs: AtomicUsize::new(0),
        instructions: AtomicU64::new(0),
        is_over: AtomicBool::new(false),
        error: Mutex::default(),
    };
    let threads =
        args.jobs.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| series.work());
        }
    });
    series.finish()
}

/// The programs and how far they have come.
struct Series<'a> {
    jobs: &'a [Job],
    /// Machines go through snapshots.
    reload: bool,
    /// No program is begun after so many instructions.
    enough: u64,
    next: AtomicUsize,
    programs: AtomicUsize,
    instructions: AtomicU64,
    /// There was a difference or an error.
    is_over: AtomicBool,
    error: Mutex<Option<anyhow::Error>>,
}

impl Series<'_> {
    /// Compares one program after another.
    fn work(&self) {
        while !self.is_over.load(Ordering::Relaxed)
            && self.instructions.load(Ordering::Relaxed) < self.enough
            && let Some(job) = self.jobs.get(self.next.fetch_add(1, Ordering::Relaxed))
        {
            let agrees = self.compare(job).with_context(|| format!("{} on {}", job.name, job.cpu));
            if !agrees.as_ref().is_ok_and(|agrees| *agrees) {
                self.is_over.store(true, Ordering::Relaxed);
            }
            if let (Err(error), Ok(mut first)) = (agrees, self.error.lock()) {
                first.get_or_insert(error);
            }
        }
    }

    /// Compares one program, and says what is different.
    fn compare(&self, job: &Job) -> anyhow::Result<bool> {
        let config = job.config()?;
        let machines =
            [Engine::Fast, Engine::Reference].map(|engine| MachineConfig { engine, ..config.clone() });
        let seed = slices::seed_of(&format!("{} on {}", job.name, job.cpu));
        let outcome = Comparison { machines, seed, limit: job.limit, reload: self.reload }.run()?;
        self.programs.fetch_add(1, Ordering::Relaxed);
        self.instructions.fetch_add(outcome.compared, Ordering::Relaxed);
        if let Some(difference) = &outcome.difference {
            println!("{} on {}: the engines differ\n{difference}", job.name, job.cpu);
        }
        Ok(outcome.difference.is_none())
    }

    /// Says what was compared, and tells the status of the process.
    fn finish(self) -> anyhow::Result<ExitCode> {
        if let Some(error) = self.error.into_inner().ok().flatten() {
            return Err(error);
        }
        let is_over = self.is_over.into_inner();
        let [instructions, programs] = [self.instructions.into_inner(), self.programs.into_inner() as u64];
        let end = if is_over { "a difference" } else { "no difference" };
        println!("{instructions} instructions compared in {programs} runs of programs, {end}");
        Ok(if is_over { ExitCode::from(status::DIFFERENCE) } else { ExitCode::SUCCESS })
    }
}
