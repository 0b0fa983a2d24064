//! A boot that is left in the middle and taken up again.

use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::same::Trail;
use super::{Context, Outcome};
use crate::linux::boot::{Boot, Simulator};

/// A snapshot of a boot on 2 harts, taken in the middle of it, goes on to the same end.
pub(super) fn goes_on(context: &Context) -> Result<Outcome> {
    let mut boot = Boot::usual(context.software, 2, "off")?.command(Simulator::Vhart);
    let whole = Trail::parse(&context.run("snapshot-whole", boot.arg("--stats=json"), &[])?.text)?;
    let middle = whole.instructions.iter().sum::<u64>() / 2;

    let file = context.folder.join("boot.snapshot");
    let mut saving = Boot::usual(context.software, 2, "off")?.command(Simulator::Vhart);
    saving.args(["--stats=json", "--snapshot-at", &middle.to_string(), "--save"]).arg(&file);
    let saved = Trail::parse(&context.run("snapshot-save", &mut saving, &[])?.text)?;
    ensure!(saved.instructions == whole.instructions, "saving changes the run: {:?}", saved.instructions);

    let mut loading = Simulator::Vhart.command();
    loading.args(["--stats=json", "--load"]).arg(&file);
    let loaded = context.run("snapshot-load", &mut loading, &[])?;
    let trail = Trail::parse(&loaded.text)?;
    ensure!(
        trail.instructions == whole.instructions,
        "{:?}, not {:?}",
        trail.instructions,
        whole.instructions
    );
    let console = trail.console.trim_start();
    ensure!(!console.is_empty() && whole.console.ends_with(console), "it does not go on where it was left");
    let size = fs::metadata(&file).with_context(|| format!("cannot read {}", file.display()))?.len();
    fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    Ok(Outcome::Passed(format!(
        "at {middle} instructions, {} MiB; the same {} at the end; vhart {} from there",
        size >> 20,
        trail.list(),
        loaded.times()
    )))
}
