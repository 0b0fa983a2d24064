//! The machine: harts and bus in deterministic time, and the reasons to stop.
//!
//! Time is `mtime`. A quantum is one tick, in which each hart in turn takes at most
//! [`STEPS_PER_TICK`] steps and all see the same time. While all harts but one wait and nothing can happen to them,
//! that one takes its turns of many quanta at once. When every hart waits, time jumps to the next event. A hart that is
//! known to go on waiting is not asked: see [`Roll`].
//!
//! With [`Clock::Real`] the host's clock says what time it is, and a quantum is as long as a turn of
//! [`STEPS_PER_REAL_TURN`] steps takes; harts that wait let the host sleep.
//!
//! A machine with [`MachineConfig::parallel`] does none of that: see [`parallel`](crate::parallel).

mod state;
#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use isa::cause::Interrupt;
use isa::csr;
use iss::{Bus, Hart, Observer, Outcome, Ram, Slice, Stop};

use crate::boot::Plan;
use crate::bus::SystemBus;
use crate::clock::Clock;
use crate::config::MachineConfig;
use crate::console::Console;
use crate::device::virtio::Slots;
use crate::device::{Htif, Power};
use crate::error::Error;
use crate::load::{StoredImages, Symbols};
use crate::map::RAM_BASE;
use crate::parallel::Parallel;
use crate::roll::Roll;
use crate::stop::{Interrupter, MachineStop, Until};
use crate::ticks::{duration, ticks};
use crate::turn::{STORM_STEPS, Turn};

pub(crate) use state::MachineState;

/// Steps of a hart, instructions attempted, in a tick: a billion a second of guest time.
pub const STEPS_PER_TICK: u64 = 100;

/// Steps of a hart in a turn where time is real: some twenty microseconds.
const STEPS_PER_REAL_TURN: u64 = 10_000;

/// The host's clock and console are looked at once in so many steps of harts.
const STEPS_PER_POLL: u64 = 1024 * STEPS_PER_TICK;

/// How long the machine sleeps at a time while it waits for input.
const INPUT_WAIT: Duration = Duration::from_millis(20);

/// Harts, memory and devices.
#[derive(Debug)]
pub struct Machine {
    config: MachineConfig,
    /// What was taken out of the configuration when the machine had booted.
    images: StoredImages,
    harts: Vec<Turn>,
    bus: SystemBus,
    symbols: Symbols,
    device_tree: Vec<u8>,
    /// The hart whose turn it is in the quantum.
    current: usize,
    /// The hart that has run last: the only one whose reservation stands.
    last: usize,
    instructions: u64,
    /// Quanta to go until the host's side is looked after.
    to_poll: u64,
    /// Which harts are to be asked in their turns.
    roll: Roll,
    interrupter: Interrupter,
}

impl Machine {
    /// Makes a machine with everything in memory and its harts at their first instruction.
    ///
    /// # Errors
    /// Everything that can be wrong with the configuration and the files in it.
    pub fn new(config: MachineConfig, console: Console) -> Result<Machine, Error> {
        config.check()?;
        if config.firmware.is_none() && config.kernel.is_none() {
            return Err(Error::NothingToRun);
        }
        let boot = Boot::new(&config)?;
        let slots = Slots::new(&config)?;
        Ok(Machine::assemble(config, boot, slots, console))
    }

    /// A machine that has done nothing yet.
    fn assemble(mut config: MachineConfig, boot: Boot, slots: Slots, console: Console) -> Machine {
        let Boot { ram, harts, symbols, device_tree } = boot;
        let bus = SystemBus::new(ram, &config, htif(symbols), slots, console);
        let images = StoredImages::take(&mut config);
        Machine {
            roll: Roll::new(harts.len()),
            config,
            images,
            harts,
            bus,
            symbols,
            device_tree,
            current: 0,
            last: 0,
            instructions: 0,
            to_poll: 0,
            interrupter: Interrupter::default(),
        }
    }

