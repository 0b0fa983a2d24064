//! `cargo xtask diff-engines`: the fast engine must do what the reference interpreter does, on whatever there is.

use anyhow::{Context, Result, ensure};

use crate::images;
use crate::process;
use crate::project;
use crate::toolchain::{self, Toolchain};

/// What `vhart diff-engines` is asked for, within a minute in all.
const QUICK: [&str; 8] = [
    "--conform",
    "--demo",
    "--demo --smp 2",
    "--demo --smp 4",
    "--random 1..200 --cpu max --cpu max,tlb=none --cpu max,tlb=sticky --cpu max,svadu=off --cpu max,misaligned=trap",
    "--loops 1..100",
    "--loops 101..110 --cpu max,tlb=none --cpu max,tlb=sticky --cpu max,svadu=off --cpu max,misaligned=trap \
     --cpu max,ad=hardware --cpu max,sstc=off --cpu rv64gc --cpu rva23s64,geilen=0",
    "--loops 111..140 --smp 3",
];

/// The same for long.
const LONG: [&str; 5] = [
    "--conform --cpu rv64gch --cpu max,tlb=none --cpu max,tlb=sticky --cpu max,misaligned=trap --cpu max,ad=hardware \
     --cpu max,asidlen=0,vmidlen=0 --cpu max,pmp=0 --cpu max,hpm=0 --cpu max,wfi=wait,fs=dirty",
    "--random 201..3000",
    "--loops 1001..1100 --cpu max,tlb=sticky --cpu max,svadu=off --cpu max,misaligned=trap --cpu rv64gch",
    "--loops 1101..1300 --smp 2",
    "--loops 2001..100000 --instructions 1000000000",
];

/// Builds the images and vhart, and compares.
///
/// # Errors
/// A difference, and what keeps something from being compared.
pub(crate) fn run(is_long: bool) -> Result<()> {
    toolchain::require_c_compiler()?;
    images::build(&Toolchain::find()?)?;
    process::run(process::cargo(&project::root()).args(["build", "--release", "--package", "vhart"]))?;
    compare(is_long)
}

/// Compares by the vhart that is built.
///
/// # Errors
/// A difference, which has been printed.
pub(crate) fn compare(is_long: bool) -> Result<()> {
    let mut instructions = 0;
    for arguments in QUICK.into_iter().chain(LONG.into_iter().filter(|_| is_long)) {
        println!("vhart diff-engines {arguments}");
        let mut vhart = std::process::Command::new(project::target().join("release/vhart"));
        vhart.arg("diff-engines").args(arguments.split_ascii_whitespace());
        let mut last = String::new();
        let status = process::run_by_line(&mut vhart, |line| {
            println!("  {line}");
            last = line.to_owned();
        })?;
        ensure!(status.success(), "the engines differ, or could not be compared: {status}");
        let count = last.split(' ').next().and_then(|count| count.parse::<u64>().ok());
        instructions += count.with_context(|| format!("vhart did not say what it compared: {last}"))?;
    }
    println!("{instructions} instructions compared in all, no difference");
    Ok(())
}
