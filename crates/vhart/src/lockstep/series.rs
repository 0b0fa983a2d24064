//! `vhart lockstep --random`: one random program after another, until one differs, which is made small.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context;
use platform::{Image, MachineConfig, MachineStop};

use super::random::{self, Part, Program};
use super::{End, compare, shrink};
use crate::args::LockstepArgs;

/// Compares the programs of `seeds` until one differs.
///
/// # Errors
/// Those of the comparison, and of the files of the programs.
pub(super) fn run(
    args: &LockstepArgs,
    config: &MachineConfig,
    seeds: RangeInclusive<u64>,
) -> anyhow::Result<ExitCode> {
    let folder = args.save.clone().unwrap_or_else(std::env::temp_dir);
    std::fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let count = seeds.end() - seeds.start() + 1;
    let mut total = 0;
    for seed in seeds {
        let program = random::program(seed, config.variant.extensions)?;
        let run = Run { args, config, program: &program, file: folder.join(name(seed, ".elf")) };
        let (compared, end) =
            run.compare(|_| true).with_context(|| format!("seed {seed}, {}", run.file.display()))?;
        match end {
            End::Stop(MachineStop::Exit(_)) => {}
            End::Stop(_) => {
                println!("seed {seed}, {}:", run.file.display());
                return Ok(end.say(compared));
            }
            End::Difference(..) => {
                println!("seed {seed}, {}: a difference after {compared} instructions", run.file.display());
                return run.shrink(&folder, seed);
            }
        }
        remove(&run.file)?;
        total += compared;
    }
    println!("{total} instructions compared in {count} programs, no difference");
    Ok(ExitCode::SUCCESS)
}

/// A random program and how it is run.
struct Run<'a> {
    args: &'a LockstepArgs,
    config: &'a MachineConfig,
    program: &'a Program,
    /// Where the program is for the peer.
    file: PathBuf,
}

impl Run<'_> {
    /// Compares the parts of the program that are kept.
    fn compare(&self, is_kept: impl Fn(Part) -> bool) -> anyhow::Result<(u64, End)> {
        let elf = self.program.image(is_kept)?.elf();
        write(&self.file, &elf)?;
        let firmware = Some(Image::new(self.file.display().to_string(), elf));
        compare(self.args, &MachineConfig { firmware, ..self.config.clone() }, &self.file)
    }

    /// Makes the program small, which differs, and says what is left of it and where it is.
    fn shrink(self, folder: &Path, seed: u64) -> anyhow::Result<ExitCode> {
        let small = Run { file: folder.join(name(seed, "-small.elf")), ..self };
        let kept = shrink::shrink(small.program, |kept| {
            // A peer that cannot follow what is left does not differ.
            Ok(matches!(small.compare(|part| kept.contains(&part)), Ok((_, End::Difference(..)))))
        })?;
        let needed: HashSet<Part> = kept.iter().copied().collect();
        let (compared, end) = small.compare(|part| needed.contains(&part))?;
        let image = small.program.image(|part| needed.contains(&part))?;
        let listing = folder.join(name(seed, "-small.txt"));
        write(&listing, random::listing(small.program, &image, &kept).as_bytes())?;
        println!(
            "{} of its {} parts differ alone: {}, {}",
            kept.len(),
            small.program.parts().len(),
            small.file.display(),
            listing.display()
        );
        Ok(end.say(compared))
    }
}

/// The name of a file for the program with a seed.
fn name(seed: u64, rest: &str) -> String {
    format!("vhart-{}-random-{seed}{rest}", std::process::id())
}

fn write(path: &Path, bytes: &[u8]) -> anyhow::Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display()))
}

fn remove(path: &Path) -> anyhow::Result<()> {
    std::fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))
}
