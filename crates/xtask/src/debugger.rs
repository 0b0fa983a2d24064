//! The debugger on the demo: GDB follows a guest in and out, by the script `tests/world-switch.gdb`.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::{process, project};

/// GDB's name.
pub(crate) const GDB: &str = "gdb-multiarch";

/// The session takes seconds.
const LIMIT: Duration = Duration::from_secs(120);

/// What the script must print, in this order.
const EXPECTED: [&str; 6] = [
    "guest entry: priv 5 pc 80200000",
    "before sret: priv 1",
    "after sret: priv 5",
    "hstatus 2",
    "exit vector: priv 1 scause",
    "exited normally",
];

/// Runs GDB's script on the paused demo.
pub(crate) fn follow_demo() -> Result<()> {
    let mut demo = Command::new(project::target().join("release/vhart"))
        .args(["demo", "--gdb", "127.0.0.1:0", "--paused", "--timeout", "110"])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .context("cannot run vhart")?;
    let session = demo.stderr.take().context("vhart has no standard error").and_then(|stderr| {
        let mut line = String::new();
        let mut stderr = BufReader::new(stderr);
        stderr.read_line(&mut line)?;
        let address = line.trim().rsplit(' ').next().context("vhart does not say where it waits")?.to_owned();
        run_script(&address)
    });
    // A session that went to the end has ended the demo too.
    let _ = demo.kill();
    demo.wait()?;
    session
}

fn run_script(address: &str) -> Result<()> {
    let mut gdb = Command::new(GDB);
    gdb.args(["-nx", "-batch", "-ex", &format!("target remote {address}"), "-x"]);
    gdb.arg(project::root().join("tests/world-switch.gdb"));
    let (_, text) = process::run_limited(&mut gdb, LIMIT, &project::target().join("gdb.log"))?;
    let mut rest = text.as_str();
    for expected in EXPECTED {
        let found = rest.split_once(expected);
        ensure!(found.is_some(), "GDB did not print `{expected}` at its place:\n{text}");
        rest = found.map_or("", |(_, after)| after);
    }
    println!("{} places of the script: ok", EXPECTED.len());
    Ok(())
}