    /// Starts again from the beginning, with fresh memory and with `mtime` at 0; the date and
    /// [`instructions`](Machine::instructions) go on.
    ///
    /// # Errors
    /// [`Error::NoMemory`], and a file to boot from that cannot be read any more or has changed. The machine is not to
    /// be used any more then.
    pub fn reset(&mut self) -> Result<(), Error> {
        let config = self.boot_config()?;
        let plan = Plan::new(&config)?;
        let Boot { ram, harts, symbols, device_tree } = Boot::empty(&config, &plan)?;
        // The memory that there was is given back before anything is written to the other one.
        self.bus.reset(ram, htif(symbols));
        plan.write(self.bus.ram())?;
        self.harts = harts;
        self.symbols = symbols;
        self.device_tree = device_tree;
        self.current = 0;
        self.last = 0;
        self.roll.wake_all();
        Ok(())
    }

    /// Runs until there is a reason to stop. Goes on where it stopped, in the middle of a quantum or not.
    ///
    /// While somebody observes, harts take turns even if they are to run at the same time.
    pub fn run(&mut self, until: Until, mut observer: Option<&mut dyn Observer>) -> MachineStop {
        if self.config.parallel && observer.is_none() {
            return self.run_parallel(until);
        }
        if self.config.clock == Clock::Real {
            self.bus.start_clock();
        }
        let stop = loop {
            if let Err(stop) = self.poll(until) {
                break stop;
            }
            let observer = observer.as_mut().map(|observer| &mut **observer as &mut dyn Observer);
            if let Err(stop) = self.quantum(until, observer) {
                break stop;
            }
            if let Err(stop) = self.end_quantum(until) {
                break stop;
            }
        };
        self.bus.stop_clock();
        self.rest();
        stop
    }

    /// Shows what has been going on to whoever looks at a machine that stands still: a hart that waits has seen time
    /// pass, whether it was asked or not.
    fn rest(&mut self) {
        let now = self.bus.time();
        self.harts.iter_mut().for_each(|turn| turn.hart.wait_until(now));
        self.bus.settle();
    }

    /// Steps of a hart in its turn.
    fn turn_steps(&self) -> u64 {
        match self.config.clock {
            Clock::Virtual => STEPS_PER_TICK,
            Clock::Real => STEPS_PER_REAL_TURN,
        }
    }

    /// Runs the harts at the same time until there is a reason to stop.
    fn run_parallel(&mut self, until: Until) -> MachineStop {
        let limit = until.instructions.map_or(u64::MAX, |limit| limit.saturating_sub(self.instructions));
        let (harts, bus, interrupter) = (&mut *self.harts, &mut self.bus, &self.interrupter);
        let (stop, steps) = Parallel { harts, bus, interrupter, until, limit }.run();
        self.instructions = self.instructions.saturating_add(steps);
        self.bus.settle();
        // Whoever takes turns with these harts next begins with a quantum in which nothing has happened yet.
        self.harts.iter_mut().for_each(|turn| turn.hart.drop_reservation());
        self.roll.wake_all();
        self.begin_quantum(0);
        stop
    }

    /// Executes one instruction on one hart, for a debugger; the others stand still.
    ///
    /// The instruction is part of the quantum. If the hart has used up its share of it, or waits, the
    /// quantum ends first and time goes on.
    pub fn step(&mut self, hart: usize, observer: Option<&mut dyn Observer>) -> Result<(), MachineStop> {
        let Some(turn) = self.harts.get(hart) else { return Ok(()) };
        if turn.steps >= STEPS_PER_TICK || turn.hart.is_waiting() {
            let ticks = self.ticks_to_event().unwrap_or(1);
            self.begin_quantum(ticks);
        }
        let outcome = self.run_hart(hart, 1, 0, observer);
        self.rest();
        self.judge(hart, outcome)
    }

