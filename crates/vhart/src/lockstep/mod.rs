//! `vhart lockstep`: runs a program and a peer side by side, and stops at the first difference.
//!
//! The peer is another simulator that writes Spike's commit log. What both retire is compared line by
//! line; a trap shows in what its handler reads. The program is the user's, or a random one.

mod comparison;
mod peer;
mod random;
mod state;

use std::ops::RangeInclusive;
use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, bail};
use platform::{Console, Image, Machine, MachineConfig, MachineStop, Until};

use crate::args::LockstepArgs;
use crate::{run, session, status};
pub(crate) use comparison::Ignored;
use comparison::{Comparison, Difference};
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
    let mut config = session::config(&args.machine, variant)?;
    match (&args.file, &args.random) {
        (Some(file), _) => {
            config.firmware = Some(run::program(file)?);
            if session::dump_device_tree(&args.machine, &config)? {
                return Ok(ExitCode::SUCCESS);
            }
            let (compared, end) = compare(args, config, file)?;
            Ok(end.say(compared))
        }
        (None, Some(seeds)) => run_random(args, &config, seeds.clone()),
        (None, None) => bail!("nothing to run: give an ELF, or --random SEED"),
    }
}

/// Compares random programs until one differs.
fn run_random(
    args: &LockstepArgs,
    config: &MachineConfig,
    seeds: RangeInclusive<u64>,
) -> anyhow::Result<ExitCode> {
    let count = seeds.end() - seeds.start() + 1;
    let mut total = 0;
    for seed in seeds {
        let file = std::env::temp_dir().join(format!("vhart-{}-random-{seed}.elf", std::process::id()));
        let elf = random::program(seed)?;
        std::fs::write(&file, &elf).with_context(|| format!("cannot write {}", file.display()))?;
        let firmware = Some(Image::new(file.display().to_string(), elf));
        let (compared, end) = compare(args, MachineConfig { firmware, ..config.clone() }, &file)
            .with_context(|| format!("seed {seed}, {}", file.display()))?;
        if !matches!(end, End::Stop(MachineStop::Exit(_))) {
            println!("seed {seed}, {}:", file.display());
            return Ok(end.say(compared));
        }
        std::fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
        total += compared;
    }
    println!("{total} instructions compared in {count} programs, no difference");
    Ok(ExitCode::SUCCESS)
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

/// Runs one program beside the peer; tells the number of instructions on which both agreed, and what came then.
fn compare(args: &LockstepArgs, config: MachineConfig, file: &Path) -> anyhow::Result<(u64, End)> {
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
    let mut comparison = Comparison::new(peer, args.ignore.clone());
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
        match (comparison.take_adopted(), machine.hart_mut(0)) {
            (Some((register, value)), Some(hart)) => hart.set_x(register, value),
            _ => return stop,
        }
        if !matches!(stop, MachineStop::Observer { .. }) {
            return stop;
        }
    }
}
