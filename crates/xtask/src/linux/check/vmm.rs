//! Our own monitor, by Debian's KVM: its guests do what they do, and leave it for the same reasons on every machine.

use std::collections::BTreeMap;

use anyhow::{Context as _, Result, ensure};

use super::{Context, Outcome, has_qemu};
use crate::images;
use crate::linux::boot::{Boot, Simulator};
use crate::toolchain::Toolchain;

/// Harts on which KVM goes other ways, or on which it is noticed if it forgets a fence.
const OTHERS: [&str; 6] = [
    "max,sstc=off",
    "max,vmidlen=0,satp=sv39,vsatp=sv39,hgatp=sv39x4",
    "max,tinst=zero",
    "max,ad=hardware,fs=dirty",
    "max,misaligned=trap,wfi=wait,tval-illegal=zero,tval-virtual=zero",
    "max,vmidlen=2,tlb=sticky",
];

/// What the monitor is told to run, and what then must be printed and be its status.
const GUESTS: [(&str, &str, i32); 7] = [
    ("hello", "hello: passed", 0),
    // KVM extends what LB loads by zero; see docs/vmm.md.
    ("uart", "uart: FAILED: lb does not extend by sign", 3),
    ("timer", "timer: passed", 0),
    ("pages", "pages: passed", 0),
    ("smp", "smp: passed", 0),
    ("--smp 2 smp", "smp: passed", 0),
    ("--smp 4 smp", "smp: passed", 0),
];

/// What KVM must say of itself, whatever the harts.
const REGISTERS: [&str; 4] = [
    "config.isa",
    "core.regs.pc",
    "csr.sstatus",
    "timer.frequency id=0x8030000004000000 size=8 value=0x0000000000989680",
];

/// Every guest ends as it must, with the same console and the same trace on 1 and 2 harts, on other harts, and on QEMU's
/// machine.
pub(super) fn traces(context: &Context) -> Result<Outcome> {
    images::build(&Toolchain::find()?)?;
    let boot = |harts| Boot::with_monitor(context.software, harts);
    let run = |name: &str, on: Simulator, harts, options: &[&str]| {
        let run = context.run(name, boot(harts)?.command(on).args(options), &[])?;
        Ok::<_, anyhow::Error>((sections(&run.text), run.times()))
    };

    let (first, times) = run("vmm-vhart", Simulator::Vhart, 1, &[])?;
    expect(&first)?;
    let mut figures = format!("{} lines of trace, vhart {times}", trace_lines(&first));
    let compare = |other: &Sections, what: &str| {
        let differs =
            first.iter().find(|(name, lines)| *name != REGISTER_LIST && other.get(*name) != Some(*lines));
        ensure!(
            differs.is_none(),
            "`vmm {}` prints something else {what}",
            differs.map_or("", |(name, _)| name)
        );
        Ok(())
    };
    compare(&run("vmm-2-harts", Simulator::Vhart, 2, &[])?.0, "on 2 harts")?;
    for cpu in OTHERS {
        compare(&run("vmm-other", Simulator::Vhart, 2, &["--cpu", cpu])?.0, &format!("with --cpu {cpu}"))?;
    }
    if has_qemu() {
        let (qemu, times) = run("vmm-QEMU", Simulator::Qemu, 1, &[])?;
        compare(&qemu, "on QEMU's machine")?;
        let common = common_registers(&first, &qemu)?;
        figures += &format!("; {common} registers with the same values");
        figures += &format!("; QEMU {times}");
    }
    Ok(Outcome::Passed(figures))
}

/// What was printed by each command of the monitor's, its status last.
pub(super) type Sections = BTreeMap<String, Vec<String>>;

/// The command that lists registers, which are the harts'.
pub(super) const REGISTER_LIST: &str = "--one-reg";

/// Sorts what a machine has printed; the kernel's own lines are left out.
pub(super) fn sections(text: &str) -> Sections {
    let mut sections = Sections::new();
    let mut name = None;
    for line in text.lines().filter(|line| !line.starts_with('[')) {
        if let Some(command) = line.strip_prefix("init: vmm ").filter(|rest| !rest.starts_with("ended")) {
            name = Some(command.to_owned());
        } else if let Some(name) = &name {
            sections.entry(name.clone()).or_default().push(line.to_owned());
        }
    }
    sections
}

fn trace_lines(sections: &Sections) -> usize {
    sections.values().flatten().filter(|line| line.starts_with("vcpu=")).count()
}

/// How many registers both lists have that do not depend on what the harts can do; they must have the same values.
fn common_registers(ours: &Sections, theirs: &Sections) -> Result<usize> {
    const GROUPS: [&str; 3] = ["core.", "csr.", "fp_"];
    let list = |sections: &Sections| {
        let lines = sections.get(REGISTER_LIST).into_iter().flatten();
        let chosen = lines.filter(|line| GROUPS.iter().any(|group| line.starts_with(group)));
        chosen
            .filter_map(|line| line.split_once(' '))
            .map(|(name, rest)| (name.to_owned(), rest.to_owned()))
            .collect()
    };
    let (ours, theirs): (BTreeMap<String, String>, BTreeMap<String, String>) = (list(ours), list(theirs));
    let common = || ours.iter().filter_map(|(name, value)| Some((name, value, theirs.get(name)?)));
    for (name, value, other) in common() {
        ensure!(value == other, "{name} is `{value}`, and `{other}` on QEMU's machine");
    }
    Ok(common().count())
}

/// Whether every guest has ended as it must.
fn expect(sections: &Sections) -> Result<()> {
    for (command, text, status) in GUESTS {
        let lines = sections.get(command).with_context(|| format!("`vmm {command}` was not run"))?;
        ensure!(lines.iter().any(|line| line == text), "`vmm {command}` does not print `{text}`");
        let end = format!("init: vmm ended with status {status}");
        ensure!(lines.last() == Some(&end), "`vmm {command}` does not end with status {status}");
    }
    let registers = sections.get(REGISTER_LIST).context("registers are not listed")?;
    for register in REGISTERS {
        ensure!(registers.iter().any(|line| line.starts_with(register)), "`{register}` is not listed");
    }
    let unknown = registers.iter().find(|line| line.starts_with("unknown"));
    ensure!(unknown.is_none(), "a register has no name: {}", unknown.map_or("", String::as_str));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn registers_that_both_have_are_compared() {
        let list = |text: &str| sections(&format!("init: vmm --one-reg\n{text}"));
        let ours = list("config.isa id=1 value=1\ncore.mode id=2 value=1\ncsr.sie id=3 value=0\n");
        let theirs = list("config.isa id=1 value=2\ncore.mode id=2 value=1\n");
        assert_eq!(common_registers(&ours, &theirs).ok(), Some(1));
        assert!(common_registers(&ours, &list("csr.sie id=3 value=4\n")).is_err());
    }

    #[test]
    fn lines_belong_to_the_command_before_them() {
        let text = "OpenSBI\ninit: vmm hello\nhello\n[    1.0] kvm: x\nvcpu=0 exit=intr\ninit: vmm ended with status 0\n\
                    init: vmm --smp 2 smp\nsmp\n";
        let sections = sections(text);
        let status = "init: vmm ended with status 0";
        assert_eq!(sections["hello"], ["hello", "vcpu=0 exit=intr", status]);
        assert_eq!(sections["--smp 2 smp"], ["smp"]);
        assert_eq!((sections.len(), trace_lines(&sections)), (2, 1));
    }
}
