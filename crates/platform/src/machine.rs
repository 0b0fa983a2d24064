//! The machine: harts and bus in deterministic time, and the reasons to stop.
//!
//! Time is `mtime`. A quantum is one tick, in which each hart in turn takes at most
//! [`STEPS_PER_TICK`] steps and all see the same time. When every hart waits, time jumps to the next event.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use isa::cause::{Cause, Interrupt};
use isa::mode::Privilege;
use isa::{Mode, csr};
use iss::{Bus, Hart, Observer, Outcome, Ram, Stop};

use crate::boot::Plan;
use crate::bus::SystemBus;
use crate::config::MachineConfig;
use crate::console::Console;
use crate::device::{Htif, Power};
use crate::error::Error;
use crate::load::Symbols;
use crate::map::RAM_BASE;

/// Steps of a hart, instructions attempted, in a tick: a billion a second of guest time.
pub const STEPS_PER_TICK: u64 = 100;

/// A hart that takes so many steps without retiring an instruction will trap for ever.
const STORM_STEPS: u64 = 10_000;

/// The host's clock and console are looked at once in so many quanta.
const QUANTA_PER_POLL: u64 = 1024;

/// How long the machine sleeps at a time while it waits for input.
const INPUT_WAIT: Duration = Duration::from_millis(20);

/// Why [`Machine::run`] returned.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MachineStop {
    /// The guest ended the simulation with this status; 0 means success.
    Exit(u64),
    /// The guest asked for a reset: [`Machine::reset`] carries it out.
    Reset,
    /// [`Until::instructions`] is reached.
    InstructionLimit,
    /// [`Until::deadline`] has passed.
    Timeout,
    /// Every hart waits for an interrupt and none can come.
    Deadlock,
    /// A hart does nothing but trap.
    TrapStorm(TrapStorm),
    /// The observer stopped this hart before an instruction.
    Observer {
        /// The hart's number.
        hart: usize,
    },
    /// [`Interrupter::interrupt`] was called.
    Interrupted,
}

/// A hart that does nothing but trap: its handler's first instruction traps itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrapStorm {
    /// The hart's number.
    pub hart: usize,
    /// The instruction that traps.
    pub pc: u64,
    /// The mode in which it does.
    pub mode: Mode,
    /// Why, as far as the hart can tell.
    pub cause: Option<Cause>,
    /// The trap value.
    pub tval: u64,
}

impl std::fmt::Display for TrapStorm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let TrapStorm { hart, pc, mode, cause, tval } = self;
        write!(f, "hart {hart} traps for ever at pc {pc:#x} in {mode}-mode: ")?;
        match cause {
            Some(cause) => write!(f, "{cause}, trap value {tval:#x}"),
            None => write!(f, "unknown cause, trap value {tval:#x}"),
        }
    }
}

/// How long to run; for ever by default.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Until {
    /// Stop when [`Machine::instructions`] has reached this number.
    pub instructions: Option<u64>,
    /// Stop when this moment has passed.
    pub deadline: Option<Instant>,
}

/// Stops a running machine from another thread.
#[derive(Clone, Debug)]
pub struct Interrupter(Arc<AtomicBool>);

impl Interrupter {
    /// Makes [`Machine::run`] return soon; if it is not running, the next call will.
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

/// Harts, memory and devices.
#[derive(Debug)]
pub struct Machine {
    config: MachineConfig,
    harts: Vec<Turn>,
    bus: SystemBus,
    symbols: Symbols,
    device_tree: Vec<u8>,
    /// The hart whose turn it is in the quantum.
    current: usize,
    instructions: u64,
    quanta: u64,
    interrupted: Arc<AtomicBool>,
}

/// A hart, and how it has fared in the quantum.
#[derive(Debug)]
struct Turn {
    hart: Hart,
    /// Steps taken in this quantum.
    steps: u64,
    /// Steps taken since an instruction last retired, as far as has been looked.
    fruitless: u64,
    /// The hart has been asked in this quantum, and did nothing but wait.
    idle: bool,
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
        let Boot { ram, harts, symbols, device_tree } = Boot::new(&config)?;
        let bus = SystemBus::new(ram, config.harts, config.variant.geilen, htif(symbols), console);
        Ok(Machine {
            config,
            harts,
            bus,
            symbols,
            device_tree,
            current: 0,
            instructions: 0,
            quanta: 0,
            interrupted: Arc::default(),
        })
    }

    /// Starts again from the beginning, with fresh memory; [`instructions`](Machine::instructions) goes on.
    ///
    /// # Errors
    /// [`Error::NoMemory`].
    pub fn reset(&mut self) -> Result<(), Error> {
        let Boot { ram, harts, symbols, device_tree } = Boot::new(&self.config)?;
        self.bus.reset(ram, htif(symbols));
        self.harts = harts;
        self.symbols = symbols;
        self.device_tree = device_tree;
        self.current = 0;
        Ok(())
    }

    /// Runs until there is a reason to stop. Goes on where it stopped, in the middle of a quantum or not.
    pub fn run(&mut self, until: Until, mut observer: Option<&mut dyn Observer>) -> MachineStop {
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
        self.bus.flush_console();
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
        let outcome = self.run_hart(hart, 1, observer);
        self.bus.flush_console();
        self.judge(hart, outcome)
    }

