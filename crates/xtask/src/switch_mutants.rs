//! `cargo xtask switch-mutants`: deletes and swaps the accesses of the world switch one by one, and deletes each fence; a
//! test must fail each time.
//!
//! It works on a copy of the workspace, with a target folder of its own.

use std::fs;
use std::path::Path;
use std::process::Output;

use anyhow::{Context, Result, bail, ensure};

use crate::{process, project};

/// Where the world switch touches the hart: load, put, entry and exit, and what they are made of; the inner switch.
const ACCESSES: [&str; 6] = [
    "crates/hyp/src/switch.rs",
    "crates/hyp/src/timer.rs",
    "crates/hyp/src/inject.rs",
    "crates/hyp/src/local.rs",
    "crates/hyp/src/fp.rs",
    "crates/hyp/src/arch/switch.rs",
];

/// Where translations are forgotten, here or by way of others.
const FENCES: [&str; 11] = [
    "crates/hyp/src/memory.rs",
    "crates/hyp/src/vmid.rs",
    "crates/hyp/src/local.rs",
    "crates/hyp/src/fence.rs",
    "crates/hyp/src/hypervisor.rs",
    "crates/hyp/src/switch.rs",
    "crates/hyp/src/run.rs",
    "crates/hyp/src/gstage/mod.rs",
    "crates/hyp/src/gstage/cache.rs",
    "crates/hyp/src/gstage/map.rs",
    "crates/hyp/src/gstage/range.rs",
];

/// What a line has in it that forgets translations, or leads to it.
const FORGETTING: [&str; 11] = [
    "hfence_gvma(",
    "hfence_vvma(",
    "fence_i()",
    "remote_fence(",
    "fence_guest(",
    "expel_guests(",
    "self.finish(",
    "vm.finish(",
    "self.fence(",
    "forget_others(",
    "change.flush(",
];

/// Tests that can notice a change, by cargo's arguments: the quicker ones first.
const TESTS: [&[&str]; 2] = [&["--package", "hyp", "--lib"], &["--package", "tests", "--test", "hypervisor"]];

/// One change to one file.
#[derive(Debug, PartialEq, Eq)]
struct Mutant {
    /// What was done, with line numbers.
    change: String,
    /// The whole file after the change.
    text: String,
}

/// How a mutant ended.
enum Verdict {
    NotCompiled,
    /// By these of [`TESTS`].
    TestFailed(&'static [&'static str]),
    Survived,
}

/// Tries every mutant.
///
/// # Errors
/// Mutants that survive, by name; and what hinders the run.
pub(crate) fn run() -> Result<()> {
    let scratch = project::target().join("switch-mutants");
    let copy = scratch.join("workspace");
    project::copy_sources(&copy)?;
    for tests in TESTS {
        let clean = test(&copy, &scratch, tests)?;
        ensure!(
            clean.status.success(),
            "the tests fail without any change:\n{}",
            String::from_utf8_lossy(&clean.stdout)
        );
    }

    let (mut failed, mut not_compiled, mut survivors) = (0, 0, Vec::new());
    let mut files: Vec<&str> = ACCESSES.into_iter().chain(FENCES).collect();
    files.sort_unstable();
    files.dedup();
    for file in files {
        let path = copy.join(file);
        let original =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let mut mutants = deletions(&original, ACCESSES.contains(&file), FENCES.contains(&file));
        if ACCESSES.contains(&file) {
            mutants.extend(swaps(&original));
        }
        for mutant in mutants {
            fs::write(&path, &mutant.text).with_context(|| format!("cannot write {}", path.display()))?;
            let name = format!("{file}: {}", mutant.change);
            match verdict(&copy, &scratch)? {
                Verdict::TestFailed(tests) => {
                    println!("test failed    {name} ({})", tests[1]);
                    failed += 1;
                }
                Verdict::NotCompiled => {
                    println!("not compiled   {name}");
                    not_compiled += 1;
                }
                Verdict::Survived => {
                    println!("SURVIVED       {name}");
                    survivors.push(name);
                }
            }
        }
        fs::write(&path, original).with_context(|| format!("cannot write {}", path.display()))?;
    }
    println!("{failed} failed a test, {not_compiled} did not compile, {} survived", survivors.len());
    if !survivors.is_empty() {
        bail!("no test notices these changes:\n{}", survivors.join("\n"));
    }
    Ok(())
}

fn test(workspace: &Path, scratch: &Path, tests: &[&str]) -> Result<Output> {
    process::cargo(workspace)
        // Each change is compiled anew, and its tests run for an instant.
        .args(["--config", "profile.dev.package.hyp.opt-level=0"])
        .arg("test")
        .args(tests)
        .arg("--quiet")
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        // The switch has no properties that random input would find.
        .env("PROPTEST_CASES", "1")
        .output()
        .context("cannot run cargo")
}

