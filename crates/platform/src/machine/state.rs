//! The state of a machine, but for what is in its main memory: harts, devices and where the schedule is.

use serde::{Deserialize, Serialize};

use super::{Boot, Machine, STEPS_PER_POLL, STEPS_PER_TICK};
use crate::boot::Plan;
use crate::config::MachineConfig;
use crate::console::Console;
use crate::device::virtio::Slots;
use crate::devices::DevicesState;
use crate::snapshot::SnapshotError;
use crate::state::BadState;
use crate::turn::{Turn, TurnState};

/// The state of a machine. What it is made of is told by its [`MachineConfig`].
#[derive(Serialize, Deserialize)]
pub(crate) struct MachineState {
    harts: Vec<TurnState>,
    devices: DevicesState,
    current: u64,
    last: u64,
    instructions: u64,
    to_poll: u64,
    is_quiet: bool,
}

impl Machine {
    /// The state, but for main memory.
    pub(crate) fn save_state(&self) -> MachineState {
        let Machine {
            config: _,
            harts,
            bus,
            // These follow from the images.
            symbols: _,
            device_tree: _,
            current,
            last,
            instructions,
            to_poll,
            is_quiet,
            interrupter: _,
        } = self;
        MachineState {
            harts: harts.iter().map(Turn::save).collect(),
            devices: bus.save(),
            current: *current as u64,
            last: *last as u64,
            instructions: *instructions,
            to_poll: *to_poll,
            is_quiet: *is_quiet,
        }
    }

    /// A machine in this state, with nothing in its memory.
    pub(crate) fn restored(
        config: MachineConfig,
        console: Console,
        state: &MachineState,
    ) -> Result<Machine, SnapshotError> {
        config.check()?;
        let boot = Boot::empty(&config, &Plan::new(&config)?)?;
        let slots = Slots::new(&config)?;
        let mut machine = Machine::assemble(config, boot, slots, console);
        machine.restore(state)?;
        Ok(machine)
    }

    /// Takes a state; refused, with some of it taken, where it cannot be that of such a machine.
    fn restore(&mut self, state: &MachineState) -> Result<(), BadState> {
        let MachineState { harts, devices, current, last, instructions, to_poll, is_quiet } = state;
        BadState::unless(harts.len() == self.harts.len(), "there is another number of harts")?;
        let [current, last] = [*current, *last].map(|index| usize::try_from(index).unwrap_or(usize::MAX));
        BadState::unless(
            current <= harts.len() && last < harts.len(),
            "it is the turn of a hart that is not there",
        )?;
        BadState::unless(
            *to_poll <= STEPS_PER_POLL / STEPS_PER_TICK,
            "the host's side is looked at too seldom",
        )?;
        for (id, (turn, state)) in self.harts.iter_mut().zip(harts).enumerate() {
            turn.restore(state).map_err(|error| BadState::new(format!("hart {id}: {error}")))?;
        }
        self.bus.restore(devices)?;
        (self.current, self.last) = (current, last);
        (self.instructions, self.to_poll, self.is_quiet) = (*instructions, *to_poll, *is_quiet);
        Ok(())
    }
}
