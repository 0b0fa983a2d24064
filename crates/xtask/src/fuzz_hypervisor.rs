//! `cargo xtask fuzz-hypervisor`: hostile guests and monitors for longer than `cargo test` has time for.

use anyhow::Result;

use crate::process;
use crate::project;

/// Runs them for so many minutes, from a seed on; what they have tried is printed now and then, and at the end.
///
/// # Errors
/// A hypervisor that has let them.
pub(crate) fn run(minutes: u64, seed: u64) -> Result<()> {
    let mut cargo = process::cargo(&project::root());
    cargo.args(["test", "--release", "--package", "tests", "--test", "hypervisor", "--", "--nocapture"]);
    cargo.args(["hostile_guests", "no_page_that_has_changed"]);
    cargo.env("VHART_FUZZ_SECONDS", (60 * minutes).to_string()).env("VHART_FUZZ_SEED", seed.to_string());
    process::run(&mut cargo)
}
