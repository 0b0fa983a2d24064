//! The simulators that run the programs, and how much of the host's time each takes.

use std::env;
use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

/// A simulator that can be run.
pub(crate) struct Simulator {
    /// Its column in the table.
    pub(crate) name: &'static str,
    command: OsString,
    arguments: &'static [&'static str],
}

/// The command that the variable `variable` names, or `default`.
fn command(variable: &str, default: impl Into<OsString>) -> OsString {
    env::var_os(variable).unwrap_or_else(|| default.into())
}

impl Simulator {
    /// Ours: what `VHART` names, or else built now beside this program.
    pub(crate) fn vhart() -> Result<Simulator, String> {
        let command = match env::var_os("VHART") {
            Some(given) => given,
            None => build_vhart()?.into(),
        };
        Ok(Simulator { name: "vhart", command, arguments: &["run"] })
    }

    /// The others, in the order of the table.
    pub(crate) fn peers() -> [Simulator; 2] {
        let spike = command("SPIKE", "spike");
        let qemu = command("QEMU", "qemu-system-riscv64");
        let machine =
            ["-M", "virt", "-cpu", "rv64,h=true", "-bios", "none", "-nographic", "-kernel"].as_slice();
        [
            Simulator { name: "spike", command: spike, arguments: &["--isa=rv64gch"] },
            Simulator { name: "qemu", command: qemu, arguments: machine },
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

    /// Runs `program` to its end and returns the user time that this took.
    pub(crate) fn user_time(&self, program: &Path) -> Result<Duration, String> {
        let mut command = self.command(program);
        command.stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().map_err(|error| format!("cannot run {}: {error}", self.name))?;
        let (status, time) = wait(child.id()).map_err(|error| format!("{}: {error}", self.name))?;
        if status.success() { Ok(time) } else { Err(format!("{command:?} failed: {status}")) }
    }

    /// The number of instructions of `program`, as vhart counts them.
    pub(crate) fn instructions(&self, program: &Path) -> Result<u64, String> {
        let output = self.command(program).arg("--stats=json").stdin(Stdio::null()).output();
        let output = output.map_err(|error| format!("cannot run {}: {error}", self.name))?;
        let text = String::from_utf8_lossy(&output.stderr);
        let stats = text.lines().find_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        let count = stats.and_then(|stats| stats["instructions"][0].as_u64());
        count.filter(|_| output.status.success()).ok_or_else(|| format!("no count of instructions: {text}"))
    }

    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(&self.command);
        command.args(self.arguments).arg(program);
        command
    }
}

/// Builds the command and returns where cargo has put it: two folders above this program, which is in `deps`.
fn build_vhart() -> Result<PathBuf, String> {
    let cargo = command("CARGO", "cargo");
    let built = Command::new(cargo).args(["build", "--release", "--package", "vhart"]).status();
    if !built.map_err(|error| format!("cannot run cargo: {error}"))?.success() {
        return Err("vhart does not build; the variable VHART can name one that is built already".to_owned());
    }
    let here = env::current_exe().map_err(|error| error.to_string())?;
    let folder = here.ancestors().nth(2).ok_or("this program lies in no target folder")?;
    Ok(folder.join("vhart"))
}

/// Waits for a child and returns how it ended and its user time, which the standard library does not tell.
fn wait(child: u32) -> std::io::Result<(ExitStatus, Duration)> {
    let mut status = 0;
    // SAFETY: `rusage` is made of integers, for which all zeros is a value.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both pointers are to locals that outlive the call, which writes values of these types.
    let waited = unsafe { libc::wait4(child as libc::pid_t, &mut status, 0, &mut usage) };
    if waited < 0 {
        return Err(std::io::Error::last_os_error());
    }
    let time = Duration::new(usage.ru_utime.tv_sec as u64, usage.ru_utime.tv_usec as u32 * 1000);
    Ok((ExitStatus::from_raw(status), time))
}
