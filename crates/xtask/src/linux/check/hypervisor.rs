//! Our hypervisor beside real KVM: the same monitor's exits and registers, where the same guests run in the same machine.

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::vmm::{self, REGISTER_LIST, Sections};
use super::{Context, Outcome};
use crate::images;
use crate::linux::boot::{Boot, Simulator};
use crate::project;
use crate::toolchain::Toolchain;

/// The document whose table lists the registers that differ, by their names in backquotes at the start of a row.
const DOCUMENT: &str = "docs/hypervisor.md";
const TABLE: &str = "| register |";

/// How the trace of a guest may differ.
enum Differs {
    /// Not at all.
    No,
    /// Ours has the calls of version 0.1 of the SBI, which Debian's KVM is built without.
    ByLegacyCalls,
    /// KVM's guest ends where KVM has not extended what it loads by its sign; its last lines say so.
    AtTheEnd(usize),
}

/// The guests, by the monitor's command line, and ours.
const GUESTS: [(&str, &[&str], Differs); 7] = [
    ("hello", &["--guest", "hello"], Differs::ByLegacyCalls),
    ("uart", &["--guest", "uart"], Differs::AtTheEnd(4)),
    ("timer", &["--guest", "timer"], Differs::No),
    ("pages", &["--guest", "pages"], Differs::No),
    ("smp", &["--guest", "smp"], Differs::No),
    ("--smp 2 smp", &["--guest", "smp", "--smp", "2"], Differs::No),
    ("--smp 4 smp", &["--guest", "smp", "--smp", "4"], Differs::No),
];

/// Each guest leads out of KVM and out of ours by the same exits, and both list the same registers, but for what is said to
/// differ.
pub(super) fn agrees_with_kvm(context: &Context) -> Result<Outcome> {
    images::build(&Toolchain::find()?)?;
    let boot = Boot::with_monitor(context.software, 1);
    let run = context.run("hypervisor-kvm", &mut boot?.command(Simulator::Vhart), &[])?;
    let kvm = vmm::sections(&run.text);
    let mut lines = 0;
    for (name, options, differs) in &GUESTS {
        let theirs = exits(kvm.get(*name).with_context(|| format!("`vmm {name}` was not run"))?);
        let text = ours(options)?;
        let ours: Vec<&str> = text.lines().filter(|line| is_exit(line)).collect();
        compare(name, &ours, &theirs, differs)?;
        lines += ours.len();
    }
    let registers = registers(&kvm, &ours(&["--one-reg"])?)?;
    Ok(Outcome::Passed(format!("{lines} lines of trace, {registers} registers")))
}

/// What `vhart vm` prints.
fn ours(options: &[&str]) -> Result<String> {
    let mut command = Command::new(project::target().join("release/vhart"));
    let output = command.arg("vm").args(options).args(["--trace", "exits"]).output();
    let output = output.context("cannot run vhart")?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    ensure!(
        output.status.success(),
        "`vhart vm {}` ends with {}:\n{}",
        options.join(" "),
        output.status,
        text(&output.stderr)
    );
    Ok(text(&output.stdout) + &text(&output.stderr))
}

fn is_exit(line: &str) -> bool {
    line.starts_with("vcpu=")
}

fn exits(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).filter(|line| is_exit(line)).collect()
}

fn compare(name: &str, ours: &[&str], theirs: &[&str], differs: &Differs) -> Result<()> {
    let (ours, theirs) = match differs {
        Differs::No => (ours.to_vec(), theirs),
        Differs::ByLegacyCalls => {
            let kept: Vec<&str> =
                ours.iter().copied().filter(|line| !line.contains(" extension=0x1 ")).collect();
            ensure!(kept.len() < ours.len(), "`{name}` makes no legacy calls any more: nothing differs");
            (kept, theirs)
        }
        Differs::AtTheEnd(last) => {
            let common = theirs.len().saturating_sub(*last);
            ensure!(ours != theirs, "`{name}` does not differ any more");
            (ours[..common.min(ours.len())].to_vec(), &theirs[..common])
        }
    };
    if let Some((n, (ours, theirs))) =
        (1..).zip(ours.iter().zip(theirs)).find(|(_, (ours, theirs))| ours != theirs)
    {
        anyhow::bail!("line {n} of `{name}` is `{ours}`, and `{theirs}` with KVM");
    }
    let counts = (ours.len(), theirs.len());
    ensure!(counts.0 == counts.1, "`{name}` has {} exits, and {} with KVM", counts.0, counts.1);
    Ok(())
}

