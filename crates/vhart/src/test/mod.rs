//! `vhart test`: runs every test program below some paths and counts those that pass.
//!
//! A test passes when it ends with status 0, by HTIF or the finisher. The programs of riscv-tests give
//! the number of the failing test as their status.

mod find;
mod junit;

use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use crossbeam::channel;
use indicatif::{ProgressBar, ProgressStyle};
use iss::{Variant, Width};
use platform::{Console, Image, Machine, MachineConfig, MachineStop, Until};

use crate::args::TestArgs;
use crate::{session, status};
use find::Case;
pub(crate) use find::find;

/// What became of a test.
struct Report {
    case: Case,
    /// Why it failed; `None` when it passed.
    failure: Option<String>,
    seconds: f64,
}

/// Runs the tests; the exit status says whether all passed.
///
/// # Errors
/// Paths that cannot be read, and reports that cannot be written.
pub(crate) fn run(args: &TestArgs) -> anyhow::Result<ExitCode> {
    let Some(variant) = session::variant(args.cpu)? else { return Ok(ExitCode::SUCCESS) };
    let mut found = find(&args.paths)?;
    if let Some(text) = &args.filter {
        found.cases.retain(|case| case.path.to_string_lossy().contains(text));
    }
    if found.cases.is_empty() {
        let which =
            args.filter.as_ref().map_or_else(String::new, |text| format!(" with '{text}' in its path"));
        session::say(format_args!(
            "no test program{which}: none of the {} files found is an ELF; check PATH and --filter",
            found.others
        ));
        return Ok(ExitCode::from(status::USAGE));
    }
    if let Some(shard) = args.shard {
        let mut number = 0..;
        found.cases.retain(|_| number.next().is_some_and(|n: usize| n % shard.of == shard.index));
    }
    if let Some(folder) = &args.signature {
        fs::create_dir_all(folder).with_context(|| format!("cannot create {}", folder.display()))?;
    }

    let reports = run_all(found.cases, args, variant);

    if let Some(path) = &args.junit {
        write_junit(path, &reports).with_context(|| format!("cannot write {}", path.display()))?;
    }
    summarize(&reports, found.others)
}

/// Runs the tests on as many threads as asked for; the reports are in the order of the tests.
fn run_all(cases: Vec<Case>, args: &TestArgs, variant: Variant) -> Vec<Report> {
    let threads =
        args.jobs.or_else(|| std::thread::available_parallelism().ok().map(Into::into)).unwrap_or(1);
    // Hidden where standard error is no terminal.
    let bar = ProgressBar::new(cases.len() as u64).with_style(style());
    let (work, next) = channel::unbounded();
    cases.into_iter().enumerate().for_each(|numbered| {
        // The receiver lives in this function.
        let _ = work.send(numbered);
    });
    drop(work);
    let (done, results) = channel::unbounded();
    let mut reports = std::thread::scope(|scope| {
        for _ in 0..threads {
            let (next, done) = (next.clone(), done.clone());
            scope.spawn(move || {
                for (number, case) in next {
                    let _ = done.send((number, run_one(case, args, variant)));
                }
            });
        }
        drop(done);
        let mut reports = Vec::new();
        for (number, report) in results {
            bar.inc(1);
            bar.set_message(report.case.name.clone());
            reports.push((number, report));
        }
        reports
    });
    bar.finish_and_clear();
    reports.sort_by_key(|(number, _)| *number);
    reports.into_iter().map(|(_, report)| report).collect()
}

fn style() -> ProgressStyle {
    ProgressStyle::with_template("{bar:40} {pos}/{len} {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}

fn run_one(case: Case, args: &TestArgs, variant: Variant) -> Report {
    let start = Instant::now();
    let failure = try_one(&case, args, variant).err().map(|error| format!("{error:#}"));
    Report { case, failure, seconds: start.elapsed().as_secs_f64() }
}

fn try_one(case: &Case, args: &TestArgs, variant: Variant) -> anyhow::Result<()> {
    let firmware = Some(Image::read(&case.path)?);
    let engine = args.engine.get();
    let config = MachineConfig { variant, engine, firmware, ..MachineConfig::default() };
    let mut machine = Machine::new(config, Console::default())?;
    let until = Until { instructions: Some(args.max_instructions.into()), deadline: None };
    let stop = machine.run(until, None);
    if let Some(folder) = &args.signature {
        write_signature(&machine, &folder.join(format!("{}.signature", case.name)))?;
    }
    match stop {
        MachineStop::Exit(0) => Ok(()),
        MachineStop::Exit(test) => bail!("test {test} failed"),
        MachineStop::InstructionLimit if machine.has_tohost() => {
            bail!("not done after {} instructions", args.max_instructions)
        }
        MachineStop::InstructionLimit => bail!(
            "not done after {} instructions, and it has no symbol tohost to say so by: build it for HTIF, or \
             end it by the finisher at 0x100000",
            args.max_instructions
        ),
        MachineStop::TrapStorm(storm) => bail!("{storm}"),
        MachineStop::CriticalError { hart } => bail!("hart {hart} is in the critical-error state"),
        MachineStop::Deadlock => bail!("waits for an interrupt that cannot come"),
        MachineStop::Reset => bail!("asked for a reset"),
        MachineStop::Timeout
        | MachineStop::Interrupted
        | MachineStop::Observer { .. }
        | MachineStop::NoThread { .. } => bail!("stopped"),
    }
}

/// Writes what lies between the program's symbols `begin_signature` and `end_signature`, as RISCOF wants
/// it: words of four bytes, eight hexadecimal digits on a line.
fn write_signature(machine: &Machine, path: &Path) -> anyhow::Result<()> {
    let Some(range) = machine.signature() else { return Ok(()) };
    let writing = || format!("cannot write {}", path.display());
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).with_context(writing)?;
    }
    let mut out = BufWriter::new(File::create(path).with_context(writing)?);
    for pa in range.step_by(4) {
        let Some(word) = machine.ram().load(pa, Width::W) else {
            bail!("the signature at {pa:#x} lies outside main memory or is not aligned");
        };
        writeln!(out, "{word:08x}").with_context(writing)?;
    }
    out.flush().with_context(writing)
}

fn write_junit(path: &Path, reports: &[Report]) -> io::Result<()> {
    let mut out = BufWriter::new(File::create(path)?);
    junit::write(&mut out, reports)?;
    out.flush()
}

/// Lists the failures and counts; the count is the last line.
fn summarize(reports: &[Report], others: usize) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    let mut failed = 0;
    for Report { case, failure, .. } in reports {
        if let Some(failure) = failure {
            failed += 1;
            writeln!(out, "FAIL {}: {failure}", case.name)?;
        }
    }
    if others != 0 {
        writeln!(out, "{others} files that are not ELF passed over")?;
    }
    writeln!(out, "{} passed, {failed} failed", reports.len() - failed)?;
    Ok(ExitCode::from(if failed == 0 { 0 } else { status::TESTS_FAILED }))
}