fn verdict(workspace: &Path, scratch: &Path) -> Result<Verdict> {
    for tests in TESTS {
        let output = test(workspace, scratch, tests)?;
        if String::from_utf8_lossy(&output.stderr).contains("could not compile") {
            return Ok(Verdict::NotCompiled);
        }
        if !output.status.success() {
            return Ok(Verdict::TestFailed(tests));
        }
    }
    Ok(Verdict::Survived)
}

/// Every mutant of a file by the loss of a line: an access, a fence.
fn deletions(text: &str, of_accesses: bool, of_fences: bool) -> Vec<Mutant> {
    let lines = code(text);
    let is_lost =
        |line: &str| !is_function(line) && (of_accesses && is_access(line) || of_fences && is_fence(line));
    let lost = (0..lines.len()).filter(|number| is_lost(lines[*number]));
    let delete = |number: usize| {
        let mut changed: Vec<&str> = text.lines().collect();
        changed[number] = if lines[number].trim().starts_with("_ =>") { "_ => {}" } else { "" };
        let change = format!("line {} deleted: {}", number + 1, lines[number].trim());
        Mutant { change, text: changed.join("\n") }
    };
    lost.map(delete).collect()
}

/// Every mutant of a file by two accesses of one function, next to each other, that change places.
fn swaps(text: &str) -> Vec<Mutant> {
    let lines = code(text);
    // An access, with the number of functions begun before it: neighbours are in the same one.
    let (mut functions, mut accesses) = (0, Vec::new());
    for (number, line) in lines.iter().enumerate() {
        if is_function(line) || line.trim() == "\"2:\"" {
            functions += 1;
        } else if is_access(line) {
            accesses.push((functions, number));
        }
    }
    let neighbours = accesses.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    let swap = |pair: &[(u32, usize)]| {
        let (first, second) = (pair[0].1, pair[1].1);
        let mut changed: Vec<&str> = text.lines().collect();
        changed.swap(first, second);
        let change = format!("lines {} and {} swapped: {}", first + 1, second + 1, lines[first].trim());
        Mutant { change, text: changed.join("\n") }
    };
    neighbours.map(swap).collect()
}

/// The lines of a file before its tests.
fn code(text: &str) -> Vec<&str> {
    text.lines().take_while(|line| line.trim() != "#[cfg(test)]").collect()
}

/// Whether a line forgets translations.
fn is_fence(line: &str) -> bool {
    !line.trim_start().starts_with("//") && FORGETTING.iter().any(|part| line.contains(part))
}

/// Whether a line begins a function.
fn is_function(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with("fn ") || line.starts_with("pub") && line.contains("fn ")
}

/// Whether a line uses the hart, or is a CSR instruction of the assembly text.
fn is_access(line: &str) -> bool {
    let line = line.trim_start();
    !line.starts_with("//") && (line.contains("hart.") || line.contains("(hart") || line.starts_with("\"csr"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn accesses_are_deleted_and_swapped_within_their_function() {
        let text = "\
fn load(hart: &mut H) {
    hart.write(1);
    let x = 2;
    self.timer.load(hart);
}
pub(crate) fn put(hart: &mut H) {
    // hart.read() is described here
    hart.read();
}
#[cfg(test)]
    hart.never();";
        let mutants = deletions(text, true, false).into_iter().chain(swaps(text));
        let changes: Vec<String> = mutants.map(|mutant| mutant.change).collect();
        assert_eq!(
            changes,
            [
                "line 2 deleted: hart.write(1);",
                "line 4 deleted: self.timer.load(hart);",
                "line 8 deleted: hart.read();",
                "lines 2 and 4 swapped: hart.write(1);",
            ]
        );
        let swapped = swaps(text).pop().unwrap().text;
        assert!(swapped.contains("    self.timer.load(hart);\n    let x = 2;\n    hart.write(1);\n"));
    }

    #[test]
    fn instructions_of_entry_and_exit_are_not_swapped_with_each_other() {
        let text = "\"csrw sepc, x7\"\n\"sd x5, 0(x10)\"\n\"2:\"\n\"csrr x5, sepc\"";
        assert_eq!(deletions(text, true, false).len(), 2);
        assert_eq!(swaps(text), []);
    }

    #[test]
    fn fences_are_deleted() {
        let text = "\
fn expel_guests(&self) {
    // self.fence() is described here
    match pages {
        1 => hart.hfence_gvma(None, None),
        _ => hart.hfence_vvma(None, None),
    }
    vm.finish(local, host, change);
    hart.write(1);";
        let changes: Vec<String> =
            deletions(text, false, true).into_iter().map(|mutant| mutant.change).collect();
        assert_eq!(
            changes,
            [
                "line 4 deleted: 1 => hart.hfence_gvma(None, None),",
                "line 5 deleted: _ => hart.hfence_vvma(None, None),",
                "line 7 deleted: vm.finish(local, host, change);",
            ]
        );
        let second = &deletions(text, false, true)[1];
        assert!(second.text.contains("\n_ => {}\n"));
        assert_eq!(deletions(text, true, true).len(), 4, "nothing is deleted twice");
    }
}
