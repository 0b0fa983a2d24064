//! The loop: interrupts, fetch, decode, execute, retire or trap.

use std::ops::ControlFlow;

use isa::cause::Exception;
use isa::{Inst, Mode};

use super::{Cpu, Exec};
use crate::bus::Bus;
use crate::clock::{Clock, Slice};
use crate::hart::{Hart, Outcome, Stop};
use crate::observe::{Interest, Observer, Silent, TrapTaken, WorldSwitch};
use crate::trap::Trap;

impl Hart {
    /// Executes at most `steps` instructions, in which time stands still.
    ///
    /// The wires are looked at first, and again after each access to an I/O region.
    pub fn run(&mut self, bus: &mut dyn Bus, steps: u64, observer: Option<&mut dyn Observer>) -> Outcome {
        self.run_slice(bus, Slice::of(steps), observer)
    }

    /// As [`run`](Hart::run), for a slice of time. After an access to an I/O region it returns with the next tick.
    pub fn run_slice(
        &mut self,
        bus: &mut dyn Bus,
        slice: Slice,
        observer: Option<&mut dyn Observer>,
    ) -> Outcome {
        if self.parallel {
            self.engine.join(bus.ram());
        }
        let outcome = match observer {
            Some(observer) => Cpu::new(self, bus, observer).run(slice),
            None => Cpu::new(self, bus, Silent).run(slice),
        };
        if self.parallel {
            self.engine.rest();
        }
        outcome
    }
}

/// The exception of a word that is no instruction; of a 16-bit one the trap value has no more than that.
fn illegal(word: u32) -> Trap {
    let is_short = word & 3 != 3;
    Trap::new(Exception::IllegalInst, u64::from(if is_short { word & 0xffff } else { word }))
}

impl<'a, O: Observer> Cpu<'a, O> {
    fn new(hart: &'a mut Hart, bus: &'a mut dyn Bus, obs: O) -> Cpu<'a, O> {
        Cpu { hart, bus, obs, next_pc: 0, touched_io: true }
    }

    fn run(&mut self, slice: Slice) -> Outcome {
        let interest = self.obs.interest();
        self.hart.engine.set_interest(interest);
        self.hart.clock = Clock::new(slice);
        let mut steps = slice.steps;
        let mut taken = 0u64;
        let mut io = false;
        let mut is_first = true;
        let stop = loop {
            if std::mem::take(&mut self.touched_io) {
                if !std::mem::take(&mut is_first) {
                    io = true;
                    steps = steps.min(taken.saturating_add(self.hart.clock.steps_to_tick(taken)));
                }
                self.hart.take_lines(self.bus.lines(self.hart.id()));
                self.hart.recheck_interrupts = true;
                if self.hart.lines.stop {
                    break Stop::Requested;
                }
            }
            if self.hart.critical_error {
                break Stop::CriticalError;
            }
            if taken == steps {
                break Stop::Budget;
            }
            if self.hart.waiting && !self.hart.has_wakeup() && !self.hart.has_waited_enough() {
                break Stop::Waiting;
            }
            if self.hart.clock.reach(taken, &mut self.hart.lines.time) {
                self.hart.recheck_interrupts = true;
            }
            // A WFI with a limit is still to complete or to trap: no interrupt comes before that.
            let unfinished = std::mem::take(&mut self.hart.waiting) && self.hart.wait_limit.is_some();
            self.hart.waits_on_reservation = false;
            if !unfinished {
                self.interrupt();
                if self.hart.critical_error {
                    continue;
                }
            }
            if let Interest::Places(_) = interest
                && let ControlFlow::Break(()) = self.obs.before(self.hart, self.hart.pc())
            {
                break Stop::Observer;
            }
            let blocks = self.blocks(taken, steps);
            taken += blocks;
            if self.hart.engine.stopped() {
                break Stop::Observer;
            }
            if blocks > 0 {
                continue;
            }
            if interest == Interest::Everything
                && let ControlFlow::Break(()) = self.obs.before(self.hart, self.hart.pc())
            {
                break Stop::Observer;
            }
            self.step();
            taken += 1;
        };
        let (time, to_tick) = (self.hart.lines.time, self.hart.clock.steps_to_tick(taken));
        Outcome { steps: taken, stop, time, to_tick, io }
    }

    /// Lets the engine execute blocks until `steps` are taken or a timer of the hart is due.
    fn blocks(&mut self, taken: u64, steps: u64) -> u64 {
        let time = self.hart.lines.time;
        let timer = self.hart.next_timer().map_or(u64::MAX, |tick| self.hart.clock.step_of(tick - time));
        let left = steps.min(timer) - taken;
        let blocks = self.hart.run_blocks(self.bus, self.obs.watching(), taken, left);
        if blocks > 0 {
            // As far as it went before the last step.
            self.hart.clock.reach(taken + blocks - 1, &mut self.hart.lines.time);
        }
        self.touched_io |= self.hart.engine.touched_io();
        blocks
    }

    /// Takes the interrupt that is due, if there is one.
    fn interrupt(&mut self) {
        if !std::mem::take(&mut self.hart.recheck_interrupts) {
            return;
        }
        if let Some((interrupt, to)) = self.hart.next_interrupt() {
            let taken = self.hart.take_interrupt(interrupt, to);
            self.trapped(taken);
        }
    }

    /// Attempts one instruction.
    fn step(&mut self) {
        let counting = self.hart.counting_step();
        let attempt = self.fetch_instruction().and_then(|i| self.attempt(&i));
        self.conclude(counting, attempt);
    }

    /// Attempts `i`, which is the instruction at the program counter, and says whether it has retired.
    pub(crate) fn step_known(&mut self, i: &Inst) -> bool {
        let counting = self.hart.counting_step();
        let attempt = self.attempt(i);
        self.conclude(counting, attempt)
    }

    /// Counts a step by what counted before it, and takes the trap that it has raised. Says whether it has retired.
    fn conclude(&mut self, counting: [u32; 2], attempt: Exec) -> bool {
        let retired = match attempt {
            Ok(()) => true,
            Err(_) if self.hart.waiting => false,
            Err(trap) => {
                let taken = self.hart.take_exception(&trap);
                self.trapped(taken);
                false
            }
        };
        self.hart.count_step(counting, retired);
        retired
    }

    fn fetch_instruction(&mut self) -> Result<Inst, Trap> {
        let word = self.fetch()?;
        self.hart.decoded.decode(word).ok_or_else(|| illegal(word))
    }

    fn attempt(&mut self, i: &Inst) -> Exec {
        let pc = self.hart.pc();
        self.next_pc = pc.wrapping_add(i.size());
        let was_virtual = self.hart.mode().virt;
        self.execute(i)?;
        self.hart.set_pc(self.next_pc);
        self.obs.retire(self.hart, pc, i);
        let to = self.hart.mode();
        if to.virt && !was_virtual {
            let pc = self.hart.pc();
            self.obs.world_switch(self.hart, &WorldSwitch::Entry { pc, to });
        }
        Ok(())
    }

    fn trapped(&mut self, taken: Option<TrapTaken>) {
        let Some(taken) = taken else { return };
        self.hart.reservation = None;
        self.obs.trap(self.hart, &taken);
        if taken.from.virt && !matches!(taken.to, Mode::VS) {
            self.obs.world_switch(self.hart, &WorldSwitch::Exit(taken));
        }
    }
}
