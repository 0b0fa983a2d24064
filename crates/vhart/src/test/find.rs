//! Finds the test programs below some paths.

use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use anyhow::Context;

/// A test program.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(crate) struct Case {
    /// Its path below the path that it was found under; the file name, where that is the file itself.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) path: PathBuf,
}

/// What lies below the paths.
#[derive(Default)]
pub(crate) struct Found {
    /// The ELF files, by path, each once.
    pub(crate) cases: Vec<Case>,
    /// The number of other files.
    pub(crate) others: usize,
}

/// Looks through `paths` and the directories below them. Symbolic links to directories are not followed.
pub(crate) fn find(paths: &[PathBuf]) -> anyhow::Result<Found> {
    let mut found = Found::default();
    for path in paths {
        visit(path, path, &mut found)?;
    }
    found.cases.sort();
    found.cases.dedup_by(|a, b| a.path == b.path);
    Ok(found)
}

fn visit(root: &Path, path: &Path, found: &mut Found) -> anyhow::Result<()> {
    let reading = || format!("cannot read {}", path.display());
    if fs::metadata(path).with_context(reading)?.is_dir() {
        for entry in fs::read_dir(path).with_context(reading)? {
            let entry = entry.with_context(reading)?;
            let kind = entry.file_type().with_context(reading)?;
            if !kind.is_symlink() || entry.path().is_file() {
                visit(root, &entry.path(), found)?;
            }
        }
    } else if is_elf(path).with_context(reading)? {
        let below = path.strip_prefix(root).ok().filter(|below| !below.as_os_str().is_empty());
        let name = below.or(path.file_name().map(Path::new)).unwrap_or(path);
        found.cases.push(Case { name: name.display().to_string(), path: path.to_owned() });
    } else {
        found.others += 1;
    }
    Ok(())
}

fn is_elf(path: &Path) -> std::io::Result<bool> {
    // Opening a pipe or a device could wait for ever.
    if !path.is_file() {
        return Ok(false);
    }
    let mut magic = Vec::new();
    File::open(path)?.take(4).read_to_end(&mut magic)?;
    Ok(magic == *b"\x7fELF")
}
