//! KVM, as Debian has it: what it finds of the harts, and a guest.

use anyhow::{Context as _, Result};

use super::{Context, Outcome, has_qemu};
use crate::linux::boot::{Boot, Simulator};
use crate::linux::session::Run;

/// Harts, and what kvm.ko must say of them: the format of the G-stage's tables and the bits of a VMID.
const HARTS: [(&str, &str, u32); 6] = [
    ("max", "Sv57x4", 14),
    ("max,vmidlen=0", "Sv57x4", 0),
    ("max,hgatp=sv39x4", "Sv39x4", 14),
    ("max,hgatp=sv48x4,vmidlen=7", "Sv48x4", 7),
    ("max,tinst=zero", "Sv57x4", 14),
    ("max,svadu=off", "Sv57x4", 14),
];

/// Harts whose guests need other ways of KVM's: its VMIDs run out at once; the smallest tables; it must read the
/// instruction that trapped; A and D are set by traps, in both stages.
const OTHERS: [&str; 4] = ["max,vmidlen=0", "max,hgatp=sv39x4", "max,tinst=zero", "max,svadu=off"];

/// What kvm.ko prints agrees with `--cpu`.
pub(super) fn module(context: &Context) -> Result<Outcome> {
    for (cpu, format, bits) in HARTS {
        let mut command = Boot::usual(context.software, 1, "kvm-module")?.command(Simulator::Vhart);
        let run = context.run("kvm-module", command.args(["--cpu", cpu]), &[])?;
        let format = format!("using {format} G-stage page table format");
        let marks = ["hypervisor extension available", &format, &format!("VMID {bits} bits available")];
        run.expect(&marks).with_context(|| format!("--cpu {cpu}"))?;
    }
    Ok(Outcome::Passed(format!("agrees with {} values of --cpu", HARTS.len())))
}

/// QEMU with KVM boots the same kernel on 2 virtual harts to its `init`, and ends well.
pub(super) fn guest(context: &Context) -> Result<Outcome> {
    let boot = Boot::with_guest(context.software, 1)?;
    let on = |on: Simulator| {
        let run = context.run(&format!("kvm-{}", on.name()), &mut boot.command(on), &[])?;
        expect_guest(&run).with_context(|| on.name())?;
        Ok::<_, anyhow::Error>(format!("{} {}", on.name(), run.times()))
    };
    let mut figures = on(Simulator::Vhart)?;
    if has_qemu() {
        figures += &format!("; {}", on(Simulator::Qemu)?);
    }
    Ok(Outcome::Passed(figures))
}

/// The same on harts that make KVM go other ways.
pub(super) fn guest_on_other_harts(context: &Context) -> Result<Outcome> {
    let boot = Boot::with_guest(context.software, 2)?;
    for cpu in OTHERS {
        let mut command = boot.command(Simulator::Vhart);
        let run = context.run("kvm-other", command.args(["--cpu", cpu]), &[])?;
        expect_guest(&run).with_context(|| format!("--cpu {cpu}"))?;
    }
    Ok(Outcome::Passed(format!("on 2 harts with {}", OTHERS.join("; "))))
}

fn expect_guest(run: &Run) -> Result<()> {
    run.expect(&[
        "OpenSBI v",
        "init: kvm on",
        "Linux version",
        "smp: Brought up 1 node, 2 CPUs",
        "init: off on 2 harts",
        "reboot: Power down",
        "init: QEMU ended with status 0",
        "reboot: Power down",
    ])
}
