//! `cargo xtask bench`: speed, which the crate `benches` measures.

use std::num::NonZero;
use std::path::PathBuf;

use anyhow::{Error, Result};
use benches::system;
use clap::Args;
use clap::builder::PossibleValuesParser;

use crate::toolchain::{self, Toolchain};
use crate::{images, linux, project};

/// What to measure.
#[derive(Args)]
pub(crate) struct BenchArgs {
    /// Runs of each program on each simulator, of which the median counts
    #[arg(long, value_name = "N", default_value = "5")]
    runs: NonZero<usize>,
    /// Only these programs
    #[arg(long, value_name = "NAME,...", value_delimiter = ',', value_parser = PossibleValuesParser::new(benches::names()))]
    only: Vec<String>,
    /// Make the programs 20 times as short
    #[arg(long)]
    quick: bool,
    /// Only count the host's instructions, by callgrind; with UPDATE=1 in the environment, keep what was counted
    #[arg(long, conflicts_with_all = ["runs", "quick", "no_callgrind"])]
    callgrind: bool,
    /// Only measure times
    #[arg(long)]
    no_callgrind: bool,
    /// Write everything to a file as JSON, too
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
}

/// Builds the images and vhart, and measures; whether nothing takes more of the host's instructions than it may.
///
/// # Errors
/// What keeps something from being measured.
pub(crate) fn run(arguments: &BenchArgs) -> Result<bool> {
    toolchain::require_c_compiler()?;
    match Toolchain::find() {
        Ok(toolchain) => images::build(&toolchain)?,
        // The demo is then not run, and said to need the images.
        Err(error) => println!("{error:#}"),
    }
    let systems = [system::DEBIAN, system::KVM];
    let wants_systems = !arguments.callgrind && systems.iter().any(|name| chooses(&arguments.only, name));
    let systems = if wants_systems { linux::systems() } else { Ok(Vec::new()) };
    let options = benches::Options {
        systems: systems.map_err(|error| format!("{error:#}")),
        runs: arguments.runs.get(),
        only: arguments.only.clone(),
        quick: arguments.quick,
        times: !arguments.callgrind,
        guard: !arguments.no_callgrind,
        json: arguments.json.clone(),
        ..benches::Options::new(&project::target())
    };
    benches::run(&options).map_err(Error::msg)
}

fn chooses(only: &[String], name: &str) -> bool {
    only.is_empty() || only.iter().any(|only| only == name)
}
