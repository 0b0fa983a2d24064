//! `vhart lockstep`: runs a program and a peer side by side, and stops at the first difference.
//!
//! The peer is another simulator that writes Spike's commit log. What both retire is compared line by
//! line; a trap shows in what its handler reads. The program is the user's, or a random one.

mod comparison;
mod difference;
mod line;
mod peer;
pub(crate) mod random;
mod series;
mod shrink;
mod state;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;
use platform::{Console, Machine, MachineConfig, MachineStop, Until};

use crate::args::LockstepArgs;
use crate::{run, session, status};
pub(crate) use comparison::Ignored;
use comparison::{Change, Comparison};
use difference::Difference;
use peer::Peer;
use state::State;

/// Runs what `args` say; 0 when the peer agrees up to the end of the program, 1 at a difference.
///
/// # Errors
/// What keeps the machine or the peer from starting, and a peer that does not go on to the end.
pub(crate) fn run(args: &LockstepArgs) -> anyhow::Result<ExitCode> {
    let Some(variant) = session::variant(args.machine.cpu)? else { return Ok(ExitCode::SUCCESS) };
    if args.machine.smp != 1 {
        bail!("lockstep follows one hart: leave out --smp");
    }
    let mut config = session::config(&args.machine, variant, args.engine.get())?;
    match (&args.file, &args.random) {
        (Some(file), _) => {
            config.firmware = Some(run::program(file)?);
            if session::dump_device_tree(&args.machine, &config)? {
                return Ok(ExitCode::SUCCESS);
            }
            let (compared, end) = compare(args, &config, file)?;
            Ok(end.say(compared))
        }
        (None, Some(seeds)) => series::run(args, &config, seeds.clone()),
        (None, None) => bail!("nothing to run: give an ELF, or --random SEED"),
    }
}

/// How a comparison has ended.
enum End {
    /// By a difference, after which our hart is in this state.
    Difference(Box<Difference>, String),
    /// By our machine.
    Stop(MachineStop),
}

impl End {
    /// Prints it, after so many instructions on which both agreed, and tells the status of the process.
    fn say(&self, compared: u64) -> ExitCode {
        match self {
            End::Difference(difference, state) => {
                print!("{difference}");
                println!("vhart's hart after its line:\n{state}");
                println!("{compared} instructions agreed before the difference");
                ExitCode::from(status::DIFFERENCE)
            }
            End::Stop(stop) => {
                println!("{compared} instructions compared, no difference");
                match stop {
                    MachineStop::Exit(_) => ExitCode::SUCCESS,
                    _ => session::exit_code(*stop),
                }
            }
        }
    }
}

/// How many instructions there are at least between two failures of SC that are the peer's own doing.
const FAILURES_APART: u64 = 2048;

/// Runs one program beside the peer; tells the number of instructions on which both agreed, and what came then.
///
/// SC may fail now and then without a reason that the program can see. Where the peer's does, ours is made to:
/// the program is run again, and our hart loses its reservation there.
fn compare(args: &LockstepArgs, config: &MachineConfig, file: &Path) -> anyhow::Result<(u64, End)> {
    let mut failures = Vec::new();
    loop {
        let (compared, end) = compare_once(args, config.clone(), file, &failures)?;
        let last = failures.last().copied().unwrap_or(0);
        match &end {
            End::Difference(difference, _)
                if difference.is_failure_of_sc() && FAILURES_APART <= compared - last =>
            {
                failures.push(compared);
            }
            _ => return Ok((compared, end)),
        }
    }
}

fn compare_once(
    args: &LockstepArgs,
    config: MachineConfig,
    file: &Path,
    failures: &[u64],
) -> anyhow::Result<(u64, End)> {
    let until = Until {
        instructions: args.machine.max_instructions.map(Into::into),
        deadline: args.machine.timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
    };
    // The console is silent: the peer's output is its log.
    let mut machine = Machine::new(config, Console::new(std::io::sink()))?;
    let peer = match (&args.peer_log, &args.peer_command) {
        (Some(path), _) => Peer::log(path)?,
        (None, Some(command)) => Peer::command(command, file, until.deadline)?,
        (None, None) => bail!("no peer: give --peer-log FILE or --peer-command CMD"),
    };
    let mut comparison = Comparison::new(peer, args.ignore.clone(), failures);
    let stop = follow(&mut machine, &mut comparison, until);
    let compared = comparison.agreed();
    let end = match comparison.finish()? {
        Some(difference) => {
            let state = machine.hart(0).map(|hart| State(hart).to_string()).unwrap_or_default();
            End::Difference(Box::new(difference), state)
        }
        None => End::Stop(stop),
    };
    Ok((compared, end))
}

/// Runs the machine until it stops by itself or the comparison has ended.
fn follow(machine: &mut Machine, comparison: &mut Comparison, until: Until) -> MachineStop {
    loop {
        let stop = machine.run(until, Some(&mut *comparison));
        match (comparison.take_change(), machine.hart_mut(0)) {
            (Some(Change::Register(register, value)), Some(hart)) => hart.set_x(register, value),
            (Some(Change::LostReservation), Some(hart)) => hart.drop_reservation(),
            _ => return stop,
        }
        if !matches!(stop, MachineStop::Observer { .. }) {
            return stop;
        }
    }
}
