//! One run of a machine, from its configuration to the exit status: what `run` and `demo` share.

use std::fmt;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::time::Instant;

use anyhow::{Context, bail};
use iss::{Engine, Variant};
use platform::{Console, Image, Machine, MachineConfig, MachineStop, Until};

use crate::args::{MachineArgs, StatsFormat, WatchArgs};
use crate::cpu::{self, Cpu};
use crate::profile::Profile;
use crate::snapshot::{Save, Start};
use crate::stats::Stats;
use crate::terminal::{self, Terminal};
use crate::watch::Watch;
use crate::{gdb, status};

/// A run that has ended.
pub(crate) struct Ended {
    /// Why.
    pub stop: MachineStop,
    /// What it did; counts of traps and switches only where they were asked for.
    pub stats: Stats,
    /// Whether the snapshot that it was to leave has been saved.
    pub saved: bool,
}

/// What `--cpu` asks for: harts, or `None` when it was the list of knobs, which has been printed. Says what a
/// profile has and these harts have not.
///
/// # Errors
/// Those of standard output.
pub(crate) fn variant(cpu: Cpu) -> anyhow::Result<Option<Variant>> {
    match cpu {
        Cpu::Variant(variant, lacks) => {
            if let Some(lacks) = lacks {
                say(format_args!("warning: {lacks}"));
            }
            Ok(Some(variant))
        }
        Cpu::Help => {
            io::stdout().write_all(cpu::help().as_bytes())?;
            Ok(None)
        }
    }
}

/// The machine that `args` describe, with nothing to run yet, and with harts that take turns.
///
/// # Errors
/// A device tree that cannot be read.
pub(crate) fn config(args: &MachineArgs, variant: Variant, engine: Engine) -> anyhow::Result<MachineConfig> {
    let device_tree = args.dtb.as_deref().map(Image::read).transpose()?;
    Ok(MachineConfig {
        harts: args.smp,
        memory: args.memory,
        aclint: args.aclint,
        reset_ends: args.no_reboot,
        variant,
        engine,
        device_tree,
        ..MachineConfig::default()
    })
}

/// Writes the device tree and says so, if that is what `args` ask for.
///
/// # Errors
/// A configuration that makes no machine, and those of writing the file.
pub(crate) fn dump_device_tree(args: &MachineArgs, config: &MachineConfig) -> anyhow::Result<bool> {
    let Some(path) = &args.dump_dtb else { return Ok(false) };
    let tree = platform::device_tree(config)?;
    std::fs::write(path, tree).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(true)
}

/// Runs a machine on the user's terminal until it stops, and leaves a snapshot where that is asked for.
///
/// # Errors
/// What is wrong with the configuration, the files in it, or the places to write to.
pub(crate) fn run(
    begin: Start,
    args: &MachineArgs,
    watch_args: &WatchArgs,
    mut watch: Watch,
    save: Option<&Save>,
) -> anyhow::Result<Ended> {
    let mut profile =
        watch_args.profile.as_deref().map(|path| Profile::new(path, begin.config())).transpose()?;
    let (keys, input) = mpsc::sync_channel(terminal::KEYS);
    let is_at_hand = terminal::input_is_at_hand();
    let console = Console::new(io::stdout());
    let console = if is_at_hand { console.with_file(io::stdin()) } else { console.with_input(input) };
    let mut machine = begin.machine(console)?;
    let leave = Arc::new(AtomicBool::new(false));
    let interrupter = machine.interrupter();
    let terminal = (!is_at_hand).then(|| {
        let leave = Arc::clone(&leave);
        Terminal::attach(keys, move || {
            leave.store(true, Ordering::Relaxed);
            interrupter.interrupt();
        })
    });

    let start = Instant::now();
    let until = Until {
        instructions: args.max_instructions.map(Into::into),
        deadline: args.timeout.and_then(|timeout| start.checked_add(timeout)),
    };
    let (stop, saved) = match &watch_args.gdb {
        Some(address) => {
            (gdb::run(&mut machine, &mut watch, until, (address, watch_args.paused), &leave)?, false)
        }
        None => run_freely(&mut machine, &mut watch, &mut profile, until, save)?,
    };
    let wall = start.elapsed();
    drop(terminal);

    watch.finish()?;
    profile.map_or(Ok(()), Profile::finish)?;
    let harts = (0..machine.harts()).filter_map(|id| machine.hart(id)).map(|hart| hart.retired()).collect();
    let stats = Stats::new(&watch.counter.unwrap_or_default(), harts, wall);
    match watch_args.stats {
        Some(StatsFormat::Text) => stats.write_text(&mut io::stderr())?,
        Some(StatsFormat::Json) => stats.write_json(&mut io::stderr())?,
        None => {}
    }
    Ok(Ended { stop, stats, saved })
}

