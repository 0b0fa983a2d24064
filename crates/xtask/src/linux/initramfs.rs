//! The file systems that the kernel starts with: busybox, our own `init`, modules, and for KVM also QEMU with its
//! libraries and what it boots. They are not packed, because the simulated machine would have to unpack them.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::cpio::Archive;
use super::modules::Modules;
use super::programs;
use super::software::Software;
use crate::images;

/// The first program: says what `vhart=WORD` on the kernel's command line does.
const INIT: &str = include_str!("guest/init");

/// What `init` does with a disk.
const DISK: &str = include_str!("guest/disk.sh");

/// Where packages have busybox.
const BUSYBOX: &str = "usr/bin/busybox";

/// Modules that `init` loads, which come with what they need.
const MODULES: [&str; 6] = ["kvm", "virtio_mmio", "virtio_blk", "virtio_rng", "crc32c_generic", "ext4"];

/// QEMU for RISC-V, as a program of the simulated Debian.
const QEMU: &str = "usr/bin/qemu-system-riscv64";

/// The loader of programs with libraries, where each of them looks for it and where it is.
const LOADER: [&str; 2] =
    ["usr/lib/ld-linux-riscv64-lp64d.so.1", "riscv64-linux-gnu/ld-linux-riscv64-lp64d.so.1"];

/// Makes the one for everything but KVM's guest; its file.
///
/// # Errors
/// Packages without what should be in them, and files that cannot be written.
pub(super) fn usual(software: &Software) -> Result<PathBuf> {
    let mut archive = minimal(software)?;
    add_modules(&mut archive, software)?;
    archive.program("disk.sh", DISK.as_bytes());
    write(software, "initramfs.cpio", archive)
}

/// Makes the one that has our monitor, which has guests; its file.
///
/// # Errors
/// As for [`usual`].
pub(super) fn with_monitor(software: &Software) -> Result<PathBuf> {
    let mut archive = minimal(software)?;
    add_modules(&mut archive, software)?;
    let monitor = images::monitor();
    let monitor = fs::read(&monitor).with_context(|| format!("cannot read {}", monitor.display()))?;
    archive.program("bin/vmm", &monitor);
    write(software, "vmm.cpio", archive)
}

/// Makes the one that has a guest and QEMU for it; its file.
///
/// # Errors
/// As for [`usual`].
pub(super) fn with_guest(software: &Software) -> Result<PathBuf> {
    let mut archive = minimal(software)?;
    add_modules(&mut archive, software)?;
    let files = programs::with_libraries(&software.root(), &[QEMU])?;
    for folder in programs::folders(files.keys()) {
        archive.folder(&folder);
    }
    for (path, content) in &files {
        archive.program(path, content);
    }
    archive.link("lib", "usr/lib");
    archive.link(LOADER[0], LOADER[1]);
    archive.folder("guest");
    let kernel = software.kernel()?;
    let kernel = fs::read(&kernel).with_context(|| format!("cannot read {}", kernel.display()))?;
    archive.file("guest/Image", &kernel);
    archive.file("guest/initramfs.cpio", &minimal(software)?.finish());
    write(software, "kvm.cpio", archive)
}

/// busybox and `init`.
fn minimal(software: &Software) -> Result<Archive> {
    let busybox = software.root().join(BUSYBOX);
    let busybox = fs::read(&busybox).with_context(|| format!("cannot read {}", busybox.display()))?;
    let mut archive = Archive::default();
    for folder in ["bin", "dev", "etc", "mnt", "proc", "sys", "tmp"] {
        archive.folder(folder);
    }
    archive.program("bin/busybox", &busybox);
    archive.program("init", INIT.as_bytes());
    Ok(archive)
}

/// `modules/NAME.ko` of every module, and `modules/NAME.needs` of those that `init` loads: what to load, a line each.
fn add_modules(archive: &mut Archive, software: &Software) -> Result<()> {
    let modules = Modules::find(&software.root().join("usr/lib/modules"))?;
    archive.folder("modules");
    let mut there: Vec<String> = Vec::new();
    for name in MODULES {
        let mut needs = String::new();
        for module in modules.with_dependencies(name)? {
            needs += &format!("{}\n", module.name);
            if !there.contains(&module.name) {
                archive.file(&format!("modules/{}.ko", module.name), &module.elf);
                there.push(module.name);
            }
        }
        archive.file(&format!("modules/{name}.needs"), needs.as_bytes());
    }
    Ok(())
}

fn write(software: &Software, name: &str, archive: Archive) -> Result<PathBuf> {
    let path = software.folder().join(name);
    fs::write(&path, archive.finish()).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}