    /// Lets the harts take what is left of their turns.
    fn quantum(&mut self, until: Until, mut observer: Option<&mut dyn Observer>) -> Result<(), MachineStop> {
        while let Some(turn) = self.harts.get(self.current) {
            let share = STEPS_PER_TICK.saturating_sub(turn.steps);
            let left = until.instructions.map_or(u64::MAX, |limit| limit.saturating_sub(self.instructions));
            if left == 0 {
                return Err(MachineStop::InstructionLimit);
            }
            let observer = observer.as_mut().map(|observer| &mut **observer as &mut dyn Observer);
            let outcome = self.run_hart(self.current, share.min(left), observer);
            self.judge(self.current, outcome)?;
            if outcome.stop == Stop::Waiting || self.harts[self.current].steps >= STEPS_PER_TICK {
                self.current += 1;
            }
        }
        Ok(())
    }

    /// Runs one hart and books its steps.
    fn run_hart(&mut self, index: usize, steps: u64, observer: Option<&mut dyn Observer>) -> Outcome {
        let turn = &mut self.harts[index];
        let retired = turn.hart.retired();
        let outcome = turn.hart.run(&mut self.bus, steps, observer);
        turn.steps = turn.steps.saturating_add(outcome.steps);
        self.instructions = self.instructions.saturating_add(outcome.steps);
        turn.idle = outcome.stop == Stop::Waiting && turn.steps == 0;
        let fruitful = turn.hart.retired() != retired || outcome.stop == Stop::Waiting;
        turn.fruitless = if fruitful { 0 } else { turn.fruitless.saturating_add(outcome.steps) };
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
        if self.harts[hart].fruitless >= STORM_STEPS {
            self.harts[hart].fruitless = 0;
            return Err(MachineStop::TrapStorm(storm(&self.harts[hart].hart)));
        }
        Ok(())
    }

    /// Ends the quantum and begins the next one, a tick later or, when every hart waits, at the next event.
    fn end_quantum(&mut self, until: Until) -> Result<(), MachineStop> {
        let ticks = self.ticks_to_event();
        if ticks.is_none() && self.is_idle() {
            self.wait_for_input(until)?;
        }
        self.begin_quantum(ticks.unwrap_or(1));
        Ok(())
    }

    fn begin_quantum(&mut self, ticks: u64) {
        self.bus.aclint().advance(ticks);
        self.current = 0;
        self.quanta = self.quanta.wrapping_add(1);
        for turn in &mut self.harts {
            turn.steps = 0;
            turn.idle = false;
        }
    }

    /// Whether all that the harts have done in this quantum is wait.
    fn is_idle(&self) -> bool {
        self.harts.iter().all(|turn| turn.idle)
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
        events.flatten().min()
    }

    /// Sleeps until the console has input, if any can come and the guest would hear of it.
    fn wait_for_input(&mut self, until: Until) -> Result<(), MachineStop> {
        while !self.bus.serve_console() {
            if !self.bus.input_can_come() {
                return Err(MachineStop::Deadlock);
            }
            self.bus.await_input(INPUT_WAIT);
            self.check_host(until)?;
        }
        Ok(())
    }

    /// Looks after the host's side, now and then.
    fn poll(&mut self, until: Until) -> Result<(), MachineStop> {
        if self.quanta.is_multiple_of(QUANTA_PER_POLL) {
            self.bus.serve_console();
            self.check_host(until)?;
        }
        Ok(())
    }

    /// Whether the host wants the machine to stop.
    fn check_host(&self, until: Until) -> Result<(), MachineStop> {
        if self.interrupted.swap(false, Ordering::Relaxed) {
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
        self.harts.get_mut(id).map(|turn| &mut turn.hart)
    }

    /// Memory and devices.
    pub fn bus(&self) -> &SystemBus {
        &self.bus
    }

    /// Memory and devices, to be accessed as a hart would.
    pub fn bus_mut(&mut self) -> &mut SystemBus {
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

    /// What stops the machine from another thread.
    pub fn interrupter(&self) -> Interrupter {
        Interrupter(Arc::clone(&self.interrupted))
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
    fn new(config: &MachineConfig) -> Result<Boot, Error> {
        let plan = Plan::new(config)?;
        let no_memory =
            |error: std::io::Error| Error::NoMemory { bytes: config.memory, reason: error.to_string() };
        let ram = Ram::new(RAM_BASE, config.memory).map_err(no_memory)?;
        plan.write(&ram)?;
        let harts = (0..config.harts).map(|id| {
            let mut hart = Hart::new(id, config.variant);
            plan.start(&mut hart);
            Turn { hart, steps: 0, fruitless: 0, idle: false }
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

/// What can be said of a hart that traps for ever: the trap CSRs of the mode that it traps into.
fn storm(hart: &Hart) -> TrapStorm {
    let mode = hart.mode();
    let (cause, tval) = match (mode.privilege, mode.virt) {
        (Privilege::M, _) => (csr::mcause::NUMBER, csr::mtval::NUMBER),
        (_, false) => (csr::scause::NUMBER, csr::stval::NUMBER),
        (_, true) => (csr::vscause::NUMBER, csr::vstval::NUMBER),
    };
    let [cause, tval] = [cause, tval].map(|number| hart.csr(number).unwrap_or(0));
    TrapStorm { hart: hart.id(), pc: hart.pc(), mode, cause: Cause::from_bits(cause), tval }
}
