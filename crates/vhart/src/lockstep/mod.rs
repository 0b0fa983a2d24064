//! `vhart lockstep`: runs a program and a peer side by side, and stops at the first difference.
//!
//! The peer is another simulator that writes Spike's commit log. What both retire is compared line by
//! line; a trap shows in what its handler reads.

mod comparison;
mod peer;
mod state;

use std::process::ExitCode;
use std::time::Instant;

use anyhow::bail;
use platform::{Console, Machine, MachineStop, Until};

use crate::args::LockstepArgs;
use crate::{run, session, status};
use comparison::{Comparison, Difference};
use peer::Peer;

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
    config.firmware = Some(run::program(&args.file)?);
    if session::dump_device_tree(&args.machine, &config)? {
        return Ok(ExitCode::SUCCESS);
    }
    let until = Until {
        instructions: args.machine.max_instructions.map(Into::into),
        deadline: args.machine.timeout.and_then(|timeout| Instant::now().checked_add(timeout)),
    };
    // The console is silent: the peer's output is its log.
    let mut machine = Machine::new(config, Console::new(std::io::sink()))?;
    let peer = match (&args.peer_log, &args.peer_command) {
        (Some(path), _) => Peer::log(path)?,
        (None, Some(command)) => Peer::command(command, &args.file, until.deadline)?,
        (None, None) => bail!("no peer: give --peer-log FILE or --peer-command CMD"),
    };
    let mut comparison = Comparison::new(peer, args.ignore.clone());
    let stop = follow(&mut machine, &mut comparison, until);
    let compared = comparison.agreed();
    match comparison.finish()? {
        Some(difference) => {
            report(&difference, &machine);
            println!("{compared} instructions agreed before the difference");
            Ok(ExitCode::from(status::DIFFERENCE))
        }
        None => {
            println!("{compared} instructions compared, no difference");
            Ok(match stop {
                MachineStop::Exit(_) => ExitCode::SUCCESS,
                _ => session::exit_code(stop),
            })
        }
    }
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

/// Prints what differs, what came before it, and the state after it.
fn report(difference: &Difference, machine: &Machine) {
    for line in &difference.before {
        println!("  both: {line}");
    }
    println!(" vhart: {}", difference.ours);
    println!("  peer: {}", difference.theirs);
    for (register, theirs) in difference.registers() {
        println!("{register} of the peer: {theirs}");
    }
    if let Some(hart) = machine.hart(0) {
        println!("vhart's hart after its line:\n{}", state::State(hart));
    }
}
