//! Running images on a machine, simulated by vhart or by QEMU, and looking at what they say.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::{process, project};

/// Everything here ends within seconds; a machine that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(120);

/// QEMU's name.
pub(crate) const QEMU: &str = "qemu-system-riscv64";

/// A program for HS-mode and what it prints if all is well.
pub(crate) struct Program {
    /// Its ELF file.
    pub(crate) file: PathBuf,
    /// Each of them must be part of a line of its output.
    pub(crate) expected: Vec<String>,
}

/// The command that runs `program` on QEMU's machine with `harts` harts.
pub(crate) fn qemu(firmware: &Path, program: &Path, harts: usize) -> Command {
    let mut command = Command::new(QEMU);
    command.args(["-M", "virt", "-cpu", "rv64,h=true", "-nographic", "-no-reboot"]);
    command.arg("-bios").arg(firmware).arg("-kernel").arg(program).args(["-smp", &harts.to_string()]);
    command
}

/// The command that runs `program` on vhart's machine with `harts` harts.
pub(crate) fn vhart(firmware: &Path, program: &Path, harts: usize) -> Command {
    let mut command = Command::new(project::target().join("release/vhart"));
    command.arg("run").arg("--bios").arg(firmware).arg("--kernel").arg(program);
    command.args(["--smp", &harts.to_string()]);
    command
}

/// Runs `command`, which must end with status 0 after printing what `program` prints, and returns all that it printed.
pub(crate) fn check(command: &mut Command, program: &Program) -> Result<String> {
    let log = project::target().join("xtask.log");
    let (status, text) = process::run_limited(command, LIMIT, &log)?;
    ensure!(status.success(), "{} ended with {status}:\n{text}", program.file.display());
    for expected in &program.expected {
        ensure!(
            text.lines().any(|line| line.contains(expected)),
            "{} did not print `{expected}`:\n{text}",
            program.file.display()
        );
    }
    Ok(text)
}
