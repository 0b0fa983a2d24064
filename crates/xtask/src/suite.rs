//! `cargo xtask test`: everything that must hold before a change is kept, one announced step after another.

use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail};

use crate::images::{self, CALLS, GUESTS};
use crate::machine::{self, Program};
use crate::process::{self, run};
use crate::project;
use crate::tally::{Counts, Tally};
use crate::toolchain::{self, Toolchain};

/// Numbers of harts on which the images are run.
const HARTS: [usize; 2] = [1, 4];

/// Where Debian's package opensbi puts the firmware that our own must be able to stand in for.
const OPENSBI: &str = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin";

/// Runs everything and says whether it passed. A step that fails does not keep the others from running.
///
/// # Errors
/// What keeps the suite from starting.
pub(crate) fn run_all() -> Result<bool> {
    toolchain::require_c_compiler()?;
    toolchain::require_components()?;
    let toolchain = Toolchain::find()?;
    images::build(&toolchain)?;

    let mut tally = Tally::default();
    check_form(&mut tally, &toolchain);
    tally.counted_step("Unit and integration tests", cargo_test);
    if process::find(GDB).is_none() {
        tally.not_run("the debugger's session with GDB", "gdb-multiarch (Debian: apt install gdb-multiarch)");
    }
    tally.step("vhart, optimised", || {
        run(process::cargo(&project::root()).args(["build", "--release", "--package", "vhart"]))
    });
    tally.counted_step("The images on vhart's machine", || run_images(&images::elf("sbi"), machine::vhart));
    run_on_qemu(&mut tally);
    Ok(tally.finish())
}

/// The debugger that tests of vhart's server run, when it is installed.
const GDB: &str = "gdb-multiarch";

/// Formatting and lints of both workspaces.
fn check_form(tally: &mut Tally, toolchain: &Toolchain) {
    let deny_warnings = ["--", "--deny", "warnings"];
    for (title, folder) in
        [("Formatting", project::root()), ("Formatting of the firmware", project::firmware())]
    {
        tally.step(title, || run(process::cargo(&folder).args(["fmt", "--all", "--check"])));
    }
    tally.step("Lints", || {
        run(process::cargo(&project::root())
            .args(["clippy", "--workspace", "--all-targets"])
            .args(deny_warnings))
    });
    match toolchain {
        Toolchain::Ready => tally.step("Lints of the firmware", || {
            run(images::cargo(toolchain, "clippy").args(["--workspace", "--release"]).args(deny_warnings))
        }),
        Toolchain::BuildStd { .. } => {
            tally.not_run("lints of the firmware", &format!("rustup's own {}", toolchain::TARGET));
        }
    }
}

/// Every test of the root workspace.
fn cargo_test() -> Result<Counts> {
    let mut counts = Counts::default();
    let mut command = process::cargo(&project::root());
    command.args(["test", "--workspace", "--no-fail-fast"]);
    let status = process::run_by_line(&mut command, |line| {
        println!("{line}");
        counts.add_line(line);
    })?;
    if !status.success() && counts.failed == 0 {
        bail!("`cargo test --workspace` could not run the tests");
    }
    Ok(counts)
}

/// The images on a machine that is not ours, with our firmware and with another.
fn run_on_qemu(tally: &mut Tally) {
    let what = "the images on QEMU's machine";
    if process::find(machine::QEMU).is_none() {
        tally.not_run(what, "qemu-system-riscv64 (Debian: apt install qemu-system-misc)");
        return;
    }
    tally.counted_step("The images on QEMU's machine", || run_images(&images::elf("sbi"), machine::qemu));
    let opensbi = Path::new(OPENSBI);
    if opensbi.is_file() {
        tally
            .counted_step("The images on QEMU's machine with OpenSBI", || run_images(opensbi, machine::qemu));
    } else {
        tally.not_run(&format!("{what} with OpenSBI"), &format!("{OPENSBI} (Debian: apt install opensbi)"));
    }
}

/// Runs every image over `firmware` on each number of harts.
fn run_images(firmware: &Path, machine: fn(&Path, &Path, usize) -> Command) -> Result<Counts> {
    let mut counts = Counts::default();
    for harts in HARTS {
        for program in programs() {
            print!("{} on {harts} hart(s) ... ", name(&program.file));
            match machine::check(&mut machine(firmware, &program.file, harts), &program) {
                Ok(()) => {
                    println!("ok");
                    counts.passed += 1;
                }
                Err(error) => {
                    println!("FAILED\n{error:#}");
                    counts.failed += 1;
                }
            }
        }
    }
    Ok(counts)
}

/// Every image that runs in HS-mode: the one that tries the firmware, the guests by themselves, and the hypervisor
/// with its guests.
fn programs() -> Vec<Program> {
    let passed = |name: &str| format!("{name}: passed");
    let alone = std::iter::once(CALLS).chain(GUESTS);
    let mut programs: Vec<Program> =
        alone.map(|name| Program { file: images::elf(name), expected: vec![passed(name)] }).collect();
    programs.push(Program { file: images::elf("host"), expected: GUESTS.map(passed).to_vec() });
    programs
}

fn name(file: &Path) -> String {
    file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}
