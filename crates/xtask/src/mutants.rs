//! `cargo xtask mutants`: plants one-line faults in a copy of the simulator; the conformance suite must notice each.
//!
//! All faults are planted in one build, each behind a number that is chosen when the suite runs. The programs of the
//! suite are written before a fault is switched on, so that a fault in `isa` does not change what a test expects.

mod fault;
mod faults;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::{process, project};
use fault::{Fault, plant};

/// How long the suite may take with a fault; far longer than it takes without.
const LIMIT: Duration = Duration::from_secs(300);

/// The module that says which fault is switched on, added to the copy of `isa`.
const SWITCH: &str = "\
//! Which planted fault is switched on; 0 is none.
use core::sync::atomic::{AtomicU32, Ordering};
/// The number of the fault.
pub static ACTIVE: AtomicU32 = AtomicU32::new(0);
/// The number of the fault.
#[inline]
pub fn active() -> u32 {
    ACTIVE.load(Ordering::Relaxed)
}
";

/// Runs the suite with the fault of a given number until a test fails, and names that. Both engines run each test: one
/// has handlers of its own for some of what is in the other.
const DRIVER: &str = "\
use std::sync::atomic::Ordering;
fn main() {
    let number: u32 = std::env::args().nth(1).unwrap().parse().unwrap();
    for test in conformance::suite() {
        for (spec, cpu) in test.harts().unwrap() {
            let image = conformance::Program::build(test, &cpu).unwrap();
            for engine in [iss::Engine::Fast, iss::Engine::Reference] {
                isa::mutant::ACTIVE.store(number, Ordering::Relaxed);
                let outcome = conformance::run_image(&image, &cpu, engine);
                isa::mutant::ACTIVE.store(0, Ordering::Relaxed);
                if outcome != conformance::Outcome::Passed {
                    println!(\"{} on {spec}: {outcome}\", test.name);
                    std::process::exit(1);
                }
            }
        }
    }
}
";

/// Plants every fault whose name contains `filter`, and runs the suite with each.
///
/// # Errors
/// Faults that no test notices and no argument excuses, by name; excuses that a test refutes; what hinders the run.
pub(crate) fn run(filter: &str) -> Result<()> {
    let begin = Instant::now();
    let all: Vec<&Fault> = faults::all().collect();
    let scratch = project::target().join("mutants");
    let driver = build(&all, &scratch)?;
    let first = suite(&driver, 0, &scratch)?;
    ensure!(first.is_none(), "the suite fails without any fault: {}", first.unwrap_or_default());

    let chosen: Vec<(usize, &Fault)> =
        all.iter().copied().enumerate().filter(|(_, fault)| fault.name.contains(filter)).collect();
    ensure!(!chosen.is_empty(), "no fault is called like '{filter}'");
    let (next, verdicts) = (AtomicUsize::new(0), Mutex::new(BTreeMap::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                while let Some((index, fault)) = chosen.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let verdict = suite(&driver, index + 1, &scratch);
                    let text = match &verdict {
                        Ok(Some(test)) => format!("noticed    {}: {test}", fault.name),
                        Ok(None) if fault.equivalent.is_some() => format!("equivalent {}", fault.name),
                        Ok(None) => format!("SURVIVED   {}", fault.name),
                        Err(error) => format!("error      {}: {error}", fault.name),
                    };
                    println!("{text}");
                    if let Ok(mut verdicts) = verdicts.lock() {
                        verdicts.insert(*index, verdict);
                    }
                }
            });
        }
    });
    let verdicts = verdicts.into_inner().unwrap_or_default();
    report(&all, verdicts, begin.elapsed())?;
    check_cases(&all)
}

/// Sums up, and fails where a fault went unnoticed or an excuse is refuted.
fn report(all: &[&Fault], verdicts: BTreeMap<usize, Result<Option<String>>>, time: Duration) -> Result<()> {
    let (mut noticed, mut equivalent, mut complaints) = (0, 0, Vec::new());
    for (index, verdict) in verdicts {
        let fault = all[index];
        match (verdict?, fault.equivalent) {
            (Some(_), None) => noticed += 1,
            (None, Some(_)) => equivalent += 1,
            (None, None) => complaints.push(format!("no test notices {} in {}", fault.name, fault.file)),
            (Some(test), Some(_)) => {
                complaints.push(format!("{} is said to be legal, but {test}", fault.name));
            }
        }
    }
    println!(
        "{noticed} noticed by a test, {equivalent} argued to be legal, {} complaints, in {} s",
        complaints.len(),
        time.as_secs()
    );
    ensure!(complaints.is_empty(), "{}", complaints.join("\n"));
    Ok(())
}

