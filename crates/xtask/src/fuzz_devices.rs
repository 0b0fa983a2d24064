//! `cargo xtask fuzz-devices`: hostile drivers for longer than `cargo test` has time for.

use anyhow::Result;

use crate::process;
use crate::project;

/// Runs them for so many minutes, from a seed on; what they have tried is printed, each minute and at the end.
///
/// # Errors
/// A device that has done what it may not do.
pub(crate) fn run(minutes: u64, seed: u64) -> Result<()> {
    let mut cargo = process::cargo(&project::root());
    cargo.args([
        "test",
        "--release",
        "--package",
        "platform",
        "--lib",
        "--",
        "--nocapture",
        "hostile_drivers",
    ]);
    cargo.env("VHART_FUZZ_SECONDS", (60 * minutes).to_string()).env("VHART_FUZZ_SEED", seed.to_string());
    process::run(&mut cargo)
}