    /// Lets the harts take what is left of their turns.
    fn quantum(&mut self, until: Until, mut observer: Option<&mut dyn Observer>) -> Result<(), MachineStop> {
        while self.current < self.harts.len() {
            let left = until.instructions.map_or(u64::MAX, |limit| limit.saturating_sub(self.instructions));
            // Where a run ends is the same whoever is asked.
            if left == 0 {
                return Err(MachineStop::InstructionLimit);
            }
            self.current = self.roll.next(self.current).unwrap_or(self.harts.len());
            let Some(turn) = self.harts.get(self.current) else { break };
            let share = self.turn_steps().saturating_sub(turn.steps);
            let more = self.undisturbed_ticks();
            let observer = observer.as_mut().map(|observer| &mut **observer as &mut dyn Observer);
            let steps = share.saturating_add(more.saturating_mul(STEPS_PER_TICK)).min(left);
            let outcome = self.run_hart(self.current, steps, more, observer);
            self.judge(self.current, outcome)?;
            if outcome.stop == Stop::Waiting || self.harts[self.current].steps >= self.turn_steps() {
                self.current += 1;
            }
        }
        Ok(())
    }

    /// How many ticks after this one the hart whose turn it is may go on, because until then the others have
    /// nothing to do and nothing comes from outside.
    fn undisturbed_ticks(&self) -> u64 {
        if self.config.clock == Clock::Real || !self.roll.is_only(self.current) || self.ends_a_wait() {
            return 0;
        }
        let events = [self.bus.next_timer(self.current), self.bus.next_event()];
        let event = events.into_iter().flatten().fold(self.roll.alarm(), u64::min);
        let to_event = event.saturating_sub(self.bus.time()).saturating_sub(1);
        // A storm of traps is to be noticed soon.
        to_event.min(self.to_poll).min(STORM_STEPS / STEPS_PER_TICK / 2)
    }

    /// Whether another hart waits on a reservation that goes when the one whose turn it is does something.
    fn ends_a_wait(&self) -> bool {
        self.last != self.current && self.harts[self.last].hart.waits_on_reservation()
    }

    /// Runs one hart and books its steps; it may take them in this tick and `more` others.
    fn run_hart(
        &mut self,
        index: usize,
        steps: u64,
        more: u64,
        observer: Option<&mut dyn Observer>,
    ) -> Outcome {
        let now = self.bus.time();
        let turn = &mut self.harts[index];
        let retired = turn.hart.retired();
        let to_tick = if more == 0 { u64::MAX } else { STEPS_PER_TICK.saturating_sub(turn.steps) };
        let slice = Slice { steps, to_tick, per_tick: STEPS_PER_TICK };
        let outcome = turn.hart.run_slice(&mut self.bus, slice, observer);
        turn.steps = match more {
            0 => turn.steps.saturating_add(outcome.steps),
            _ => STEPS_PER_TICK - outcome.to_tick,
        };
        self.instructions = self.instructions.saturating_add(outcome.steps);
        turn.note(retired, &outcome);
        turn.idle = outcome.stop == Stop::Waiting && outcome.steps == 0 && turn.steps == 0;
        if turn.idle && self.config.clock == Clock::Virtual {
            let timers = [self.bus.next_timer(index), turn.hart.next_timer()];
            self.roll.sleep(index, timers.into_iter().flatten().min().unwrap_or(u64::MAX));
        } else {
            self.roll.wake(index);
        }
        // A hart that was asked and did nothing takes no reservation away: how often it is asked depends on where the
        // run is cut and on the host.
        if self.last != index && outcome.steps > 0 {
            self.harts[self.last].hart.drop_reservation();
            self.roll.wake(self.last);
            self.last = index;
        }
        if more > 0 {
            self.to_poll = self.to_poll.saturating_sub(outcome.time.wrapping_sub(now));
            self.bus.set_time(outcome.time);
        }
        // Who is stopped by an observer has not looked at its wires since its last access.
        if outcome.io || outcome.stop == Stop::Observer {
            self.roll.wake_all();
        }
        outcome
    }

    /// Whether what a hart has done is a reason to stop the machine.
    fn judge(&mut self, hart: usize, outcome: Outcome) -> Result<(), MachineStop> {
        match self.bus.take_power() {
            Some(Power::Exit(status)) => return Err(MachineStop::Exit(status)),
            Some(Power::Reset) => return Err(MachineStop::Reset),
            None => {}
        }
        if outcome.stop == Stop::Observer {
            return Err(MachineStop::Observer { hart });
        }
        self.harts[hart].is_lost(&outcome).map_or(Ok(()), Err)
    }

