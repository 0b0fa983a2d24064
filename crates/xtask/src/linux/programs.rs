//! Programs of Debian's with the libraries that they are linked with.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use goblin::elf::Elf;

/// Where Debian has libraries for RISC-V.
const LIBRARIES: &str = "usr/lib/riscv64-linux-gnu";

/// The files of `programs`, which are paths below `root`, and of all the libraries that they need, by those paths.
///
/// # Errors
/// Files that are not there or are no ELF.
pub(super) fn with_libraries(root: &Path, programs: &[&str]) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    let mut wanted: Vec<String> = programs.iter().map(|program| (*program).to_owned()).collect();
    while let Some(path) = wanted.pop() {
        if let Entry::Vacant(place) = files.entry(path) {
            let file = root.join(place.key());
            let bytes = fs::read(&file).with_context(|| format!("cannot read {}", file.display()))?;
            wanted.extend(needs(&bytes).with_context(|| format!("cannot read {}", file.display()))?);
            place.insert(bytes);
        }
    }
    Ok(files)
}

/// The paths of the libraries that an ELF names. Its loader is one of them.
fn needs(elf: &[u8]) -> Result<Vec<String>> {
    let elf = Elf::parse(elf)?;
    let loader = elf.interpreter.and_then(|path| Path::new(path).file_name()?.to_str());
    let names = elf.libraries.iter().copied().chain(loader);
    Ok(names.map(|name| format!("{LIBRARIES}/{name}")).collect())
}

/// The folders that hold these paths, each before those in it.
pub(super) fn folders<'a>(paths: impl Iterator<Item = &'a String>) -> Vec<String> {
    let mut folders: Vec<PathBuf> =
        paths.flat_map(|path| Path::new(path).ancestors().skip(1)).map(PathBuf::from).collect();
    folders.sort();
    folders.dedup();
    let names = folders.into_iter().map(|folder| folder.to_string_lossy().into_owned());
    names.filter(|name| !name.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_comes_before_what_is_in_it() {
        let paths = ["usr/lib/a/x".to_owned(), "usr/bin/y".to_owned()];
        assert_eq!(folders(paths.iter()), ["usr", "usr/bin", "usr/lib", "usr/lib/a"]);
    }
}
