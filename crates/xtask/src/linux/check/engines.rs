//! Both engines do the same over a whole boot.

use std::process::Command;

use anyhow::Result;

use super::{Context, Outcome};
use crate::linux::boot::{Boot, Simulator};
use crate::project;

/// More than a boot retires.
const MOST: u64 = 20_000_000_000;

/// The reference and the fast engine retire the same instructions and are in the same state after each of many slices
/// of a boot on 2 harts, and at its end.
pub(super) fn agree(context: &Context) -> Result<Outcome> {
    let mut command = Command::new(project::target().join("release/vhart"));
    command.arg("diff-engines").args(["--max-instructions", &MOST.to_string()]);
    let mut boot = Boot::usual(context.software, 2, "off")?;
    // Less memory is compared faster, and nothing in a boot needs more.
    boot.memory = "256M".to_owned();
    let run = context.run("engines", command.args(boot.arguments(Simulator::Vhart)), &[])?;
    Ok(Outcome::Passed(run.text.trim().to_owned()))
}
