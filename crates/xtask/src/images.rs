//! `cargo xtask images`: the software of the simulated machine, built and put where `vhart` embeds it from.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result};

use crate::toolchain::{TARGET, Toolchain};
use crate::{flat, process, project, static_elf};

/// The guests that the hypervisor runs, by the names of their crates.
pub(crate) const GUESTS: [&str; 4] = ["hello", "uart", "timer", "pages"];

/// The guest that needs a machine whose SBI starts harts.
pub(crate) const SMP: &str = "smp";

/// The guest that leaves for the hypervisor by every way, so that what that costs is counted.
pub(crate) const EXITS: &str = "exits";

/// The virtual machine monitor, which is a program for Linux.
const VMM: &str = "vmm";

/// The program that tries the firmware.
pub(crate) const CALLS: &str = "calls";

/// Where the hypervisor's build script finds `NAME.bin` of each guest.
const GUEST_IMAGES: &str = "GUEST_IMAGES";

/// Builds everything. Hypervisor and monitor come last, because they embed the guests.
pub(crate) fn build(toolchain: &Toolchain) -> Result<()> {
    let images = project::images();
    fs::create_dir_all(&images).with_context(|| format!("cannot create {}", images.display()))?;
    println!("Building firmware, guests and hypervisor for {TARGET} into {}", images.display());

    process::run(cargo(toolchain, "build").args([
        "--workspace",
        "--exclude",
        "host",
        "--exclude",
        VMM,
        "--release",
    ]))?;
    install_elf("sbi")?;
    install_elf(CALLS)?;
    for guest in GUESTS.into_iter().chain([SMP, EXITS]) {
        let elf = install_elf(guest)?;
        let image = flat::flatten(&elf).with_context(|| format!("guest {guest}"))?;
        install(&image, &images.join(guest).with_extension("bin"))?;
    }
    process::run(cargo(toolchain, "build").args(["--package", "host", "--package", VMM, "--release"]))?;
    install_elf("host")?;
    let program = built(VMM)?;
    static_elf::check(&program)
        .with_context(|| format!("{VMM} is no program for every kernel it is made for"))?;
    install_executable(&program, &monitor())
}

/// The ELF file of the image `name`.
pub(crate) fn elf(name: &str) -> PathBuf {
    project::images().join(name).with_extension("elf")
}

/// The virtual machine monitor's file.
pub(crate) fn monitor() -> PathBuf {
    project::images().join(VMM)
}

/// A cargo command in the firmware workspace.
pub(crate) fn cargo(toolchain: &Toolchain, command: &str) -> Command {
    let mut cargo = process::cargo(&project::firmware());
    cargo.args([command, "--quiet", "--locked", "--target-dir"]).arg(target());
    cargo.env(GUEST_IMAGES, project::images());
    toolchain.apply(&mut cargo);
    cargo
}

/// A target folder of its own, so that the two workspaces do not wait for each other's lock.
fn target() -> PathBuf {
    project::target().join("firmware")
}

/// Puts a program that has been built among the images, and returns its ELF file's bytes.
fn install_elf(name: &str) -> Result<Vec<u8>> {
    let bytes = built(name)?;
    install(&bytes, &elf(name))?;
    Ok(bytes)
}

/// The bytes of a program that has been built.
fn built(name: &str) -> Result<Vec<u8>> {
    let built = target().join(TARGET).join("release").join(name);
    fs::read(&built).with_context(|| format!("cannot read {}", built.display()))
}

/// Writes a program that users copy elsewhere and run there.
fn install_executable(program: &[u8], path: &Path) -> Result<()> {
    install(program, path)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    }
    Ok(())
}

/// Writes an image, unless it is there already: a newer file would make cargo build `vhart` again.
fn install(image: &[u8], path: &Path) -> Result<()> {
    if fs::read(path).is_ok_and(|present| present == image) {
        return Ok(());
    }
    fs::write(path, image).with_context(|| format!("cannot write {}", path.display()))
}
