//! The hypervisor natively and on bare metal: the same guests leave it by the same exits.

use std::collections::BTreeMap;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use crate::machine::{self, Program};
use crate::tally::Counts;
use crate::{images, project};

/// Guests, and how many virtual harts they have.
const GUESTS: [(&str, usize); 7] =
    [("hello", 1), ("uart", 1), ("timer", 1), ("pages", 1), ("smp", 1), ("smp", 2), ("smp", 4)];

/// What a guest's virtual harts have done: how often each has left it, by cause.
type Exits = BTreeMap<(usize, String), u64>;

/// What depends on time: interrupts and waits; and a virtual hart that asks again and again whether another is there.
fn depends_on_time(guest: &str, cause: &str) -> bool {
    cause.ends_with("interrupt")
        || cause == "virtual instruction"
        || guest == "smp" && cause == "environment call from VS-mode"
}

/// Runs each guest both ways.
///
/// # Errors
/// None: what differs is a failure among the counts.
pub(crate) fn compare() -> Result<Counts> {
    let mut counts = Counts::default();
    for (guest, vcpus) in GUESTS {
        print!("{guest} with {vcpus} virtual hart(s) ... ");
        match compare_guest(guest, vcpus) {
            Ok(figures) => {
                println!("ok: {figures}");
                counts.passed += 1;
            }
            Err(error) => {
                println!("FAILED: {error:#}");
                counts.failed += 1;
            }
        }
    }
    Ok(counts)
}

fn compare_guest(guest: &str, vcpus: usize) -> Result<String> {
    let (native, native_exits) = native(guest, vcpus)?;
    let (bare, bare_exits) = bare(guest, vcpus)?;
    for vcpu in 0..vcpus {
        let of = |trace: &[String]| {
            let prefix = format!("vcpu={vcpu} ");
            trace.iter().filter(|line| line.starts_with(&prefix)).cloned().collect::<Vec<_>>()
        };
        let (native, bare) = (of(&native), of(&bare));
        let both = || (1..).zip(native.iter().zip(&bare));
        if let Some((n, (native, bare))) = both().find(|(_, (native, bare))| native != bare) {
            anyhow::bail!(
                "exit {n} of virtual hart {vcpu} is `{native}` natively, and `{bare}` on bare metal"
            );
        }
        let (native, bare) = (native.len(), bare.len());
        ensure!(native == bare, "virtual hart {vcpu} has {native} exits natively, and {bare} on bare metal");
    }
    let mut by_time = 0;
    let mut all = 0;
    for key in native_exits.keys().chain(bare_exits.keys()) {
        let count = |exits: &Exits| exits.get(key).copied().unwrap_or(0);
        let (native, bare) = (count(&native_exits), count(&bare_exits));
        all += native;
        if native != bare {
            let (vcpu, cause) = key;
            ensure!(
                depends_on_time(guest, cause),
                "virtual hart {vcpu} has left its guest {native} times natively, and {bare} times on bare metal, \
                 for {cause}"
            );
            by_time += native.abs_diff(bare);
        }
    }
    // Both lists have almost all keys.
    Ok(format!("{} lines of trace, {} exits, {} apart by time", native.len(), all / 2, by_time / 2))
}

/// What `vhart vm` prints.
fn native(guest: &str, vcpus: usize) -> Result<(Vec<String>, Exits)> {
    let mut command = Command::new(project::target().join("release/vhart"));
    command.args(["vm", "--guest", guest, "--smp", &vcpus.to_string(), "--trace", "exits", "--stats"]);
    let output = command.output().context("cannot run vhart")?;
    let text = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`vhart vm` ends with {}:\n{text}", output.status);
    Ok((trace(&text), native_exits(&text)))
}

/// What `firmware/host` prints on a simulated machine.
fn bare(guest: &str, vcpus: usize) -> Result<(Vec<String>, Exits)> {
    let program = Program { file: images::elf("host"), expected: vec![format!("{guest}: passed")] };
    let mut command = machine::vhart(&images::elf("sbi"), &program.file, 1);
    command.args(["--append", &format!("guest={guest} smp={vcpus} trace")]);
    let text = machine::check(&mut command, &program)?;
    Ok((trace(&text), bare_exits(&text)))
}

fn trace(text: &str) -> Vec<String> {
    text.lines()
        .filter(|line| line.starts_with("vcpu=") && line.contains(" exit="))
        .map(str::to_owned)
        .collect()
}

/// Lines of the form `vcpu=N exits=COUNT CAUSE`.
fn native_exits(text: &str) -> Exits {
    let row = |line: &str| {
        let (vcpu, rest) = line.strip_prefix("vcpu=")?.split_once(" exits=")?;
        let (count, cause) = rest.split_once(' ')?;
        Some(((vcpu.parse().ok()?, cause.to_owned()), count.parse().ok()?))
    };
    text.lines().filter_map(row).collect()
}

/// The rows of the table between that of the virtual harts' numbers and that of their sums: a cause, and a column for each.
fn bare_exits(text: &str) -> Exits {
    let rows = text.lines().skip_while(|line| !line.starts_with("virtual hart ")).skip(1);
    let rows = rows.take_while(|line| !line.starts_with("all "));
    let mut exits = Exits::new();
    for row in rows {
        let cause: Vec<&str> =
            row.split_whitespace().take_while(|word| word.parse::<u64>().is_err()).collect();
        let counts = row.split_whitespace().filter_map(|word| word.parse().ok());
        for (vcpu, count) in counts.enumerate().filter(|(_, count)| *count != 0) {
            exits.insert((vcpu, cause.join(" ")), count);
        }
    }
    exits
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_tables_say_the_same() {
        let native = "vcpu=0 exit=mmio address=0x0\nvcpu=0 exits=3 virtual instruction\nvcpu=1 exits=12 load guest-page fault\n";
        let bare = "host: world switches\n    vm1 vm1\nvirtual hart    0   1\nload guest-page fault   0   12\n\
                    virtual instruction  3  0\nall   3   12\n   passed passed\n";
        assert_eq!(native_exits(native), bare_exits(bare));
        assert_eq!(native_exits(native).len(), 2);
        assert_eq!(trace(native), ["vcpu=0 exit=mmio address=0x0"]);
    }
}
