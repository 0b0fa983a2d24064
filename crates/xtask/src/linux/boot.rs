//! Debian's kernel over OpenSBI, on vhart's machine or on QEMU's.

use std::ffi::OsString;
use std::io::{self, IsTerminal};
use std::path::PathBuf;
use std::process::{Command, ExitCode};

use anyhow::{Result, ensure};
use clap::{Args, ValueEnum};

use super::initramfs;
use super::software::Software;
use crate::machine::QEMU;
use crate::{process, project};

/// How to boot.
#[derive(Args)]
pub(super) struct BootArgs {
    /// The number of harts
    #[arg(long, value_name = "N", default_value = "1")]
    smp: usize,
    /// The size of main memory
    #[arg(long, value_name = "SIZE", default_value = "1G")]
    memory: String,
    /// Whose machine
    #[arg(long, value_name = "NAME", default_value = "vhart")]
    on: Simulator,
    /// More options of `vhart run`, or of QEMU
    #[arg(last = true, value_name = "OPTIONS")]
    options: Vec<OsString>,
}

/// What has QEMU's `virt` machine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum, Debug)]
pub(crate) enum Simulator {
    /// Ours
    Vhart,
    /// The one installed on this machine
    Qemu,
}

impl Simulator {
    /// Its name in what is printed.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Simulator::Vhart => "vhart",
            Simulator::Qemu => "QEMU",
        }
    }

    /// The command up to what is booted.
    pub(super) fn command(self) -> Command {
        match self {
            Simulator::Vhart => {
                let mut command = Command::new(project::target().join("release/vhart"));
                command.arg("run");
                command
            }
            Simulator::Qemu => {
                let mut command = Command::new(QEMU);
                command.args(["-M", "virt", "-cpu", "rv64,h=true", "-nographic"]);
                command
            }
        }
    }

    fn option(self, name: &str) -> String {
        match self {
            Simulator::Vhart => format!("--{name}"),
            Simulator::Qemu if name == "memory" => "-m".to_owned(),
            Simulator::Qemu => format!("-{name}"),
        }
    }
}

/// A boot: what is the same on every machine.
#[derive(Clone)]
pub(crate) struct Boot {
    /// OpenSBI.
    pub(super) firmware: PathBuf,
    /// The kernel's Image.
    pub(super) kernel: PathBuf,
    /// What it starts with.
    pub(super) initramfs: PathBuf,
    /// The number of harts.
    pub(crate) harts: usize,
    /// The size of main memory.
    pub(crate) memory: String,
    /// The kernel's command line.
    pub(crate) append: String,
}

impl Boot {
    /// One in which `init` does what `word` says.
    ///
    /// # Errors
    /// Packages without what should be in them.
    pub(crate) fn usual(software: &Software, harts: usize, word: &str) -> Result<Boot> {
        Boot::new(software, initramfs::usual(software)?, harts, word)
    }

    /// One in which a guest is booted by QEMU with KVM.
    ///
    /// # Errors
    /// As for [`Boot::usual`].
    pub(crate) fn with_guest(software: &Software, harts: usize) -> Result<Boot> {
        Boot::new(software, initramfs::with_guest(software)?, harts, "kvm")
    }

    /// One in which our monitor runs its guests by KVM.
    ///
    /// # Errors
    /// As for [`Boot::usual`], and where the images are not built.
    pub(crate) fn with_monitor(software: &Software, harts: usize) -> Result<Boot> {
        Boot::new(software, initramfs::with_monitor(software)?, harts, "vmm")
    }

    /// One in which our monitor runs the guest whose exits are counted, on one hart.
    ///
    /// # Errors
    /// As for [`Boot::with_monitor`].
    pub(crate) fn with_exits(software: &Software) -> Result<Boot> {
        Boot::new(software, initramfs::with_monitor(software)?, 1, "exits")
    }

    fn new(software: &Software, initramfs: PathBuf, harts: usize, word: &str) -> Result<Boot> {
        Ok(Boot {
            firmware: software.opensbi(),
            kernel: software.kernel()?,
            initramfs,
            harts,
            memory: "1G".to_owned(),
            append: format!("console=ttyS0 vhart={word}"),
        })
    }

    /// The command that does it.
    pub(crate) fn command(&self, on: Simulator) -> Command {
        let mut command = on.command();
        command.args(self.arguments(on));
        command
    }

    /// All that follows the name of the program.
    pub(super) fn all_arguments(&self, on: Simulator) -> Vec<OsString> {
        self.command(on).get_args().map(OsString::from).collect()
    }

    /// What tells `on` what is booted.
    pub(super) fn arguments(&self, on: Simulator) -> Vec<OsString> {
        let files = [("bios", &self.firmware), ("kernel", &self.kernel), ("initrd", &self.initramfs)];
        let harts = self.harts.to_string();
        let words = [("smp", &harts), ("memory", &self.memory), ("append", &self.append)];
        let files = files.into_iter().map(|(name, file)| (name, file.into()));
        let all = files.chain(words.into_iter().map(|(name, word)| (name, word.into())));
        all.flat_map(|(name, value)| [on.option(name).into(), value]).collect()
    }
}

/// Boots to a shell, or to `init` and off where nobody could use one; the machine's status.
///
/// # Errors
/// What keeps it from starting.
pub(super) fn run(software: &Software, arguments: &BootArgs) -> Result<ExitCode> {
    let word = if io::stdin().is_terminal() { "shell" } else { "off" };
    start(Boot::usual(software, arguments.smp, word)?, arguments)
}

/// Boots, and a guest inside.
///
/// # Errors
/// What keeps it from starting.
pub(super) fn run_kvm(software: &Software, arguments: &BootArgs) -> Result<ExitCode> {
    start(Boot::with_guest(software, arguments.smp)?, arguments)
}

fn start(boot: Boot, arguments: &BootArgs) -> Result<ExitCode> {
    let boot = Boot { memory: arguments.memory.clone(), ..boot };
    prepare(arguments.on)?;
    let status = process::status(boot.command(arguments.on).args(&arguments.options))?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}

/// Builds vhart, or looks for QEMU.
///
/// # Errors
/// Those of building, and how to get QEMU.
pub(crate) fn prepare(on: Simulator) -> Result<()> {
    match on {
        Simulator::Vhart => {
            process::run(process::cargo(&project::root()).args(["build", "--release", "--package", "vhart"]))
        }
        Simulator::Qemu => {
            ensure!(
                process::find(QEMU).is_some(),
                "{QEMU} is missing (Debian: apt install qemu-system-misc)"
            );
            Ok(())
        }
    }
}
