//! `cargo xtask`: set-up, images, tests, speed and the demo.
//!
//! The simulator itself is an ordinary crate (`cargo build -p vhart`); this one builds what runs inside the simulated
//! machine, which needs another target, and runs everything that must hold before a change is kept.

mod bench;
mod debugger;
mod diff_engines;
mod flat;
mod fuzz_devices;
mod fuzz_hypervisor;
mod images;
mod linux;
mod machine;
mod mutants;
mod peers;
mod process;
mod project;
mod rings;
mod static_elf;
mod suite;
mod switch_mutants;
mod tally;
mod toolchain;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use toolchain::Toolchain;

/// Set-up, images, tests, speed and the demo.
#[derive(Parser)]
#[command(bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Build firmware, hypervisor, monitor and guests for the simulated machine into <target>/images
    Images,
    /// Build the images and vhart, then run `vhart demo`
    Demo {
        /// Options of `vhart demo`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        options: Vec<String>,
    },
    /// Build the images, then run every check and test
    Test,
    /// Run the conformance suite on Spike and QEMU, and list where they disagree with it
    Peers {
        /// Only tests with NAME in their name, of the chapter NAME, or of the rule NAME
        #[arg(value_name = "NAME")]
        names: Vec<String>,
    },
    /// Compare the fast engine with the reference interpreter: on the conformance suite, the demo and random programs
    DiffEngines {
        /// Go on until a billion instructions have been compared
        #[arg(long)]
        long: bool,
    },
    /// Let hostile drivers loose on the devices
    FuzzDevices {
        /// For how long
        #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u64).range(1..=100_000))]
        minutes: u64,
        /// The first seed
        #[arg(long, value_name = "SEED", default_value = "0")]
        seed: u64,
    },
    /// Let hostile guests and monitors loose on the hypervisor
    FuzzHypervisor {
        /// For how long
        #[arg(long, value_name = "N", default_value = "1", value_parser = clap::value_parser!(u64).range(1..=100_000))]
        minutes: u64,
        /// The first seed
        #[arg(long, value_name = "SEED", default_value = "0")]
        seed: u64,
    },
    /// Get Debian's kernel, firmware and programs for RISC-V as packages, and boot them; docs/real-software.md says more
    Linux(linux::LinuxArgs),
    /// Measure vhart beside Spike and QEMU, and count the host's instructions; benches/README.md says more
    Bench(bench::BenchArgs),
    /// Plant faults in the simulator, one at a time; the conformance suite must notice each
    Mutants {
        /// Only the faults whose names contain this
        #[arg(default_value = "")]
        name: String,
    },
    /// Change each access of the hypervisor's world switch and delete each fence in turn; a test must fail each time
    SwitchMutants,
}

fn main() -> Result<ExitCode> {
    match Arguments::parse().task {
        Task::Images => images::build(&Toolchain::find()?)?,
        Task::Demo { options } => return demo(&options),
        Task::Test if !suite::run_all()? => return Ok(ExitCode::FAILURE),
        Task::Test => {}
        Task::Peers { names } => peers::run(&names)?,
        Task::DiffEngines { long } => diff_engines::run(long)?,
        Task::FuzzDevices { minutes, seed } => fuzz_devices::run(minutes, seed)?,
        Task::FuzzHypervisor { minutes, seed } => fuzz_hypervisor::run(minutes, seed)?,
        Task::Linux(arguments) => return linux::run(&arguments),
        Task::Bench(arguments) if !bench::run(&arguments)? => return Ok(ExitCode::FAILURE),
        Task::Bench(_) => {}
        Task::Mutants { name } => mutants::run(&name)?,
        Task::SwitchMutants => switch_mutants::run()?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Runs the demo and ends as it ends.
fn demo(options: &[String]) -> Result<ExitCode> {
    toolchain::require_c_compiler()?;
    images::build(&Toolchain::find()?)?;
    let mut vhart = process::cargo(&project::root());
    vhart.args(["run", "--release", "--package", "vhart", "--", "demo"]).args(options);
    let status = process::status(&mut vhart)?;
    Ok(status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from))
}
