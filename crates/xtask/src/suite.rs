//! `cargo xtask test`: everything that must hold before a change is kept, one announced step after another.

use std::env;
use std::path::Path;
use std::process::Command;

use anyhow::{Result, bail, ensure};

use crate::debugger;
use crate::diff_engines;
use crate::images::{self, CALLS, GUESTS, SMP};
use crate::linux::{self, Software};
use crate::machine::{self, Program};
use crate::process::{self, run};
use crate::tally::{Counts, Tally};
use crate::toolchain::{self, Toolchain};
use crate::{project, rings};

/// Numbers of harts on which the images are run.
const HARTS: [usize; 2] = [1, 4];

/// Harts of vhart's that differ from the usual ones in what firmware and hypervisor must cope with.
const CPUS: [&str; 9] = [
    "max,sstc=off",
    "max,pmp=0,smstateen=off,svpbmt=off",
    "max,vmidlen=0,satp=sv39,vsatp=sv39,hgatp=sv39x4",
    "max,tinst=zero",
    "max,htval=zero",
    "max,ad=hardware,fs=dirty",
    "max,misaligned=trap,wfi=wait,tval-illegal=zero,tval-virtual=zero",
    "max,tlb=none",
    "max,tlb=sticky",
];

/// Where Debian's package opensbi puts the firmware that our own must be able to stand in for.
const OPENSBI: &str = "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_jump.elf";

/// A program outside the project, without which some tests do nothing but say so where nobody looks.
struct Outside {
    program: &'static str,
    /// The environment variable that may name it.
    variable: Option<&'static str>,
    /// What then is not run.
    what: &'static str,
    /// Where to get it.
    source: &'static str,
}

const OUTSIDE: [Outside; 4] = [
    Outside {
        program: debugger::GDB,
        variable: None,
        what: "the debugger's sessions with GDB",
        source: "Debian: apt install gdb-multiarch",
    },
    Outside {
        program: "dtc",
        variable: None,
        what: "the device tree as its compiler reads it",
        source: "Debian: apt install device-tree-compiler",
    },
    Outside {
        program: "spike",
        variable: Some("SPIKE"),
        what: "the commit log compared with Spike's",
        source: "on the path or in the variable SPIKE",
    },
    Outside {
        program: "testfloat_gen",
        variable: Some("VHART_TESTFLOAT"),
        what: "floating-point instructions compared with Berkeley TestFloat",
        source: "on the path or in the variable VHART_TESTFLOAT",
    },
];

/// A machine: the command that runs a program over a firmware on some number of harts.
type Machine = fn(&Path, &Path, usize) -> Command;

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
    tally.counted_step("Every order in which harts can act on a virtual hart", check_orders);
    for Outside { program, variable, what, source } in &OUTSIDE {
        let is_named = variable.is_some_and(|variable| env::var_os(variable).is_some());
        if !is_named && process::find(program).is_none() {
            tally.not_run(what, &format!("{program} ({source})"));
        }
    }
    tally.step("vhart, optimised", || {
        run(process::cargo(&project::root()).args(["build", "--release", "--package", "vhart"]))
    });
    tally.step("The engines compared", || diff_engines::compare(false));
    run_on(&mut tally, "vhart", machine::vhart);
    tally.counted_step("The images on other harts of vhart's", run_variants);
    tally.counted_step("The images on harts of vhart's that run at the same time", run_parallel);
    tally.counted_step("The hypervisor natively and on bare metal", rings::compare);
    if process::find(debugger::GDB).is_some() {
        tally.step("GDB follows a guest of the demo in and out", debugger::follow_demo);
    }
    if process::find(machine::QEMU).is_some() {
        run_on(&mut tally, "QEMU", machine::qemu);
        tally.step("The same consoles on both machines", compare_consoles);
    } else {
        tally.not_run(
            "the images on QEMU's machine",
            "qemu-system-riscv64 (Debian: apt install qemu-system-misc)",
        );
    }
    match Software::get(false) {
        Ok(software) => tally.counted_step("Debian boots", || linux::check::short(&software)),
        Err(error) => tally.not_run("Debian boots", &format!("its packages: {error:#}")),
    }
    Ok(tally.finish())
}

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
    let mut command = process::cargo(&project::root());
    command.args(["test", "--workspace", "--no-fail-fast"]);
    count_tests(&mut command)
}

/// The hypervisor's models for loom, whose atomics the whole crate is compiled with: in a target folder of its own.
fn check_orders() -> Result<Counts> {
    let mut command = process::cargo(&project::root());
    command
        .args(["test", "--package", "hyp", "--lib", "--release", "loom"])
        .env("RUSTFLAGS", "--cfg loom")
        .env("CARGO_TARGET_DIR", project::target().join("loom"));
    count_tests(&mut command)
}

