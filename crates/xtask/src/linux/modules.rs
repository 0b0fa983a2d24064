//! The kernel's modules: found by name, unpacked, each with those that must be loaded before it.

use std::collections::BTreeMap;
use std::fs;
use std::io::BufReader;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use goblin::elf::Elf;

/// How the names of modules end in Debian's packages.
const ENDING: &str = ".ko.xz";

/// The modules of a kernel.
pub(super) struct Modules {
    /// The file of each, by the name that the kernel knows it by.
    files: BTreeMap<String, PathBuf>,
}

/// A module that can be loaded.
pub(super) struct Module {
    /// As the kernel knows it.
    pub(super) name: String,
    /// The ELF that the kernel links.
    pub(super) elf: Vec<u8>,
}

impl Modules {
    /// Those below `folder`.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub(super) fn find(folder: &Path) -> Result<Modules> {
        let mut files = BTreeMap::new();
        let mut folders = vec![folder.to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
                let entry = entry?;
                let name = entry.file_name().to_string_lossy().into_owned();
                if entry.file_type()?.is_dir() {
                    folders.push(entry.path());
                } else if let Some(name) = name.strip_suffix(ENDING) {
                    // A file may have hyphens where the module has none.
                    files.insert(name.replace('-', "_"), entry.path());
                }
            }
        }
        Ok(Modules { files })
    }

    /// The module `name` and all that it needs, in an order in which they can be loaded.
    ///
    /// # Errors
    /// Modules that there are not or that cannot be read.
    pub(super) fn with_dependencies(&self, name: &str) -> Result<Vec<Module>> {
        let mut order = Vec::new();
        self.add(name, &mut order)?;
        Ok(order)
    }

    fn add(&self, name: &str, order: &mut Vec<Module>) -> Result<()> {
        if order.iter().any(|module| module.name == name) {
            return Ok(());
        }
        let file = self.files.get(name).with_context(|| format!("the kernel has no module {name}"))?;
        let elf = unpack(file).with_context(|| format!("cannot read {}", file.display()))?;
        for dependency in dependencies(&elf).with_context(|| format!("cannot read {}", file.display()))? {
            self.add(&dependency, order)?;
        }
        order.push(Module { name: name.to_owned(), elf });
        Ok(())
    }
}

fn unpack(file: &Path) -> Result<Vec<u8>> {
    let mut elf = Vec::new();
    let mut packed = BufReader::new(fs::File::open(file)?);
    lzma_rs::xz_decompress(&mut packed, &mut elf).map_err(|error| anyhow!("{error:?}"))?;
    Ok(elf)
}

/// The modules that a module says it depends on, in its section of `KEY=VALUE` strings.
fn dependencies(elf: &[u8]) -> Result<Vec<String>> {
    let parsed = Elf::parse(elf)?;
    let sections = &mut parsed.section_headers.iter();
    let section = sections.find(|section| parsed.shdr_strtab.get_at(section.sh_name) == Some(".modinfo"));
    let info = section.and_then(|section| elf.get(section.file_range()?)).context("no section .modinfo")?;
    Ok(depends(info))
}

fn depends(info: &[u8]) -> Vec<String> {
    let value = info.split(|byte| *byte == 0).find_map(|string| string.strip_prefix(b"depends="));
    let value = String::from_utf8_lossy(value.unwrap_or_default()).into_owned();
    value.split(',').filter(|name| !name.is_empty()).map(|name| name.replace('-', "_")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dependencies_are_listed_with_commas() {
        assert_eq!(depends(b"license=GPL\0depends=jbd2,crc-16\0name=ext4\0"), ["jbd2", "crc_16"]);
        assert_eq!(depends(b"depends=\0"), [""; 0]);
        assert_eq!(depends(b"license=GPL\0"), [""; 0]);
    }
}
