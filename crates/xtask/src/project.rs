//! Where things are in the project and in its target folder.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    let crates = Path::new(env!("CARGO_MANIFEST_DIR")).parent();
    crates.and_then(Path::parent).expect("this crate lies in <root>/crates/xtask").to_owned()
}

/// The workspace of the simulated machine's software.
pub(crate) fn firmware() -> PathBuf {
    root().join("firmware")
}

/// Cargo's target folder, which holds everything that is built.
pub(crate) fn target() -> PathBuf {
    let chosen = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
    // A relative folder is relative to where cargo was started, and so was this program.
    chosen.and_then(|folder| std::path::absolute(folder).ok()).unwrap_or_else(|| root().join("target"))
}

/// The images: `NAME.elf` of everything, which `vhart` embeds, and `NAME.bin` of each guest, which the hypervisor does.
pub(crate) fn images() -> PathBuf {
    target().join("images")
}

/// What cargo needs of the workspace to build and test any crate but the firmware.
const SOURCES: [&str; 7] =
    ["Cargo.toml", "Cargo.lock", "rust-toolchain.toml", "benches", "crates", "patches", "tests"];

/// Makes `copy` a fresh copy of the workspace's sources, to be changed at will.
///
/// # Errors
/// What cannot be removed or copied.
pub(crate) fn copy_sources(copy: &Path) -> Result<()> {
    if copy.exists() {
        fs::remove_dir_all(copy).with_context(|| format!("cannot remove {}", copy.display()))?;
    }
    SOURCES.iter().try_for_each(|source| copy_all(&root().join(source), &copy.join(source)))
}

/// Copies a file or a folder, but not the folders that hold what was built.
fn copy_all(from: &Path, to: &Path) -> Result<()> {
    let copied = || format!("cannot copy {}", from.display());
    if !from.is_dir() {
        fs::create_dir_all(to.parent().with_context(copied)?).with_context(copied)?;
        fs::copy(from, to).with_context(copied)?;
        return Ok(());
    }
    for entry in fs::read_dir(from).with_context(copied)? {
        let name = entry.with_context(copied)?.file_name();
        if name != "target" {
            copy_all(&from.join(&name), &to.join(&name))?;
        }
    }
    Ok(())
}
