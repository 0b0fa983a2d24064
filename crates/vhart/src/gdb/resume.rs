//! Going on: continue and step, all harts or some, and why the machine has stopped again.

use std::time::{Duration, Instant};

use gdbstub::common::{Signal, Tid};
use gdbstub::stub::MultiThreadStopReason;
use gdbstub::target::TargetResult;
use gdbstub::target::ext::base::multithread::{
    MultiThreadBase, MultiThreadResume, MultiThreadResumeOps, MultiThreadSchedulerLocking,
    MultiThreadSchedulerLockingOps, MultiThreadSingleStep, MultiThreadSingleStepOps,
};
use gdbstub::target::ext::base::single_register_access::SingleRegisterAccessOps;
use gdbstub::target::ext::thread_extra_info::ThreadExtraInfoOps;
use gdbstub_arch::riscv::reg::RiscvCoreRegs;
use platform::{MachineStop, TrapStorm, Until};

use super::breakpoints::Hit;
use super::target::{Debuggee, hart_of, thread_of};
use crate::{session, status};

type StopReason = MultiThreadStopReason<u64>;

/// What the harts are to do.
#[derive(Default)]
pub(super) struct Actions {
    /// Those that take one step.
    step: Vec<usize>,
    /// Those named to go on; all others go on too, unless `locked`.
    go: Vec<usize>,
    /// Harts that are not named stand still.
    locked: bool,
}

/// Locked harts take turns of so many steps.
const LOCKED_TURN: usize = 100;

impl Debuggee<'_> {
    /// Runs for a while; `None` when there is nothing to tell the debugger yet.
    pub(super) fn run(&mut self, time: Duration) -> Result<Option<StopReason>, platform::Error> {
        let end = Instant::now() + time;
        let stop = if self.actions.locked { self.run_locked(end) } else { self.run_all(end) };
        let signal = |hart, signal| StopReason::SignalWithThread { tid: thread_of(hart), signal };
        let reason = match stop {
            MachineStop::Timeout if self.until.deadline.is_none_or(|deadline| Instant::now() < deadline) => {
                return Ok(None);
            }
            MachineStop::Reset => {
                self.machine.reset()?;
                return Ok(None);
            }
            MachineStop::Observer { .. } => {
                let hit = self.breakpoints().hit;
                return Ok(hit.map(|(hart, hit)| reason(hart, hit)));
            }
            // These can be looked into, so the session goes on.
            MachineStop::TrapStorm(TrapStorm { hart, .. }) => {
                session::report(stop);
                return Ok(Some(signal(hart, Signal::SIGSEGV)));
            }
            MachineStop::CriticalError { hart } => {
                session::report(stop);
                return Ok(Some(signal(hart, Signal::SIGABRT)));
            }
            MachineStop::Deadlock => {
                session::report(stop);
                return Ok(Some(signal(0, Signal::SIGSTOP)));
            }
            MachineStop::Exit(code) => StopReason::Exited(status::of_guest(code)),
            MachineStop::InstructionLimit | MachineStop::Timeout => StopReason::Exited(status::LIMIT),
            MachineStop::Interrupted | MachineStop::NoThread { .. } => StopReason::Terminated(Signal::SIGINT),
        };
        self.ended = Some(stop);
        Ok(Some(reason))
    }

    fn run_all(&mut self, end: Instant) -> MachineStop {
        let deadline = Some(self.until.deadline.map_or(end, |deadline| deadline.min(end)));
        self.machine.run(Until { deadline, ..self.until }, self.watch.observer())
    }

    /// Lets only the named harts run, step by step in turns.
    fn run_locked(&mut self, end: Instant) -> MachineStop {
        while Instant::now() < end {
            for index in 0..self.actions.step.len() + self.actions.go.len() {
                let Actions { step, go, .. } = &self.actions;
                let (hart, steps) = match step.get(index) {
                    // A step ends when the observer is asked before the instruction after it.
                    Some(hart) => (*hart, 2),
                    None => (go[index - step.len()], LOCKED_TURN),
                };
                for _ in 0..steps {
                    if self.until.instructions.is_some_and(|limit| limit <= self.machine.instructions()) {
                        return MachineStop::InstructionLimit;
                    }
                    if let Err(stop) = self.machine.step(hart, self.watch.observer()) {
                        return stop;
                    }
                }
            }
        }
        MachineStop::Timeout
    }
}

fn reason(hart: usize, hit: Hit) -> StopReason {
    let tid = thread_of(hart);
    match hit {
        Hit::Step => StopReason::SignalWithThread { tid, signal: Signal::SIGTRAP },
        Hit::Software => StopReason::SwBreak(tid),
        Hit::Hardware => StopReason::HwBreak(tid),
        Hit::Watch(kind, addr) => StopReason::Watch { tid, kind, addr },
    }
}

impl MultiThreadBase for Debuggee<'_> {
    fn read_registers(&mut self, regs: &mut RiscvCoreRegs<u64>, tid: Tid) -> TargetResult<(), Self> {
        self.read_core(regs, tid)
    }

    fn write_registers(&mut self, regs: &RiscvCoreRegs<u64>, tid: Tid) -> TargetResult<(), Self> {
        self.write_core(regs, tid)
    }

    fn support_single_register_access(&mut self) -> Option<SingleRegisterAccessOps<'_, Tid, Self>> {
        Some(self)
    }

    fn read_addrs(&mut self, va: u64, data: &mut [u8], tid: Tid) -> TargetResult<usize, Self> {
        self.read_memory(va, data, tid)
    }

    fn write_addrs(&mut self, va: u64, data: &[u8], tid: Tid) -> TargetResult<(), Self> {
        self.write_memory(va, data, tid)
    }

    fn list_active_threads(&mut self, active: &mut dyn FnMut(Tid)) -> Result<(), platform::Error> {
        (0..self.machine.harts()).map(thread_of).for_each(active);
        Ok(())
    }

    fn support_resume(&mut self) -> Option<MultiThreadResumeOps<'_, Self>> {
        Some(self)
    }

    fn support_thread_extra_info(&mut self) -> Option<ThreadExtraInfoOps<'_, Self>> {
        Some(self)
    }
}

impl MultiThreadResume for Debuggee<'_> {
    fn resume(&mut self) -> Result<(), platform::Error> {
        let step = self.actions.step.clone();
        self.breakpoints().resume(step.into_iter());
        Ok(())
    }

    fn clear_resume_actions(&mut self) -> Result<(), platform::Error> {
        self.actions = Actions::default();
        Ok(())
    }

    fn set_resume_action_continue(&mut self, tid: Tid, _: Option<Signal>) -> Result<(), platform::Error> {
        self.actions.go.push(hart_of(tid));
        Ok(())
    }

    fn support_single_step(&mut self) -> Option<MultiThreadSingleStepOps<'_, Self>> {
        Some(self)
    }

    fn support_scheduler_locking(&mut self) -> Option<MultiThreadSchedulerLockingOps<'_, Self>> {
        Some(self)
    }
}

impl MultiThreadSingleStep for Debuggee<'_> {
    fn set_resume_action_step(&mut self, tid: Tid, _: Option<Signal>) -> Result<(), platform::Error> {
        self.actions.step.push(hart_of(tid));
        Ok(())
    }
}

impl MultiThreadSchedulerLocking for Debuggee<'_> {
    fn set_resume_action_scheduler_lock(&mut self) -> Result<(), platform::Error> {
        self.actions.locked = true;
        Ok(())
    }
}
