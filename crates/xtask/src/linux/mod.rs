//! `cargo xtask linux`: Debian's kernel, firmware and programs for RISC-V, unmodified, on vhart's machine and on QEMU's.
//!
//! `apt` gets the packages, `software` knows where what was in them is, `initramfs` makes of it what the kernel starts
//! with, and `boot` starts it. Nothing of it is kept in the project: everything lies in `<target>/linux`.

mod apt;
mod boot;
pub(crate) mod check;
mod cpio;
mod initramfs;
mod modules;
mod programs;
mod session;
mod software;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};

use boot::BootArgs;
use check::CheckArgs;
pub(crate) use software::Software;

/// What to do with Debian.
#[derive(Args)]
pub(crate) struct LinuxArgs {
    /// Get the packages again, even if they are there
    #[arg(long, global = true)]
    fresh: bool,
    #[command(subcommand)]
    task: Option<Task>,
}

#[derive(Subcommand)]
enum Task {
    /// Boot Debian's kernel to a shell, or, where standard input is no terminal, to its init and off
    Boot(BootArgs),
    /// Boot it, and inside it the same kernel as a guest of its KVM
    Kvm(BootArgs),
    /// Check that Debian does what it must, beside QEMU's machine where that is installed
    Check(CheckArgs),
}

/// Gets what is not there yet, and runs what `arguments` ask for.
///
/// # Errors
/// What is missing and how to get it; what keeps the machine from starting.
pub(crate) fn run(arguments: &LinuxArgs) -> Result<ExitCode> {
    let software = Software::get(arguments.fresh)?;
    match &arguments.task {
        None => {
            print!("{}", software.versions()?);
            println!("in {}", software.folder().display());
            Ok(ExitCode::SUCCESS)
        }
        Some(Task::Boot(arguments)) => boot::run(&software, arguments),
        Some(Task::Kvm(arguments)) => boot::run_kvm(&software, arguments),
        Some(Task::Check(arguments)) => check::run(&software, arguments),
    }
}
