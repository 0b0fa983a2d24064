//! A disk on virtio-blk, which a file of the host's is, and what is on it afterwards.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use anyhow::{Context as _, Result, ensure};

use super::{Context, Outcome};
use crate::linux::boot::{Boot, Simulator};
use crate::linux::session::{Run, Session};
use crate::process;

/// The size of the disk in bytes.
const SIZE: u64 = 64 << 20;

/// After so many files that have been flushed, the machine is killed.
const FLUSHED: usize = 8;

/// The disk is partitioned, formatted, mounted, written and unmounted, and the host sees what the guest has seen; after
/// the machine was killed in the middle of writes, all that was flushed is there.
pub(super) fn keeps(context: &Context) -> Result<Outcome> {
    let image = context.folder.join("disk.img");
    let file = File::create(&image).with_context(|| format!("cannot write {}", image.display()))?;
    file.set_len(SIZE).with_context(|| format!("cannot write {}", image.display()))?;
    let with_disk = |what: &str| {
        let boot = Boot::usual(context.software, 1, &format!("disk disk={what}"))?;
        let mut command = boot.command(Simulator::Vhart);
        command.arg("--drive").arg(&image);
        Ok::<_, anyhow::Error>(command)
    };

    let made = context.run("disk-make", &mut with_disk("make")?, &[])?;
    made.expect(&["disk: made"])?;
    let seen = made.text.lines().find_map(|line| line.strip_prefix("disk: whole "));
    let there = host_sum(&image)?;
    ensure!(seen == Some(there.as_str()), "the guest's disk has the sum {seen:?}, the image {there}");

    let killed = Session { until: Some(("disk: flushed", FLUSHED)), ..context.session("disk-flood") };
    let flushed = sums(&killed.run(&mut with_disk("flood")?)?, "disk: flushed ");
    let verified = context.run("disk-verify", &mut with_disk("verify")?, &[])?;
    verified.expect(&["disk: verified"])?;
    // Here, the sum comes before the name.
    let found = sums(&verified, "disk: ");
    for (name, sum) in &flushed {
        let is_there = found.contains(&(sum.clone(), name.clone()));
        ensure!(is_there, "{name} was flushed before the machine was killed, and is not there as it was");
    }
    fs::remove_file(&image).with_context(|| format!("cannot remove {}", image.display()))?;
    Ok(Outcome::Passed(format!(
        "sums agree, vhart {}; {} files that were flushed before it was killed are there",
        made.times(),
        flushed.len()
    )))
}

/// The two words behind `mark` in each whole line that has them.
fn sums(run: &Run, mark: &str) -> Vec<(String, String)> {
    // What was printed last may have been cut.
    let whole = run.text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    let pairs = whole.lines().filter_map(|line| line.strip_prefix(mark)?.split_once(' '));
    pairs.map(|(first, second)| (first.to_owned(), second.trim().to_owned())).collect()
}

/// The SHA-256 of a file of the host's.
fn host_sum(file: &Path) -> Result<String> {
    let text = process::output(Command::new("sha256sum").arg(file))?;
    Ok(text.split(' ').next().unwrap_or_default().to_owned())
}
