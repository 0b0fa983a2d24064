//! The Rust target of the simulated machine, by rustup or by Debian's packages, and the other tools a build needs.

use std::env;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Result, bail};

use crate::{process, project};

/// The target of everything in `firmware/`.
pub(crate) const TARGET: &str = "riscv64gc-unknown-none-elf";

/// Debian's compiler; its sources come with rust-web-src.
const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// How to compile for [`TARGET`].
pub(crate) enum Toolchain {
    /// The compiler in use has the target's libraries.
    Ready,
    /// Debian's compiler builds the libraries from source and `linker` links.
    BuildStd {
        /// `rust-lld`.
        linker: PathBuf,
    },
}

impl Toolchain {
    /// Finds the target's libraries, installs them, or finds a way without.
    pub(crate) fn find() -> Result<Toolchain> {
        let sysroot = sysroot("rustc")?;
        if has_target(&sysroot) {
            return Ok(Toolchain::Ready);
        }
        if process::find("rustup").is_some() {
            println!("Installing the Rust target {TARGET} with `rustup target add {TARGET}`");
            let added = process::status(Command::new("rustup").args(["target", "add", TARGET]))?;
            if added.success() && has_target(&sysroot) {
                return Ok(Toolchain::Ready);
            }
        }
        if let Some(linker) = debian(&sysroot) {
            println!("Building Rust's core library for {TARGET} from Debian's rust-web-src");
            return Ok(Toolchain::BuildStd { linker });
        }
        bail!(
            "the Rust target {TARGET} is missing and rustup could not install it. With a network, run \
             `rustup target add {TARGET}`; on Debian, `apt install rustc-web rust-web-src` also does, \
             from which its libraries are then built"
        )
    }

    /// Adds what a `cargo build` or `cargo clippy` of the firmware workspace needs.
    pub(crate) fn apply(&self, cargo: &mut Command) {
        cargo.args(["--target", TARGET]);
        // Flags meant for the host's programs are not for the simulated machine's.
        cargo.env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
        if let Toolchain::BuildStd { linker } = self {
            cargo
                .args([
                    "-Zbuild-std=core,alloc,compiler_builtins",
                    "-Zbuild-std-features=compiler-builtins-mem",
                ])
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1")
                .env("CARGO_TARGET_RISCV64GC_UNKNOWN_NONE_ELF_LINKER", linker);
        }
    }
}

/// The simulator's floating point is Berkeley SoftFloat, which is C.
pub(crate) fn require_c_compiler() -> Result<()> {
    let compiler = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    if process::output(Command::new(&compiler).arg("--version")).is_err() {
        bail!(
            "the C compiler `{compiler}` is missing or does not run; Berkeley SoftFloat needs one \
             (on Debian, `apt install gcc`)"
        );
    }
    Ok(())
}

/// What checks the form of the source; rustup installs both because rust-toolchain.toml names them.
pub(crate) fn require_components() -> Result<()> {
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if process::output(process::cargo(&project::root()).args([command, "--version"])).is_err() {
            bail!("`cargo {command}` does not run; install it with `rustup component add {component}`");
        }
    }
    Ok(())
}

fn sysroot(rustc: &str) -> Result<PathBuf> {
    let path = process::output(Command::new(rustc).args(["--print", "sysroot"]))?;
    Ok(PathBuf::from(path.trim()))
}

fn has_target(sysroot: &Path) -> bool {
    sysroot.join("lib/rustlib").join(TARGET).is_dir()
}

/// The linker to use with Debian's compiler and library sources, if both are installed.
fn debian(rustup_sysroot: &Path) -> Option<PathBuf> {
    let sources = sysroot(DEBIAN_RUSTC).ok()?.join("lib/rustlib/src/rust/library/core");
    let host = process::output(Command::new("rustc").args(["--print", "host-tuple"])).ok()?;
    let linker = rustup_sysroot.join("lib/rustlib").join(host.trim()).join("bin/rust-lld");
    (sources.is_dir() && linker.is_file()).then_some(linker)
}