/// Every corner case that has a test has a fault too.
fn check_cases(all: &[&Fault]) -> Result<()> {
    let table = project::root().join("tests/conformance/rules/cases.tsv");
    let text = fs::read_to_string(&table).with_context(|| format!("cannot read {}", table.display()))?;
    let planted: BTreeSet<u8> = all.iter().flat_map(|fault| fault.cases).copied().collect();
    let mut without = Vec::new();
    for line in text.lines() {
        let mut columns = line.split('\t');
        let number: Option<u8> = columns.next().and_then(|number| number.parse().ok());
        let exempt = columns.nth(1).is_some_and(|reason| !reason.is_empty());
        if let Some(number) = number.filter(|number| !exempt && !planted.contains(number)) {
            without.push(number.to_string());
        }
    }
    ensure!(without.is_empty(), "no fault is planted for the corner cases {}", without.join(", "));
    Ok(())
}

/// Builds the copy with every fault in it; returns the program that runs the suite.
fn build(all: &[&Fault], scratch: &Path) -> Result<PathBuf> {
    let copy = scratch.join("workspace");
    project::copy_sources(&copy)?;
    for file in all.iter().map(|fault| fault.file).collect::<BTreeSet<_>>() {
        let path = copy.join(file);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {file}"))?;
        let mine = all.iter().enumerate().filter(|(_, fault)| fault.file == file);
        let numbered: Vec<(u32, &Fault)> = mine.map(|(index, fault)| (index as u32 + 1, *fault)).collect();
        fs::write(&path, plant(&text, &numbered).with_context(|| format!("in {file}"))?)?;
    }
    let isa = copy.join("crates/isa/src");
    fs::write(isa.join("mutant.rs"), SWITCH)?;
    let library = fs::read_to_string(isa.join("lib.rs"))?;
    fs::write(isa.join("lib.rs"), library + "pub mod mutant;\n")?;
    let examples = copy.join("tests/conformance/examples");
    fs::create_dir_all(&examples)?;
    fs::write(examples.join("mutant.rs"), DRIVER)?;
    let target = scratch.join("target");
    let mut cargo = process::cargo(&copy);
    cargo.args(["build", "--release", "--quiet", "--package", "conformance", "--example", "mutant"]);
    cargo.env("CARGO_TARGET_DIR", &target).env("RUSTFLAGS", "-Awarnings");
    process::run(&mut cargo)?;
    Ok(target.join("release/examples/mutant"))
}

/// The test that fails first with the fault of this number, or `None` where all pass.
fn suite(driver: &Path, number: usize, scratch: &Path) -> Result<Option<String>> {
    let mut command = Command::new(driver);
    command.arg(number.to_string());
    let log = scratch.join(format!("{number}.log"));
    let Ok((status, output)) = process::run_limited(&mut command, LIMIT, &log) else {
        return Ok(Some(String::from("the suite does not end")));
    };
    let line = output.lines().next().unwrap_or_default().to_string();
    match status.code() {
        Some(0) => Ok(None),
        Some(1) => Ok(Some(line)),
        Some(101) => Ok(Some(format!("the simulator panics: {line}"))),
        _ => bail!("the suite ends with {status}: {line}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_has_a_place_and_a_name_of_its_own() {
        let all: Vec<&Fault> = faults::all().collect();
        let names: BTreeSet<&str> = all.iter().map(|fault| fault.name).collect();
        assert_eq!(names.len(), all.len(), "two faults have one name");
        for file in all.iter().map(|fault| fault.file).collect::<BTreeSet<_>>() {
            let text = fs::read_to_string(project::root().join(file)).expect(file);
            let mine: Vec<(u32, &Fault)> =
                (1..).zip(all.iter().copied().filter(|fault| fault.file == file)).collect();
            plant(&text, &mine).unwrap_or_else(|error| panic!("{file}: {error}"));
        }
        check_cases(&all).unwrap();
    }
}
