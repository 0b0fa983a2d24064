//! `cargo xtask linux check`: what Debian must do on vhart's machine, beside what it does on QEMU's in the same run.
//!
//! A check is a function and a row of a table. It passes with figures for the reader, or fails with the reason, or says
//! what it needs and does not count as passed.

mod boots;
mod costs;
mod disk;
mod dmesg;
mod engines;
mod hypervisor;
mod kvm;
mod memory;
mod same;
mod snapshot;
mod u_boot;
mod vmm;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use anyhow::{Context as _, Result};
use clap::Args;

use super::boot::{self, Boot, Simulator};
use super::session::{Run, Session, Step};
use super::software::Software;
use crate::machine::QEMU;
use crate::process;
use crate::tally::Counts;

/// A machine that takes longer hangs, on the slowest of hosts.
const LIMIT: Duration = Duration::from_secs(900);

/// What to check.
#[derive(Args)]
pub(super) struct CheckArgs {
    /// Everything, not only the two short boots; takes some ten minutes
    #[arg(long)]
    long: bool,
    /// Only checks with NAME in their names
    #[arg(value_name = "NAME", default_value = "")]
    name: String,
}

/// Something that Debian must do.
struct Check {
    name: &'static str,
    /// Whether it is left out where not everything is asked for.
    is_long: bool,
    run: fn(&Context) -> Result<Outcome>,
}

/// How a check has ended that did not fail.
enum Outcome {
    /// Well; figures for the reader.
    Passed(String),
    /// Not at all, for want of this.
    NotRun(String),
}

const CHECKS: [Check; 19] = [
    Check { name: "boot on 1 hart", is_long: false, run: |context| boots::to_init(context, 1) },
    Check { name: "boot on 2 harts", is_long: false, run: |context| boots::to_init(context, 2) },
    Check { name: "boot on 8 harts", is_long: true, run: |context| boots::to_init(context, 8) },
    Check { name: "shell", is_long: true, run: boots::to_shell },
    Check { name: "reboot", is_long: true, run: boots::again },
    Check { name: "dmesg", is_long: true, run: dmesg::agrees },
    Check { name: "2 harts in parallel", is_long: true, run: boots::in_parallel },
    Check { name: "two runs are the same", is_long: true, run: same::two_runs },
    Check { name: "both engines are the same", is_long: true, run: engines::agree },
    Check { name: "snapshot", is_long: true, run: snapshot::goes_on },
    Check { name: "memory", is_long: true, run: memory::of_a_boot },
    Check { name: "U-Boot", is_long: true, run: u_boot::boots },
    Check { name: "disk", is_long: true, run: disk::keeps },
    Check { name: "kvm.ko", is_long: true, run: kvm::module },
    Check { name: "KVM's guest", is_long: true, run: kvm::guest },
    Check { name: "KVM's guest on other harts", is_long: true, run: kvm::guest_on_other_harts },
    Check { name: "our monitor's guests", is_long: true, run: vmm::traces },
    Check { name: "our hypervisor beside KVM", is_long: true, run: hypervisor::agrees_with_kvm },
    Check { name: "what exits cost", is_long: true, run: costs::at_most_kvms },
];

/// What checks share.
struct Context<'a> {
    software: &'a Software,
    /// Where logs go.
    folder: PathBuf,
    /// Boots to `init` and off that have been done.
    boots: RefCell<BTreeMap<(Simulator, usize), Run>>,
}

/// Runs the checks that `arguments` ask for.
///
/// # Errors
/// What keeps them from being run.
pub(super) fn run(software: &Software, arguments: &CheckArgs) -> Result<ExitCode> {
    let names = |check: &&Check| {
        let is_named = !arguments.name.is_empty();
        check.name.contains(&arguments.name) && (arguments.long || is_named || !check.is_long)
    };
    let checks: Vec<&Check> = CHECKS.iter().filter(names).collect();
    anyhow::ensure!(!checks.is_empty(), "no check has `{}` in its name", arguments.name);
    let (counts, not_run) = run_all(software, &checks)?;
    for line in &not_run {
        println!("{line}");
    }
    println!("{} passed, {} failed, {} not run", counts.passed, counts.failed, not_run.len());
    Ok(if counts.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs the short checks, as a part of the whole suite.
///
/// # Errors
/// What keeps them from being run.
pub(crate) fn short(software: &Software) -> Result<Counts> {
    Ok(run_all(software, &CHECKS.iter().filter(|check| !check.is_long).collect::<Vec<_>>())?.0)
}

/// The numbers of those that passed and failed, and what was not run.
fn run_all(software: &Software, checks: &[&Check]) -> Result<(Counts, Vec<String>)> {
    boot::prepare(Simulator::Vhart)?;
    let folder = software.folder().join("logs");
    fs::create_dir_all(&folder).with_context(|| format!("cannot create {}", folder.display()))?;
    let context = Context { software, folder, boots: RefCell::default() };
    let (mut counts, mut not_run) = (Counts::default(), Vec::new());
    for check in checks {
        match (check.run)(&context) {
            Ok(Outcome::Passed(figures)) => {
                println!("{}: ok: {figures}", check.name);
                counts.passed += 1;
            }
            Ok(Outcome::NotRun(needs)) => {
                let line = format!("not run: {}: needs {needs}", check.name);
                println!("{line}");
                not_run.push(line);
            }
            Err(error) => {
                println!("{}: FAILED: {error:#}", check.name);
                counts.failed += 1;
            }
        }
    }
    Ok((counts, not_run))
}

impl Context<'_> {
    /// A session whose log is called `name`, with nothing to be typed.
    fn session<'a>(&self, name: &str) -> Session<'a> {
        Session { steps: &[], until: None, limit: LIMIT, log: self.folder.join(name).with_extension("log") }
    }

    /// Runs `command`, typing what `steps` say, with a log called `name`.
    fn run(&self, name: &str, command: &mut Command, steps: &[Step<'_>]) -> Result<Run> {
        Session { steps, ..self.session(name) }.run(command)
    }

    /// Boots to `init` and off, or has done so before.
    fn boot(&self, on: Simulator, harts: usize) -> Result<Run> {
        if let Some(run) = self.boots.borrow().get(&(on, harts)) {
            return Ok(run.clone());
        }
        let mut command = Boot::usual(self.software, harts, "off")?.command(on);
        let run = self.run(&format!("boot-{}-{harts}", on.name()), &mut command, &[])?;
        self.boots.borrow_mut().insert((on, harts), run.clone());
        Ok(run)
    }
}

/// Whether there is a machine to compare with.
fn has_qemu() -> bool {
    process::find(QEMU).is_some()
}

/// What a check that compares with QEMU's machine needs.
fn needs_qemu() -> Outcome {
    Outcome::NotRun(format!("{QEMU} (Debian: apt install qemu-system-misc)"))
}