    /// Ends the quantum and begins the next one, a tick later or, when every hart waits, at the next event.
    fn end_quantum(&mut self, until: Until) -> Result<(), MachineStop> {
        let ticks = if self.is_idle() { self.sleep(until)? } else { 1 };
        self.begin_quantum(ticks);
        Ok(())
    }

    fn begin_quantum(&mut self, ticks: u64) {
        self.bus.pass(ticks);
        self.current = 0;
        self.to_poll = self.to_poll.saturating_sub(1);
        let now = self.bus.time();
        if self.bus.next_event().is_some_and(|event| event <= now) {
            self.roll.wake_all();
        }
        self.roll.pass_to(now);
        for index in self.roll.awake() {
            let turn = &mut self.harts[index];
            turn.steps = 0;
            turn.idle = false;
        }
    }

    /// Whether all that the harts have done in this quantum is wait.
    fn is_idle(&self) -> bool {
        self.roll.awake().all(|index| self.harts[index].idle)
    }

    /// How far time may jump because every hart waits; `None` if one does not, or nothing will happen.
    fn ticks_to_event(&self) -> Option<u64> {
        if !self.is_idle() {
            return None;
        }
        let event = self.next_event()?;
        Some(event.saturating_sub(self.bus.time()).max(1))
    }

    /// The tick at which the first timer that can wake a hart fires.
    fn next_event(&self) -> Option<u64> {
        let events = self.harts.iter().enumerate().flat_map(|(index, turn)| {
            let mie = turn.hart.csr(csr::mie::NUMBER).unwrap_or(0);
            let machine = self.bus.next_timer(index).filter(|_| mie & Interrupt::Mti.bit() != 0);
            // Software writes all ones for "never".
            [machine, turn.hart.next_timer().filter(|at| *at != u64::MAX)]
        });
        events.flatten().chain(self.bus.next_event()).min()
    }

    /// How many ticks pass while every hart waits: as many as it takes to the next event.
    ///
    /// As long as the guest may be woken by somebody at the console, it sleeps in real time.
    fn sleep(&mut self, until: Until) -> Result<u64, MachineStop> {
        if self.config.clock == Clock::Real {
            return self.sleep_in_real_time(until).map(|()| 0);
        }
        if self.bus.serve_file() {
            self.roll.wake_all();
            return Ok(1);
        }
        let event = self.ticks_to_event();
        let start = Instant::now();
        while self.bus.input_can_come() {
            let slept = ticks(start.elapsed()).max(1);
            let left = event.map_or(u64::MAX, |event| event.saturating_sub(slept));
            if left == 0 {
                break;
            }
            if self.bus.serve_console() {
                self.roll.wake_all();
                return Ok(slept);
            }
            self.bus.await_input(duration(left).min(INPUT_WAIT));
            self.check_host(until)?;
        }
        event.ok_or(MachineStop::Deadlock)
    }

    /// Lets the host sleep until something can wake a hart.
    fn sleep_in_real_time(&mut self, until: Until) -> Result<(), MachineStop> {
        let event = self.next_event();
        loop {
            let left = match event {
                Some(event) => event.saturating_sub(self.bus.now().unwrap_or(event)),
                None if self.bus.input_can_come() => u64::MAX,
                None => return Err(MachineStop::Deadlock),
            };
            if left == 0 || self.bus.serve_console() {
                return Ok(());
            }
            self.bus.await_input(duration(left).min(INPUT_WAIT));
            self.check_host(until)?;
        }
    }

    /// Looks after the host's side, now and then.
    fn poll(&mut self, until: Until) -> Result<(), MachineStop> {
        if self.to_poll == 0 {
            let turns = STEPS_PER_POLL / self.turn_steps();
            self.to_poll = (turns / self.harts.len() as u64).max(1);
            if self.bus.serve_console() {
                self.roll.wake_all();
            }
            self.check_host(until)?;
        }
        Ok(())
    }

