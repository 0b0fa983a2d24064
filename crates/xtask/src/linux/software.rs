//! What is got of Debian, and where it lies.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::apt::Apt;
use crate::project;

/// Stands for the newest kernel.
const KERNEL: &str = "linux-image-riscv64";

/// Packages that need no other.
const ALONE: [&str; 3] = ["opensbi", "u-boot-qemu", "busybox-static"];

/// Packages whose programs need libraries out of others.
const WITH_LIBRARIES: [&str; 1] = ["qemu-system-riscv"];

/// The file that is written last: everything else is there if it is.
const VERSIONS: &str = "versions.txt";

/// Debian's software for RISC-V, unpacked.
pub(crate) struct Software {
    folder: PathBuf,
}

impl Software {
    /// What was got before, or what is got now, always with `fresh`.
    ///
    /// # Errors
    /// What is missing on this machine, and what to do.
    pub(crate) fn get(fresh: bool) -> Result<Software> {
        let software = Software { folder: project::target().join("linux") };
        if fresh || !software.folder.join(VERSIONS).is_file() {
            software.install().context("Debian's packages for RISC-V cannot be had")?;
        }
        Ok(software)
    }

    /// Gets everything into a folder beside ours, so that what was there stays until all is well.
    fn install(&self) -> Result<()> {
        let part = self.folder.with_extension("part");
        let apt = Apt::new(&part.join("apt"))?;
        let kernel = apt.dependency(KERNEL)?;
        println!("Getting Debian's kernel, firmware, busybox and QEMU for RISC-V: some 150 MB, once");
        apt.download(&[&[kernel.as_str()], ALONE.as_slice()].concat())?;
        apt.download_with_dependencies(&WITH_LIBRARIES)?;
        let root = part.join("root");
        if root.exists() {
            remove(&root)?;
        }
        fs::create_dir(&root).with_context(|| format!("cannot create {}", root.display()))?;
        let packages = apt.unpack(&root)?;
        remove(&part.join("apt"))?;
        fs::write(part.join(VERSIONS), packages.join("\n") + "\n")
            .context("cannot write the list of versions")?;
        if self.folder.exists() {
            remove(&self.folder)?;
        }
        fs::rename(&part, &self.folder).with_context(|| format!("cannot create {}", self.folder.display()))
    }

    /// Where everything is, and what is made of it.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The names and versions of the packages that matter most, a line each; [`VERSIONS`] has all.
    ///
    /// # Errors
    /// Those of reading the file.
    pub(super) fn versions(&self) -> Result<String> {
        let path = self.folder.join(VERSIONS);
        let text = fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))?;
        let matters = |line: &&str| {
            let name = line.split(' ').next().unwrap_or_default();
            name.starts_with("linux-image-") || ALONE.contains(&name) || WITH_LIBRARIES.contains(&name)
        };
        Ok(text.lines().filter(matters).map(|line| format!("{line}\n")).collect())
    }

    /// The root of Debian's files.
    pub(super) fn root(&self) -> PathBuf {
        self.folder.join("root")
    }

    /// The kernel: a flat Image.
    ///
    /// # Errors
    /// A package without one.
    pub(crate) fn kernel(&self) -> Result<PathBuf> {
        let boot = self.root().join("boot");
        let entries = fs::read_dir(&boot).with_context(|| format!("cannot read {}", boot.display()))?;
        for entry in entries {
            let entry = entry?;
            if entry.file_name().to_string_lossy().starts_with("vmlinux-") {
                return Ok(entry.path());
            }
        }
        bail!("{} has no kernel; get the packages again with `cargo xtask linux --fresh`", boot.display())
    }

    /// OpenSBI that is told by its caller where the kernel is.
    pub(crate) fn opensbi(&self) -> PathBuf {
        self.root().join("usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin")
    }

    /// U-Boot for S-mode, to be started by OpenSBI.
    pub(super) fn u_boot(&self) -> PathBuf {
        self.root().join("usr/lib/u-boot/qemu-riscv64_smode/u-boot.bin")
    }
}

fn remove(folder: &Path) -> Result<()> {
    fs::remove_dir_all(folder).with_context(|| format!("cannot remove {}", folder.display()))
}
