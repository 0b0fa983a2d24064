//! A hart of a machine, and how it has fared.

use iss::{BadState, Hart, HartState, Outcome, Stop};
use serde::{Deserialize, Serialize};

use crate::machine::STEPS_PER_TICK;
use crate::stop::{MachineStop, TrapStorm};

/// A hart that takes so many steps without retiring an instruction will trap for ever.
pub(crate) const STORM_STEPS: u64 = 10_000;

/// A hart, and how it has fared in the quantum.
#[derive(Debug)]
pub(crate) struct Turn {
    pub(crate) hart: Hart,
    /// Steps taken in this quantum.
    pub(crate) steps: u64,
    /// Steps taken since an instruction last retired, as far as has been looked.
    fruitless: u64,
    /// The hart has done nothing but wait in this quantum, or would if it were asked.
    pub(crate) idle: bool,
}

/// A hart's state, and how it has fared.
#[derive(Serialize, Deserialize)]
pub(crate) struct TurnState {
    hart: HartState,
    steps: u64,
    fruitless: u64,
    idle: bool,
}

impl Turn {
    /// A hart that has done nothing yet.
    pub(crate) fn new(hart: Hart) -> Turn {
        Turn { hart, steps: 0, fruitless: 0, idle: false }
    }

    /// The state, of a hart that has had its turn in the quantum or not.
    pub(crate) fn save(&self, is_over: bool) -> TurnState {
        let Turn { hart, steps, fruitless, idle } = self;
        // Where time is real, a turn is longer than a tick: whoever goes on begins with the next one.
        let steps = (*steps).min(STEPS_PER_TICK);
        TurnState { hart: hart.save(), steps, fruitless: *fruitless, idle: *idle && is_over }
    }

    /// Takes a state; refused where it cannot be that of such a hart.
    pub(crate) fn restore(&mut self, state: &TurnState) -> Result<(), BadState> {
        let TurnState { hart, steps, fruitless, idle } = state;
        BadState::unless(*steps <= STEPS_PER_TICK, "a hart has taken more steps than there are in a tick")?;
        self.hart.restore(hart)?;
        (self.steps, self.fruitless, self.idle) = (*steps, *fruitless, *idle);
        Ok(())
    }

    /// Takes note of a run that began when the hart had retired so many instructions.
    pub(crate) fn note(&mut self, retired: u64, outcome: &Outcome) {
        let fruitful = self.hart.retired() != retired || outcome.stop == Stop::Waiting;
        self.fruitless = if fruitful { 0 } else { self.fruitless.saturating_add(outcome.steps) };
    }

    /// Why the hart will never do anything of use any more, if that is so.
    pub(crate) fn is_lost(&mut self, outcome: &Outcome) -> Option<MachineStop> {
        if outcome.stop == Stop::CriticalError {
            return Some(MachineStop::CriticalError { hart: self.hart.id() });
        }
        if self.fruitless >= STORM_STEPS {
            self.fruitless = 0;
            return Some(MachineStop::TrapStorm(TrapStorm::of(&self.hart)));
        }
        None
    }
}