/// Runs until there is a reason to stop, saves the machine on the way or at the end, and says whether it has.
fn run_freely(
    machine: &mut Machine,
    watch: &mut Watch,
    profile: &mut Option<Profile>,
    until: Until,
    save: Option<&Save>,
) -> anyhow::Result<(MachineStop, bool)> {
    let mut saved = false;
    if let Some(save) = save
        && let Some(at) = save.at
    {
        let passed = machine.instructions();
        if at < passed {
            bail!("--snapshot-at {at} is over: the machine has taken {passed} instructions");
        }
        let stop = run_on(machine, watch, profile, Until { instructions: Some(at), ..until })?;
        saved = save.save(machine, stop)?;
        if !saved {
            return Ok((stop, saved));
        }
    }
    let stop = run_on(machine, watch, profile, until)?;
    if let Some(save) = save
        && save.at.is_none()
    {
        saved = save.save(machine, stop)?;
    }
    Ok((stop, saved))
}

/// Runs until there is a reason to stop that is not a reset.
fn run_on(
    machine: &mut Machine,
    watch: &mut Watch,
    profile: &mut Option<Profile>,
    until: Until,
) -> anyhow::Result<MachineStop> {
    loop {
        let stop = match profile {
            Some(profile) => profile.run(machine, watch, until),
            None => machine.run(until, watch.observer()),
        };
        match stop {
            MachineStop::Reset => machine.reset()?,
            stop => return Ok(stop),
        }
    }
}

/// The exit status of a run that has stopped so, after a word about it where the guest did not end by itself.
pub(crate) fn exit_code(stop: MachineStop) -> ExitCode {
    report(stop);
    ExitCode::from(match stop {
        MachineStop::Exit(code) => status::of_guest(code),
        MachineStop::Interrupted => 0,
        MachineStop::InstructionLimit | MachineStop::Timeout => status::LIMIT,
        _ => status::FAILURE,
    })
}

/// Says why the machine has stopped, where the guest did not end by itself.
pub(crate) fn report(stop: MachineStop) {
    match stop {
        MachineStop::Exit(_)
        | MachineStop::Interrupted
        | MachineStop::Reset
        | MachineStop::Observer { .. } => {}
        MachineStop::InstructionLimit => {
            say(format_args!("stopped: the limit of --max-instructions is reached"))
        }
        MachineStop::Timeout => say(format_args!("stopped: the time of --timeout is over")),
        MachineStop::Deadlock => say(format_args!(
            "the guest waits for ever: every hart waits for an interrupt, and no timer or device will raise one"
        )),
        MachineStop::CriticalError { hart } => say(format_args!(
            "hart {hart} is in the critical-error state: a trap came before its handler had cleared mstatus.MDT"
        )),
        MachineStop::NoThread { hart } => say(format_args!(
            "the host has no thread for hart {hart}: choose fewer harts, or leave out --parallel"
        )),
        MachineStop::TrapStorm(storm) => {
            say(format_args!("{storm}; set up a trap handler, or look at it with --gdb"));
        }
    }
}

/// Prints a line to standard error; where that is closed, there is nobody to tell.
pub(crate) fn say(message: fmt::Arguments<'_>) {
    let _ = writeln!(io::stderr(), "vhart: {message}");
}