/// Runs tests on this terminal, and counts them.
fn count_tests(command: &mut Command) -> Result<Counts> {
    let mut counts = Counts::default();
    let status = process::run_by_line(command, |line| {
        println!("{line}");
        counts.add_line(line);
    })?;
    if !status.success() && counts.failed == 0 {
        bail!("the tests could not be run");
    }
    Ok(counts)
}

/// The images on a machine, with our firmware and with another.
fn run_on(tally: &mut Tally, name: &str, machine: Machine) {
    let title = format!("The images on {name}'s machine");
    tally.counted_step(&title, || run_images(&images::elf("sbi"), machine));
    let title = format!("{title} with OpenSBI");
    if Path::new(OPENSBI).is_file() {
        tally.counted_step(&title, || run_images(Path::new(OPENSBI), machine));
    } else {
        tally.not_run(&title, &format!("{OPENSBI} (Debian: apt install opensbi)"));
    }
}

/// Runs every image over `firmware` on each number of harts.
fn run_images(firmware: &Path, machine: Machine) -> Result<Counts> {
    let mut counts = Counts::default();
    for harts in HARTS {
        for program in programs() {
            let command = machine(firmware, &program.file, harts);
            run_image(&program, command, &format!("on {harts} hart(s)"), &mut counts);
        }
    }
    Ok(counts)
}

/// Runs firmware and hypervisor on harts that lack something or remember translations in another way.
fn run_variants() -> Result<Counts> {
    let mut counts = Counts::default();
    for cpu in CPUS {
        for program in [alone(CALLS), hypervisor()] {
            let mut command = machine::vhart(&images::elf("sbi"), &program.file, 2);
            command.args(["--cpu", cpu]);
            run_image(&program, command, &format!("with --cpu {cpu}"), &mut counts);
        }
    }
    Ok(counts)
}

/// Runs every image on harts that run at the same time, by each engine.
fn run_parallel() -> Result<Counts> {
    let mut counts = Counts::default();
    for engine in ["fast", "reference"] {
        for harts in [1, 2, 4] {
            for program in programs() {
                let mut command = machine::vhart(&images::elf("sbi"), &program.file, harts);
                command.args(["--parallel", "--engine", engine]);
                run_image(&program, command, &format!("on {harts} hart(s), engine {engine}"), &mut counts);
            }
        }
    }
    Ok(counts)
}

fn run_image(program: &Program, mut command: Command, how: &str, counts: &mut Counts) {
    print!("{} {how} ... ", name(&program.file));
    match machine::check(&mut command, program) {
        Ok(_) => {
            println!("ok");
            counts.passed += 1;
        }
        Err(error) => {
            println!("FAILED\n{error:#}");
            counts.failed += 1;
        }
    }
}

/// Every image that runs in HS-mode: the one that tries the firmware, the guests by themselves, and the hypervisor
/// with its guests.
fn programs() -> Vec<Program> {
    let mut programs: Vec<Program> = [CALLS, SMP].into_iter().chain(GUESTS).map(alone).collect();
    programs.push(hypervisor());
    programs
}

/// A program without a hypervisor.
fn alone(name: &str) -> Program {
    Program { file: images::elf(name), expected: vec![format!("{name}: passed")] }
}

/// The hypervisor, and what its guests print.
fn hypervisor() -> Program {
    let guests = GUESTS.into_iter().chain([SMP]);
    Program { file: images::elf("host"), expected: guests.map(|guest| format!("{guest}: passed")).collect() }
}

/// The hypervisor's guests must print the same lines on a machine that is not ours; their turns may differ.
fn compare_consoles() -> Result<()> {
    let program = hypervisor();
    let guest_lines = |machine: Machine| {
        let text = machine::check(&mut machine(&images::elf("sbi"), &program.file, 1), &program)?;
        let mut lines: Vec<String> = text
            .lines()
            .filter(|line| line.starts_with('['))
            .map(|line| line.trim_end().to_owned())
            .collect();
        lines.sort();
        Ok::<_, anyhow::Error>(lines)
    };
    let (ours, theirs) = (guest_lines(machine::vhart)?, guest_lines(machine::qemu)?);
    let missing: Vec<_> = theirs.iter().filter(|line| !ours.contains(line)).collect();
    let extra: Vec<_> = ours.iter().filter(|line| !theirs.contains(line)).collect();
    ensure!(ours == theirs, "only on QEMU's machine: {missing:?}; only on vhart's: {extra:?}");
    println!("{} lines of the hypervisor's guests: ok", ours.len());
    Ok(())
}

fn name(file: &Path) -> String {
    file.file_stem().unwrap_or(file.as_os_str()).to_string_lossy().into_owned()
}
