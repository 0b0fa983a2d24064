//! Harts that run at the same time, each on a thread of the host.
//!
//! Time is real: a tick of `mtime` is a tenth of a microsecond. What the guest does depends on which thread is faster
//! and is not reproducible. Main memory is shared as it is; the devices are behind a lock, and whoever has accessed
//! one carries its wires to where each hart looks for them between slices. A hart that waits parks its thread until
//! one of its wires changes or one of its timers is due.

mod bus;
mod shared;

use std::num::NonZero;
use std::thread::{self, Builder};
use std::time::{Duration, Instant};

use bus::HartBus;
use crossbeam::sync::Parker;
use isa::cause::Interrupt;
use isa::csr;
use iss::{Hart, Outcome, Slice, Stop};
use shared::Shared;

use crate::bus::SystemBus;
use crate::console::Input;
use crate::stop::{Interrupter, MachineStop, Until};
use crate::turn::Turn;

/// Steps of a hart between two looks at its wires: some twenty microseconds.
const SLICE: u64 = 10_000;

/// How long nobody looks after the host's side at a time.
const POLL: Duration = Duration::from_millis(5);

/// A machine whose harts are to run at the same time.
pub(crate) struct Parallel<'a> {
    /// The harts, each with its own number.
    pub(crate) harts: &'a mut [Turn],
    /// Main memory and devices.
    pub(crate) bus: &'a mut SystemBus,
    /// What stops the machine from another thread.
    pub(crate) interrupter: &'a Interrupter,
    /// When to stop at the latest.
    pub(crate) until: Until,
    /// Instructions that the harts may attempt.
    pub(crate) limit: u64,
}

impl Parallel<'_> {
    /// Runs until there is a reason to stop, and says how many instructions have been attempted.
    pub(crate) fn run(self) -> (MachineStop, u64) {
        let Parallel { harts, bus, interrupter, until, limit } = self;
        let (ram, devices) = bus.parts();
        let mut input = std::mem::take(&mut devices.console.input);
        let parkers: Vec<Parker> = harts.iter().map(|_| Parker::new()).collect();
        let own_parker = Parker::new();
        let unparkers = parkers.iter().map(|parker| parker.unparker().clone());
        let shared = Shared::new(ram, devices, unparkers, own_parker.unparker().clone(), input.is_open());
        let crowded = thread::available_parallelism().map_or(1, NonZero::get) < harts.len();
        thread::scope(|scope| {
            for (turn, parker) in harts.iter_mut().zip(parkers) {
                let hart = turn.hart.id();
                let shared = &shared;
                let thread = Runner { turn, shared, parker, limit, crowded };
                let name = format!("hart {hart}");
                if Builder::new().name(name).spawn_scoped(scope, move || thread.run()).is_err() {
                    shared.stop(MachineStop::NoThread { hart });
                    break;
                }
            }
            look_after(&shared, &mut input, &own_parker, interrupter, until);
        });
        let ended = shared.end();
        let (_, devices) = bus.parts();
        devices.console.input = input;
        ended
    }
}

/// Looks after the host's side until the machine stops.
fn look_after(
    shared: &Shared<'_>,
    input: &mut Input,
    parker: &Parker,
    interrupter: &Interrupter,
    until: Until,
) {
    while !shared.is_stopping() {
        if interrupter.take() {
            return shared.stop(MachineStop::Interrupted);
        }
        let now = Instant::now();
        if until.deadline.is_some_and(|deadline| now >= deadline) {
            return shared.stop(MachineStop::Timeout);
        }
        shared.serve_console(input);
        shared.serve_time();
        let left = until.deadline.map_or(POLL, |deadline| (deadline - now).min(POLL));
        if input.is_open() {
            input.wait(left);
        } else {
            parker.park_timeout(left);
        }
    }
}

/// A hart on its thread.
struct Runner<'a, 'd> {
    turn: &'a mut Turn,
    shared: &'a Shared<'d>,
    parker: Parker,
    limit: u64,
    /// There are more harts than the host has processors.
    crowded: bool,
}

impl Drop for Runner<'_, '_> {
    /// A thread that panics must not leave the others running.
    fn drop(&mut self) {
        if thread::panicking() {
            self.shared.stop(MachineStop::Interrupted);
        }
    }
}

impl Runner<'_, '_> {
    fn run(self) {
        let id = self.turn.hart.id();
        let mut bus = HartBus::new(self.shared, id);
        while !self.shared.is_stopping() {
            let left = self.limit.saturating_sub(self.shared.steps());
            if left == 0 {
                return self.shared.stop(MachineStop::InstructionLimit);
            }
            let changes = self.shared.changes(id);
            let retired = self.turn.hart.retired();
            let outcome = self.turn.hart.run_slice(&mut bus, Slice::of(left.min(SLICE)), None);
            self.shared.took(outcome.steps);
            self.turn.note(retired, &outcome);
            if let Some(stop) = self.turn.is_lost(&outcome) {
                return self.shared.stop(stop);
            }
            if self.turn.hart.waits_on_reservation() {
                // Who stores there does not tell. The hart may go on for any reason, and looks again.
                thread::yield_now();
                self.turn.hart.drop_reservation();
            } else if outcome.stop == Stop::Waiting {
                self.wait(changes, outcome);
            } else if self.crowded {
                thread::yield_now();
            }
        }
    }

    /// Waits until something happens to the hart, which has looked at its wires after so many changes of them.
    fn wait(&self, changes: u64, outcome: Outcome) {
        let hart = &self.turn.hart;
        let mtimecmp = self.shared.mtimecmp(hart.id());
        let event = next_event(hart, mtimecmp, outcome.time);
        if self.shared.falls_asleep(hart.id(), changes, event) {
            match event {
                Some(event) => self.parker.park_timeout(self.shared.until(event)),
                None => self.parker.park(),
            }
        }
    }
}

/// The first tick after `time` at which a timer wakes the hart.
fn next_event(hart: &Hart, mtimecmp: u64, time: u64) -> Option<u64> {
    let mie = hart.csr(csr::mie::NUMBER).unwrap_or(0);
    let machine = (mie & Interrupt::Mti.bit() != 0).then_some(mtimecmp);
    // Software writes all ones for "never".
    let timers = [machine.filter(|at| *at > time), hart.next_timer()];
    timers.into_iter().flatten().filter(|at| *at != u64::MAX).min()
}
