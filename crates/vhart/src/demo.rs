//! `vhart demo`: the built-in firmware, hypervisor and guests, and what it cost to switch between them.

use std::io::{self, Write};
use std::process::ExitCode;

use platform::Image;

use crate::args::DemoArgs;
use crate::snapshot::Start;
use crate::stats::Counter;
use crate::watch::Watch;
use crate::{images, run, session};

/// The built-in hypervisor, which holds its guests.
const HYPERVISOR: &str = "host";

/// Runs the demo and prints the table of world switches.
///
/// # Errors
/// What keeps the machine from starting.
pub(crate) fn run(args: &DemoArgs) -> anyhow::Result<ExitCode> {
    let Some(variant) = session::variant(args.machine.cpu)? else { return Ok(ExitCode::SUCCESS) };
    let mut config = session::config(&args.machine, variant, args.engine.get())?;
    config.parallel = args.schedule.parallel;
    config.clock = args.schedule.clock();
    config.firmware = Some(run::built_in_firmware()?);
    config.kernel = Some(Image::new("the built-in hypervisor", images::find(HYPERVISOR)?));
    if session::dump_device_tree(&args.machine, &config)? {
        return Ok(ExitCode::SUCCESS);
    }
    let mut watch = Watch::open(&args.watch)?;
    if !args.schedule.parallel {
        watch.counter.get_or_insert_with(Counter::default);
    }
    let ended = session::run(Start::Boot(Box::new(config)), &args.machine, &args.watch, watch, None)?;
    if !args.schedule.parallel {
        writeln!(io::stdout())?;
        ended.stats.write_switches(&mut io::stdout())?;
    }
    Ok(session::exit_code(ended.stop))
}
