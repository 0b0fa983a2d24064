//! `cargo xtask switch-mutants`: deletes and swaps the accesses of the world switch one by one, and deletes each fence of the
//! hypervisor's; a test must fail each time.
//!
//! It works on a copy of the workspace, with a target folder of its own.

use std::fs;
use std::path::Path;
use std::process::Output;

use anyhow::{Context, Result, bail, ensure};

use crate::{process, project};

/// Where the world switch touches CSRs: load, put, entry and exit; the timer's and the floating-point registers' part of
/// them; what a trap of the guest's writes; the inner switch; a hart's first and last accesses.
const SWITCH: [&str; 6] = [
    "crates/hyp/src/switch.rs",
    "crates/hyp/src/timer.rs",
    "crates/hyp/src/fp.rs",
    "crates/hyp/src/inject.rs",
    "crates/hyp/src/local.rs",
    "crates/hyp/src/arch/switch.rs",
];

/// Where what harts have cached is forgotten, or what must be is written down.
const FENCES: [&str; 9] = [
    "crates/hyp/src/fence.rs",
    "crates/hyp/src/hypervisor.rs",
    "crates/hyp/src/local.rs",
    "crates/hyp/src/memory.rs",
    "crates/hyp/src/run.rs",
    "crates/hyp/src/switch.rs",
    "crates/hyp/src/vmid.rs",
    "crates/hyp/src/gstage/map.rs",
    "crates/hyp/src/gstage/range.rs",
];

/// What a fence is, in the words of these files.
const FENCE_CALLS: [&str; 12] = [
    "hfence_gvma(",
    "hfence_vvma(",
    "fence_i(",
    "remote_fence(",
    "fence_guest(",
    "forget_others(",
    "expel_guests(",
    "self.fence(",
    ".finish(local",
    "change.flush(",
    "flush.start =",
    "flush.end =",
];

/// The tests that must notice, the quick ones first.
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
    TestFailed,
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
    let switch = SWITCH.map(|file| (file, mutants as fn(&str) -> Vec<Mutant>));
    let fences = FENCES.map(|file| (file, without_fences as fn(&str) -> Vec<Mutant>));
    for (file, make) in switch.into_iter().chain(fences) {
        let path = copy.join(file);
        let original =
            fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        for mutant in make(&original) {
            fs::write(&path, &mutant.text).with_context(|| format!("cannot write {}", path.display()))?;
            let name = format!("{file}: {}", mutant.change);
            match verdict(&copy, &scratch)? {
                Verdict::TestFailed => {
                    println!("test failed    {name}");
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
        .arg("test")
        .args(tests)
        .arg("--quiet")
        .env("CARGO_TARGET_DIR", scratch.join("target"))
        // A few random sequences are enough for what is deleted here.
        .env("PROPTEST_CASES", "16")
        .output()
        .context("cannot run cargo")
}

/// Whether one of the tests notices what has been changed.
fn verdict(workspace: &Path, scratch: &Path) -> Result<Verdict> {
    for tests in TESTS {
        let output = test(workspace, scratch, tests)?;
        if !output.status.success() {
            let text = String::from_utf8_lossy(&output.stderr);
            let compiled = !text.contains("could not compile");
            return Ok(if compiled { Verdict::TestFailed } else { Verdict::NotCompiled });
        }
    }
    Ok(Verdict::Survived)
}

/// Every mutant of a file that lacks a fence.
fn without_fences(text: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.iter().position(|line| line.trim() == "#[cfg(test)]").unwrap_or(lines.len());
    let is_fence = |line: &str| {
        let line = line.trim_start();
        !line.starts_with("//") && !is_function(line) && FENCE_CALLS.iter().any(|call| line.contains(call))
    };
    let fences = (0..end).filter(|number| is_fence(lines[*number]));
    fences
        .map(|number| {
            let mut changed = lines.clone();
            // The last arm of a match, or the last value of a block, must still be one.
            let replaced = match lines[number].split_once("=> ") {
                Some((pattern, _)) => format!("{pattern}=> {{}}"),
                None => String::new(),
            };
            changed[number] = &replaced;
            let change = format!("line {} without its fence: {}", number + 1, lines[number].trim());
            Mutant { change, text: changed.join("\n") }
        })
        .collect()
}

/// Every mutant of a file: each access deleted, and each two neighbours of one function swapped.
fn mutants(text: &str) -> Vec<Mutant> {
    let lines: Vec<&str> = text.lines().collect();
    let end = lines.iter().position(|line| line.trim() == "#[cfg(test)]").unwrap_or(lines.len());
    // An access, with the number of functions begun before it: neighbours are in the same one.
    let (mut functions, mut accesses) = (0, Vec::new());
    for (number, line) in lines[..end].iter().enumerate() {
        if is_function(line) || line.trim() == "\"2:\"" {
            functions += 1;
        } else if is_access(line) {
            accesses.push((functions, number));
        }
    }
    let deleted = accesses.iter().map(|&(_, number)| {
        let mut changed = lines.clone();
        changed[number] = "";
        let change = format!("line {} deleted: {}", number + 1, lines[number].trim());
        Mutant { change, text: changed.join("\n") }
    });
    let neighbours = accesses.windows(2).filter(|pair| pair[0].0 == pair[1].0);
    let swapped = neighbours.map(|pair| {
        let (first, second) = (pair[0].1, pair[1].1);
        let mut changed = lines.clone();
        changed.swap(first, second);
        let change = format!("lines {} and {} swapped: {}", first + 1, second + 1, lines[first].trim());
        Mutant { change, text: changed.join("\n") }
    });
    deleted.chain(swapped).collect()
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
        let changes: Vec<String> = mutants(text).into_iter().map(|mutant| mutant.change).collect();
        assert_eq!(
            changes,
            [
                "line 2 deleted: hart.write(1);",
                "line 4 deleted: self.timer.load(hart);",
                "line 8 deleted: hart.read();",
                "lines 2 and 4 swapped: hart.write(1);",
            ]
        );
        let swapped = mutants(text).pop().unwrap().text;
        assert!(swapped.contains("    self.timer.load(hart);\n    let x = 2;\n    hart.write(1);\n"));
    }

    #[test]
    fn fences_are_deleted_where_they_are_called() {
        let text = "\
fn fence_guest(hart: &mut H) {
    match all {
        true => hart.hfence_gvma(None, None),
        false => {}
    }
    // hart.fence_i() is described here
    hart.fence_i();
}";
        let mutants = without_fences(text);
        assert_eq!(mutants.len(), 2);
        assert!(mutants[0].text.contains("        true => {}\n"));
        assert!(!mutants[1].text.contains("    hart.fence_i();"));
    }

    #[test]
    fn instructions_of_entry_and_exit_are_not_swapped_with_each_other() {
        let text = "\"csrw sepc, x7\"\n\"sd x5, 0(x10)\"\n\"2:\"\n\"csrr x5, sepc\"";
        assert_eq!(mutants(text).len(), 2);
    }
}