    /// Whether the host wants the machine to stop.
    fn check_host(&self, until: Until) -> Result<(), MachineStop> {
        if self.interrupter.take() {
            return Err(MachineStop::Interrupted);
        }
        if until.deadline.is_some_and(|deadline| Instant::now() >= deadline) {
            return Err(MachineStop::Timeout);
        }
        Ok(())
    }

    /// Instructions attempted by all harts since the machine was made.
    pub fn instructions(&self) -> u64 {
        self.instructions
    }

    /// The number of harts.
    pub fn harts(&self) -> usize {
        self.harts.len()
    }

    /// A hart by its number.
    pub fn hart(&self, id: usize) -> Option<&Hart> {
        self.harts.get(id).map(|turn| &turn.hart)
    }

    /// A hart by its number, to be changed by a debugger.
    pub fn hart_mut(&mut self, id: usize) -> Option<&mut Hart> {
        self.roll.wake_all();
        self.harts.get_mut(id).map(|turn| &mut turn.hart)
    }

    /// What the machine is made of, without the images that it has booted from.
    pub fn config(&self) -> &MachineConfig {
        &self.config
    }

    /// What the machine is made of and boots from.
    ///
    /// # Errors
    /// A file to boot from that cannot be read any more or has changed.
    pub fn boot_config(&self) -> Result<MachineConfig, Error> {
        self.images.put_back(&self.config)
    }

    /// Memory and devices.
    pub fn bus(&self) -> &SystemBus {
        &self.bus
    }

    /// Memory and devices, to be accessed as a hart would.
    pub fn bus_mut(&mut self) -> &mut SystemBus {
        self.roll.wake_all();
        &mut self.bus
    }

    /// Main memory.
    pub fn ram(&self) -> &Ram {
        self.bus.ram()
    }

    /// The device tree that the guest was started with.
    pub fn device_tree(&self) -> &[u8] {
        &self.device_tree
    }

    /// The physical addresses between the program's symbols `begin_signature` and `end_signature`.
    pub fn signature(&self) -> Option<std::ops::Range<u64>> {
        Some(self.symbols.begin_signature?..self.symbols.end_signature?)
    }

    /// Whether the program has the symbol `tohost`, by which it can say that it has ended.
    pub fn has_tohost(&self) -> bool {
        self.symbols.tohost.is_some()
    }

    /// What stops the machine from another thread.
    pub fn interrupter(&self) -> Interrupter {
        self.interrupter.clone()
    }
}

/// A machine's memory and harts, ready to start.
struct Boot {
    ram: Ram,
    harts: Vec<Turn>,
    symbols: Symbols,
    device_tree: Vec<u8>,
}

impl Boot {
    /// With everything in memory, and the harts at their first instruction.
    fn new(config: &MachineConfig) -> Result<Boot, Error> {
        let plan = Plan::new(config)?;
        let boot = Boot::empty(config, &plan)?;
        plan.write(&boot.ram)?;
        Ok(boot)
    }

    /// With nothing in memory.
    fn empty(config: &MachineConfig, plan: &Plan<'_>) -> Result<Boot, Error> {
        let no_memory =
            |error: std::io::Error| Error::NoMemory { bytes: config.memory, reason: error.to_string() };
        let ram = Ram::new(RAM_BASE, config.memory).map_err(no_memory)?;
        let harts = (0..config.harts).map(|id| {
            let mut hart = Hart::new(id, config.variant);
            hart.set_engine(config.engine);
            hart.set_parallel(config.parallel);
            plan.start(&mut hart);
            Turn::new(hart)
        });
        Ok(Boot {
            ram,
            harts: harts.collect(),
            symbols: plan.symbols(),
            device_tree: plan.device_tree().to_vec(),
        })
    }
}

fn htif(symbols: Symbols) -> Option<Htif> {
    symbols.tohost.map(|tohost| Htif::new(tohost, symbols.fromhost))
}