/// Compares the lists of registers, and says how many are the same.
fn registers(kvm: &Sections, text: &str) -> Result<usize> {
    let document = fs::read_to_string(project::root().join(DOCUMENT))
        .with_context(|| format!("cannot read {DOCUMENT}"))?;
    let theirs = kvm.get(REGISTER_LIST).context("KVM lists no registers")?;
    compare_registers(&document, text.lines(), theirs.iter().map(String::as_str))
}

fn compare_registers<'a>(
    document: &str,
    ours: impl Iterator<Item = &'a str>,
    theirs: impl Iterator<Item = &'a str>,
) -> Result<usize> {
    fn list<'a>(lines: impl Iterator<Item = &'a str>) -> BTreeMap<&'a str, &'a str> {
        lines.filter(|line| line.contains(" id=0x")).filter_map(|line| line.split_once(' ')).collect()
    }
    let rows = document.lines().skip_while(|line| !line.starts_with(TABLE)).skip(2);
    let names = rows.take_while(|line| line.starts_with('|')).filter_map(|line| line.split('`').nth(1));
    let mut explained: BTreeMap<&str, bool> = names.map(|name| (name, false)).collect();
    ensure!(!explained.is_empty(), "{DOCUMENT} has no table that begins with `{TABLE}`");
    let (ours, theirs) = (list(ours), list(theirs));
    let mut same = 0;
    let all: std::collections::BTreeSet<&str> = ours.keys().chain(theirs.keys()).copied().collect();
    for name in all {
        let (ours, theirs) = (ours.get(name), theirs.get(name));
        if ours == theirs {
            same += 1;
            continue;
        }
        match explained.get_mut(name) {
            Some(used) => *used = true,
            None => anyhow::bail!(
                "{name} is {}, and {} with KVM: explain it in {DOCUMENT}",
                ours.unwrap_or(&"missing"),
                theirs.unwrap_or(&"missing")
            ),
        }
    }
    let unused = explained.iter().find(|(_, used)| !**used);
    ensure!(
        unused.is_none(),
        "{DOCUMENT} explains {}, which does not differ",
        unused.map_or("", |row| row.0)
    );
    Ok(same)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENT: &str = "text\n\n| register | ours |\n|---|---|\n| `a.b` | 1 |\n| `c.d` | 2 |\n\n`e.f`\n";

    fn compared(ours: &str, theirs: &str) -> Option<usize> {
        compare_registers(DOCUMENT, ours.lines(), theirs.lines()).ok()
    }

    #[test]
    fn registers_differ_as_the_table_says_and_not_otherwise() {
        let theirs = "a.b id=0x1 2\ne.f id=0x3 1\n";
        assert_eq!(compared("a.b id=0x1 1\nc.d id=0x2 1\ne.f id=0x3 1\n", theirs), Some(1));
        assert_eq!(compared("a.b id=0x1 1\nc.d id=0x2 1\ne.f id=0x3 2\n", theirs), None);
        assert_eq!(compared("a.b id=0x1 1\ne.f id=0x3 1\n", theirs), None, "a row is not used");
    }

    #[test]
    fn traces_differ_as_is_said_and_not_otherwise() {
        let legacy = "vcpu=0 exit=riscv-sbi extension=0x1 function=0x0";
        let same = |ours: &[&str], theirs: &[&str], differs| compare("", ours, theirs, &differs).is_ok();
        assert!(same(&["a", "b"], &["a", "b"], Differs::No));
        assert!(!same(&["a", "b"], &["a"], Differs::No));
        assert!(!same(&["a"], &["b"], Differs::No));
        assert!(same(&[legacy, "b"], &["b"], Differs::ByLegacyCalls));
        assert!(!same(&["b"], &["b"], Differs::ByLegacyCalls));
        assert!(same(&["a", "x"], &["a", "y", "z"], Differs::AtTheEnd(2)));
        assert!(!same(&["x"], &["a", "y", "z"], Differs::AtTheEnd(2)));
        assert!(!same(&["a", "b"], &["a", "b"], Differs::AtTheEnd(1)));
    }
}
