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
use benches::system::System;
use clap::{Args, Subcommand};

use boot::{Boot, BootArgs, Simulator};
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

/// What `cargo xtask bench` boots: Debian with 1 hart, and a guest inside.
///
/// # Errors
/// What is missing.
pub(crate) fn systems() -> Result<Vec<System>> {
    let software = Software::get(false)?;
    let system = |name, about: &str, mark, boot: Boot| {
        let arguments = [Simulator::Vhart, Simulator::Qemu].map(|on| boot.all_arguments(on));
        System { name, about: about.to_owned(), arguments, mark }
    };
    Ok(vec![
        system(
            benches::system::DEBIAN,
            "OpenSBI and Debian's kernel to init and off",
            "init: off on 1 harts",
            Boot::usual(&software, 1, "off")?,
        ),
        system(
            benches::system::KVM,
            "the same, and inside it by QEMU and KVM with 2 virtual harts",
            "init: QEMU ended with status 0",
            Boot::with_guest(&software, 1)?,
        ),
    ])
}
