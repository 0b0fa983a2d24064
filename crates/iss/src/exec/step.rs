//! The loop: interrupts, fetch, decode, execute, retire or trap.

use std::ops::ControlFlow;

use isa::Mode;
use isa::cause::Exception;

use super::{Cpu, Exec};
use crate::bus::Bus;
use crate::hart::{Hart, Outcome, Stop};
use crate::observe::{Observer, Silent, TrapTaken, WorldSwitch};
use crate::trap::Trap;

impl Hart {
    /// Executes at most `steps` instructions.
    ///
    /// The wires are looked at first, and again after each access to an I/O region.
    pub fn run(&mut self, bus: &mut dyn Bus, steps: u64, observer: Option<&mut dyn Observer>) -> Outcome {
        match observer {
            Some(observer) => Cpu::new(self, bus, observer).run(steps),
            None => Cpu::new(self, bus, Silent).run(steps),
        }
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

    fn run(&mut self, steps: u64) -> Outcome {
        let mut taken = 0;
        let stop = loop {
            if std::mem::take(&mut self.touched_io) {
                self.hart.lines = self.bus.lines(self.hart.id());
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
            // A WFI with a limit is still to complete or to trap: no interrupt comes before that.
            let unfinished = std::mem::take(&mut self.hart.waiting) && self.hart.wait_limit.is_some();
            self.hart.waits_on_reservation = false;
            if !unfinished {
                self.interrupt();
                if self.hart.critical_error {
                    continue;
                }
            }
            if let ControlFlow::Break(()) = self.obs.before(self.hart, self.hart.pc()) {
                break Stop::Observer;
            }
            self.step();
            taken += 1;
        };
        Outcome { steps: taken, stop }
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
        let retired = match self.attempt() {
            Ok(()) => true,
            Err(_) if self.hart.waiting => false,
            Err(trap) => {
                let taken = self.hart.take_exception(&trap);
                self.trapped(taken);
                false
            }
        };
        self.hart.count_step(counting, retired);
    }

    fn attempt(&mut self) -> Exec {
        let pc = self.hart.pc();
        let word = self.fetch()?;
        let i = self.hart.decoded.decode(word).ok_or_else(|| illegal(word))?;
        self.next_pc = pc.wrapping_add(i.size());
        let was_virtual = self.hart.mode().virt;
        self.execute(&i)?;
        self.hart.set_pc(self.next_pc);
        self.obs.retire(self.hart, pc, &i);
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
