//! The simulators that run the programs, and how much of the host's time each takes.

use std::env;
use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::child::{self, Ended};

/// A simulator that can be run.
pub(crate) struct Simulator {
    /// Its column in the table.
    pub(crate) name: &'static str,
    command: OsString,
    /// What comes before a program that runs alone.
    alone: &'static [&'static str],
    /// What comes before firmware and, behind it, a kernel; `None` for one whose machine is not `virt`.
    firmware: Option<&'static [&'static str]>,
}

/// The command that the variable `variable` names, or `default`.
fn command(variable: &str, default: impl Into<OsString>) -> OsString {
    env::var_os(variable).unwrap_or_else(|| default.into())
}

impl Simulator {
    /// Ours: what `VHART` names, or else built now into the target folder `target`.
    ///
    /// # Errors
    /// Those of building it.
    pub(crate) fn vhart(target: &Path) -> Result<Simulator, String> {
        let command = match env::var_os("VHART") {
            Some(given) => given,
            None => build_vhart(target)?.into(),
        };
        Ok(Simulator { name: "vhart", command, alone: &["run"], firmware: Some(&["run", "--bios"]) })
    }

    /// The others, in the order of the table.
    pub(crate) fn peers() -> [Simulator; 2] {
        let spike = command("SPIKE", "spike");
        let qemu = command("QEMU", "qemu-system-riscv64");
        let alone =
            ["-M", "virt", "-cpu", "rv64,h=true", "-nographic", "-bios", "none", "-kernel"].as_slice();
        let (below, _) = alone.split_at(alone.len() - 2);
        [
            Simulator { name: "spike", command: spike, alone: &["--isa=rv64gch"], firmware: None },
            Simulator { name: "qemu", command: qemu, alone, firmware: Some(below) },
        ]
    }

    /// Whether it is installed.
    pub(crate) fn is_there(&self) -> bool {
        let help =
            Command::new(&self.command).arg("--help").stdout(Stdio::null()).stderr(Stdio::null()).status();
        help.is_ok()
    }

    /// What has to be there for a peer to be run.
    pub(crate) fn needs(&self) -> String {
        format!("{}, or its path in the variable {}", self.command.display(), self.name.to_uppercase())
    }

    /// The command that runs a program alone.
    pub(crate) fn run(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.command);
        command.args(self.alone).arg(program);
        command
    }

    /// The command that does what `arguments` say.
    pub(crate) fn with(&self, arguments: &[OsString]) -> Command {
        let mut command = Command::new(&self.command);
        command.args(arguments);
        command
    }

    /// The command that runs `kernel` over `firmware`, on a simulator that has the machine for it.
    pub(crate) fn run_over(&self, firmware: &Path, kernel: &Path) -> Option<Command> {
        let mut command = Command::new(&self.command);
        command.args(self.firmware?).arg(firmware).arg("--kernel").arg(kernel);
        Some(command)
    }
}

/// Builds vhart into the target folder `target`, optimised, and returns where it is.
fn build_vhart(target: &Path) -> Result<PathBuf, String> {
    let mut cargo = Command::new(command("CARGO", "cargo"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).args(["build", "--release", "--package", "vhart"]);
    let built = cargo.arg("--target-dir").arg(target).status();
    if !built.map_err(|error| format!("cannot run cargo: {error}"))?.success() {
        return Err("vhart does not build; the variable VHART can name one that is built already".to_owned());
    }
    Ok(target.join("release/vhart"))
}

/// A run that has ended well.
pub(crate) struct Run {
    /// Time of the host's processors in user mode.
    pub(crate) user: Duration,
    /// What it printed to standard output.
    pub(crate) text: String,
}

/// Runs `command`, without input, to its end.
///
/// # Errors
/// A command that does not run or says that it failed.
pub(crate) fn measure(command: &mut Command) -> Result<Run, String> {
    let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn();
    let failed = |error: std::io::Error| format!("{command:?}: {error}");
    let mut child = child.map_err(failed)?;
    let mut bytes = Vec::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_end(&mut bytes).map_err(failed)?;
    }
    let Ended { status, user } = child::wait(&child).map_err(failed)?;
    let text = String::from_utf8_lossy(&bytes).into_owned();
    if status.success() {
        Ok(Run { user, text })
    } else {
        Err(format!("{command:?} failed: {status}\n{text}"))
    }
}
