//! The guard: how many of the host's instructions an instruction of each program takes, by callgrind.
//!
//! That number is the same each time, whatever else the host does. Two runs of a program differ in length alone, so
//! their difference has nothing of starting, printing and leaving in it.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};

use crate::program::{Prepared, Said};
use crate::ratchet::{Ratchet, Verdict};
use crate::said_by;
use crate::simulator::{Simulator, measure};

/// The program that counts.
const VALGRIND: &str = "valgrind";

/// What has to be there.
pub(crate) const NEEDS: &str = "valgrind (Debian: apt install valgrind)";

/// What was found of a program.
pub(crate) struct Finding {
    program: &'static str,
    /// Host instructions for each guest instruction.
    found: f64,
    verdict: Verdict,
}

impl Finding {
    /// The finding as an object.
    pub(crate) fn json(&self) -> Value {
        json!({ "name": self.program, "for_each_guest_instruction": self.found, "allowed": self.verdict.allowed() })
    }
}

/// Whether the program that counts is installed.
pub(crate) fn is_there() -> bool {
    let mut version = Command::new(VALGRIND);
    version.arg("--version").stdout(Stdio::null()).stderr(Stdio::null());
    version.status().is_ok_and(|status| status.success())
}

/// The file that a finding is held against.
fn file() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("host-instructions.tsv")
}

/// Counts for each program that has a loop.
///
/// # Errors
/// A program that does not run, or a file that cannot be read.
pub(crate) fn count(vhart: &Simulator, programs: &[Prepared]) -> Result<Vec<Finding>, String> {
    let ratchet = Ratchet::read(&file())?;
    let mut findings = Vec::new();
    for prepared in programs.iter().filter(|prepared| !prepared.program.is_empty()) {
        let [short, long] = prepared.program.guard.map(|turns| {
            let elf = prepared.write(turns)?;
            let counts = elf.with_extension("callgrind");
            count_run(&vhart.run(&elf), &counts)
        });
        let ((short_host, short_guest), (long_host, long_guest)) = (short?, long?);
        let found = (long_host - short_host) / (long_guest - short_guest);
        let program = prepared.program.name;
        findings.push(Finding { program, found, verdict: ratchet.judge(program, found) });
    }
    Ok(findings)
}

/// Runs `command` under callgrind, which writes to the file `counts`; the numbers of the host's and of the guest's
/// instructions.
fn count_run(command: &Command, counts: &Path) -> Result<(f64, f64), String> {
    let mut out_file = std::ffi::OsString::from("--callgrind-out-file=");
    out_file.push(counts);
    let mut valgrind = Command::new(VALGRIND);
    valgrind.arg("--tool=callgrind").arg(out_file).arg(command.get_program()).args(command.get_args());
    let text = measure(&mut valgrind)?.text;
    let said = Said::parse(&text).ok_or_else(|| format!("{valgrind:?} does not say what it has done"))?;
    let text = std::fs::read_to_string(counts).map_err(|error| format!("{}: {error}", counts.display()))?;
    let host = total(&text).ok_or_else(|| format!("{}: no totals", counts.display()))?;
    Ok((host as f64, said.instructions as f64))
}

/// The number of instructions in callgrind's file.
fn total(text: &str) -> Option<u64> {
    text.lines().find_map(|line| line.strip_prefix("totals: ")?.trim().parse().ok())
}

/// Prints the findings; whether none is above what the file allows. With `UPDATE=1` in the environment the file is
/// written anew, and all are kept.
///
/// # Errors
/// A file that cannot be read or written.
pub(crate) fn report(findings: &[Finding]) -> Result<bool, String> {
    if findings.is_empty() {
        return Ok(true);
    }
    println!(
        "\nHost instructions for each guest instruction, by callgrind, and what host-instructions.tsv allows"
    );
    for Finding { program, found, verdict } in findings {
        println!("{program:5} {found:>9.2} {verdict}");
    }
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        let mut ratchet = Ratchet::read(&file())?;
        for finding in findings {
            ratchet.set(finding.program, finding.found);
        }
        ratchet.write(&file(), &said_by("rustc", &["--version"]))?;
        println!("written: {}", file().display());
        return Ok(true);
    }
    let above = findings.iter().filter(|finding| finding.verdict.is_above()).count();
    if above != 0 {
        println!("FAILED: {above} above; if that is meant, UPDATE=1 writes the file anew");
    }
    Ok(above == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_total_is_found_in_callgrinds_file() {
        assert_eq!(
            total("# callgrind format\nevents: Ir\n\nfn=(1) main\n1 5\ntotals: 123456\n"),
            Some(123_456)
        );
        assert_eq!(total("events: Ir\n"), None);
    }
}
