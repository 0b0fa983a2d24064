//! When a machine stops, and why.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use isa::cause::Cause;
use isa::mode::Privilege;
use isa::{Mode, csr};
use iss::Hart;

#[cfg(doc)]
use crate::Machine;

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
    /// A trap into M-mode came while MDT was set, and this hart has ceased to execute.
    CriticalError {
        /// The hart's number.
        hart: usize,
    },
    /// A hart does nothing but trap.
    TrapStorm(TrapStorm),
    /// The observer stopped this hart before an instruction.
    Observer {
        /// The hart's number.
        hart: usize,
    },
    /// [`Interrupter::interrupt`] was called.
    Interrupted,
    /// The host has no thread for this hart, and those that have one have been stopped.
    NoThread {
        /// The hart's number.
        hart: usize,
    },
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

impl TrapStorm {
    /// What can be said of a hart that traps for ever: the trap CSRs of the mode that it traps into.
    pub(crate) fn of(hart: &Hart) -> TrapStorm {
        let mode = hart.mode();
        let (cause, tval) = match (mode.privilege, mode.virt) {
            (Privilege::M, _) => (csr::mcause::NUMBER, csr::mtval::NUMBER),
            (_, false) => (csr::scause::NUMBER, csr::stval::NUMBER),
            (_, true) => (csr::vscause::NUMBER, csr::vstval::NUMBER),
        };
        let [cause, tval] = [cause, tval].map(|number| hart.csr(number).unwrap_or(0));
        TrapStorm { hart: hart.id(), pc: hart.pc(), mode, cause: Cause::from_bits(cause), tval }
    }
}

impl fmt::Display for TrapStorm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
#[derive(Clone, Default, Debug)]
pub struct Interrupter(Arc<AtomicBool>);

impl Interrupter {
    /// Makes [`Machine::run`] return soon; if it is not running, the next call will.
    pub fn interrupt(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// Whether it has been called since the last time.
    pub(crate) fn take(&self) -> bool {
        self.0.swap(false, Ordering::Relaxed)
    }
}
