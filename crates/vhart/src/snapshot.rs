//! `--load` and `--save`: runs that go on from a snapshot, and runs that leave one.

use std::path::Path;

use anyhow::bail;
use platform::snapshot::{Snapshot, Target};
use platform::{Console, Machine, MachineConfig, MachineStop};

use crate::args::{MachineArgs, SnapshotArgs};
use crate::cpu::Cpu;
use crate::size;

/// What a run begins with.
pub(crate) enum Start {
    /// A machine that is switched on.
    Boot(Box<MachineConfig>),
    /// One that goes on, in the manner that this says.
    Loaded(Box<Snapshot>, Box<MachineConfig>),
}

impl Start {
    /// Opens a snapshot of the machine that `args` ask for, as far as they ask for one.
    ///
    /// # Errors
    /// Those of the file, and all in which the machine is another one.
    pub(crate) fn load(
        file: &Path,
        args: &MachineArgs,
        asked: &SnapshotArgs,
        manner: MachineConfig,
    ) -> anyhow::Result<Start> {
        let snapshot = Snapshot::open(file)?;
        let MachineConfig { harts, memory, variant, .. } = snapshot.config();
        let given = asked.given;
        let mut differences = Vec::new();
        if given.smp && args.smp != *harts {
            differences.push(format!("--smp {harts}, not {}", args.smp));
        }
        if given.memory && args.memory != *memory {
            differences.push(format!("--memory {}, not {}", size::text(*memory), size::text(args.memory)));
        }
        if let Cpu::Variant(other, _) = args.cpu
            && given.cpu
            && other != *variant
        {
            let [saved, other] = [variant, &other].map(|v| v.describe().unwrap_or_default());
            differences.push(format!("--cpu {saved}, not {other}"));
        }
        if !differences.is_empty() {
            let differences = differences.join("; ");
            bail!("{} is of a machine with {differences}: leave these flags out", file.display());
        }
        Ok(Start::Loaded(Box::new(snapshot), Box::new(manner)))
    }

    /// What the machine is made of.
    pub(crate) fn config(&self) -> &MachineConfig {
        match self {
            Start::Boot(config) => config,
            Start::Loaded(snapshot, ..) => snapshot.config(),
        }
    }

    /// The machine.
    ///
    /// # Errors
    /// What keeps it from being made.
    pub(crate) fn machine(self, console: Console) -> anyhow::Result<Machine> {
        Ok(match self {
            Start::Boot(config) => Machine::new(*config, console)?,
            Start::Loaded(snapshot, manner) => snapshot.machine(&manner, console)?,
        })
    }
}

/// A snapshot that a run is to leave.
pub(crate) struct Save {
    target: Target,
    /// The number of instructions after which it is to be saved; otherwise at the end of the run.
    pub at: Option<u64>,
}

impl Save {
    /// What `args` ask for.
    ///
    /// # Errors
    /// A file that cannot be written to.
    pub(crate) fn new(args: &SnapshotArgs) -> anyhow::Result<Option<Save>> {
        let Some(file) = &args.save else { return Ok(None) };
        Ok(Some(Save { target: Target::new(file)?, at: args.snapshot_at }))
    }

    /// Saves the machine, which has stopped so, if this is where it is to be saved. Says whether it was.
    ///
    /// # Errors
    /// Those of writing the file.
    pub(crate) fn save(&self, machine: &Machine, stop: MachineStop) -> anyhow::Result<bool> {
        let is_there = match self.at {
            Some(at) => stop == MachineStop::InstructionLimit && machine.instructions() == at,
            None => matches!(
                stop,
                MachineStop::InstructionLimit | MachineStop::Timeout | MachineStop::Interrupted
            ),
        };
        if is_there {
            machine.save(&self.target)?;
        }
        Ok(is_there)
    }
}
