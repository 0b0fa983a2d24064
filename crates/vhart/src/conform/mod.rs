//! `vhart conform`: runs the conformance suite, and says rule by rule what it shows.

mod export;
mod html;
mod results;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::Context;
use conformance::{Chapter, Test, chapters, run_all};
use iss::Variant;

use crate::args::ConformArgs;
use crate::{session, status};
use results::{Count, Results};

/// Runs or exports the tests; the exit status says whether all passed.
///
/// # Errors
/// Reports that cannot be written.
pub(crate) fn run(args: &ConformArgs) -> anyhow::Result<ExitCode> {
    let cpu = match &args.cpu {
        None => None,
        Some(given) => match session::variant(given.cpu)? {
            Some(variant) => Some((given.spec.as_str(), variant)),
            None => return Ok(ExitCode::SUCCESS),
        },
    };
    let selected: Vec<&'static Test> = chapters()
        .iter()
        .flat_map(|chapter| chapter.tests().filter(move |test| is_wanted(chapter, test, &args.names)))
        .collect();
    if let Some(name) = args.names.iter().find(|name| !names_any(name)) {
        session::say(format_args!(
            "no test, rule or chapter is called '{name}'; `vhart conform --list` shows the tests"
        ));
        return Ok(ExitCode::from(status::USAGE));
    }
    if args.list {
        return list(&selected);
    }
    let jobs = jobs(&selected, cpu)?;
    if jobs.is_empty() {
        session::say(format_args!(
            "this hart lacks what the tests need: see the needs in `vhart conform --list`"
        ));
        return Ok(ExitCode::from(status::USAGE));
    }
    if let Some(folder) = &args.export {
        let count =
            export::export(folder, &jobs).with_context(|| format!("cannot write to {}", folder.display()))?;
        writeln!(io::stdout(), "{count} tests and {} written to {}", export::MANIFEST, folder.display())?;
        return Ok(ExitCode::SUCCESS);
    }
    let start = Instant::now();
    let results = Results::new(run_all(&jobs, args.engine.get()));
    let seconds = start.elapsed().as_secs_f64();
    if let Some(path) = &args.json {
        write(path, |out| Ok(serde_json::to_writer(out, &results)?))?;
    }
    if let Some(path) = &args.report {
        write(path, |out| html::write(out, &results))?;
    }
    let all_passed = summarize(&mut io::stdout().lock(), &results, !args.names.is_empty(), seconds)?;
    Ok(ExitCode::from(if all_passed { 0 } else { status::TESTS_FAILED }))
}

/// Whether one of `names` is part of the test's name, or is its chapter or one of its rules; whether there
/// are none.
fn is_wanted(chapter: &Chapter, test: &Test, names: &[String]) -> bool {
    names.is_empty() || names.iter().any(|name| is_called(chapter, test, name))
}

fn is_called(chapter: &Chapter, test: &Test, name: &str) -> bool {
    test.name.contains(name) || chapter.name == name || test.rules.contains(&name)
}

fn names_any(name: &str) -> bool {
    chapters().iter().any(|chapter| chapter.tests().any(|test| is_called(chapter, test, name)))
}

/// The tests with the harts that they run on: the one asked for, or else those that the test names.
fn jobs(
    tests: &[&'static Test],
    cpu: Option<(&str, Variant)>,
) -> anyhow::Result<Vec<(&'static Test, String, Variant)>> {
    let mut jobs = Vec::new();
    for test in tests {
        match cpu {
            Some((spec, variant)) if test.suits(&variant) => jobs.push((*test, spec.to_owned(), variant)),
            Some(_) => {}
            None => {
                let harts = test.harts().with_context(|| test.name)?;
                jobs.extend(harts.into_iter().map(|(spec, variant)| (*test, spec, variant)));
            }
        }
    }
    Ok(jobs)
}

fn list(tests: &[&Test]) -> anyhow::Result<ExitCode> {
    let mut out = io::stdout().lock();
    for test in tests {
        writeln!(out, "{}: {}", test.name, test.doc)?;
        writeln!(out, "    rules {}", test.rules.join(" "))?;
        let needs: Vec<&str> = test.needs.iter().map(|ext| ext.name()).collect();
        if !needs.is_empty() {
            writeln!(out, "    needs {}", needs.join(" "))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn write(path: &Path, content: impl FnOnce(&mut BufWriter<File>) -> io::Result<()>) -> anyhow::Result<()> {
    let written = File::create(path).and_then(|file| {
        let mut out = BufWriter::new(file);
        content(&mut out)?;
        out.flush()
    });
    written.with_context(|| format!("cannot write {}", path.display()))
}

/// Lists the failures and the table of chapters; the count of tests is the last line. Returns whether all
/// passed.
fn summarize(out: &mut dyn Write, results: &Results, is_part: bool, seconds: f64) -> io::Result<bool> {
    let (mut passed, mut failed) = (0, 0);
    for test in results.tests() {
        let mut failures = test.failures().peekable();
        *if failures.peek().is_none() { &mut passed } else { &mut failed } += 1;
        for run in failures {
            writeln!(out, "FAIL {} on {}: {}", test.name, run.cpu, run.outcome)?;
        }
    }
    write_table(out, results, is_part)?;
    writeln!(out, "{passed} tests passed, {failed} failed; {} runs in {seconds:.1} s", results.runs())?;
    Ok(failed == 0)
}

fn write_table(out: &mut dyn Write, results: &Results, is_part: bool) -> io::Result<()> {
    writeln!(
        out,
        "{:<16} {:>6} {:>8} {:>7} {:>7} {:>8} {:>15} {:>8}",
        "chapter", "rules", "covered", "passed", "failed", "not run", "not applicable", "no test"
    )?;
    let chapters = results.chapters.iter().filter(|chapter| !is_part || !chapter.tests.is_empty());
    let mut rows: Vec<(&str, Count)> = chapters.map(|chapter| (chapter.name, chapter.count())).collect();
    let total = rows.iter().fold(Count::default(), |total, (_, count)| total.plus(count));
    rows.push(("total", total));
    rows.push(("corner cases", results.count_cases()));
    for (name, count) in rows {
        let Count { passed, failed, not_run, not_applicable, no_test } = count;
        writeln!(
            out,
            "{name:<16} {:>6} {:>8} {passed:>7} {failed:>7} {not_run:>8} {not_applicable:>15} {no_test:>8}",
            count.rules(),
            count.covered()
        )?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use conformance::{Outcome, Run, suite};

    use super::*;

    #[test]
    fn one_failed_run_of_a_test_fails_the_whole() {
        let test = suite().next().expect("a test");
        let run = |cpu: &str, outcome| Run { test, cpu: cpu.to_owned(), outcome };
        let failed = Outcome::Failed { check: 3, what: String::from("VMID"), expected: 1, got: 2 };
        let results = Results::new(vec![run("max", Outcome::Passed), run("max,vmidlen=0", failed)]);
        let mut text = Vec::new();
        assert!(!summarize(&mut text, &results, true, 0.0).unwrap());
        let text = String::from_utf8(text).unwrap();
        let first =
            format!("FAIL {} on max,vmidlen=0: check 3 failed: VMID: expected 0x1, got 0x2\n", test.name);
        assert!(text.starts_with(&first), "{text}");
        assert!(text.ends_with("0 tests passed, 1 failed; 2 runs in 0.0 s\n"), "{text}");

        let results = Results::new(vec![run("max", Outcome::Passed)]);
        assert!(summarize(&mut Vec::new(), &results, true, 0.0).unwrap());
    }
}
