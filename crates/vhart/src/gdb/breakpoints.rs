//! Breakpoints and watchpoints: sets that an observer compares with, so that memory is never patched.

use std::collections::HashSet;
use std::ops::{ControlFlow, Range};

use gdbstub::target::ext::breakpoints::WatchKind;
use isa::paging::PAGE_SIZE;
use iss::observe::{AccessKind, Interest, MemoryAccess};
use iss::{Hart, Observer};

/// Why the observer stopped a hart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Hit {
    /// It has taken the step that it was asked for.
    Step,
    /// It is about to execute an instruction with a software breakpoint.
    Software,
    /// The same with a hardware breakpoint.
    Hardware,
    /// It has accessed watched memory; the address is that of the watchpoint.
    Watch(WatchKind, u64),
}

/// What stops a hart, and what has.
#[derive(Default)]
pub(crate) struct Breakpoints {
    /// Virtual addresses. The debugger counts its references, so two at one place are one here.
    pub(super) software: HashSet<u64>,
    /// As `software`: both are compared with pc, but the debugger wants to hear which it was.
    pub(super) hardware: HashSet<u64>,
    watches: Vec<Watch>,
    /// The harts that are to take one step.
    steps: Vec<Step>,
    /// How often what is to stop harts has changed, from 1.
    changes: u64,
    /// The hart that was stopped, and why.
    pub(super) hit: Option<(usize, Hit)>,
}

#[derive(PartialEq, Eq)]
struct Watch {
    range: Range<u64>,
    kind: WatchKind,
}

struct Step {
    hart: usize,
    started: bool,
}

impl Breakpoints {
    /// Watches `len` bytes at virtual address `va`, to stop after an access; false where that reaches over the end of memory.
    pub(super) fn watch(&mut self, va: u64, len: u64, kind: WatchKind) -> bool {
        let end = va.checked_add(len);
        if let Some(end) = end {
            self.watches.push(Watch { range: va..end, kind });
        }
        end.is_some()
    }

    /// Takes a watchpoint away; false where there is none such.
    pub(super) fn unwatch(&mut self, va: u64, len: u64, kind: WatchKind) -> bool {
        let watch = Watch { range: va..va.saturating_add(len), kind };
        let at = self.watches.iter().position(|w| *w == watch);
        at.map(|at| self.watches.swap_remove(at)).is_some()
    }

    /// Begins a resumption in which `steps` take one step each.
    pub(super) fn resume(&mut self, steps: impl Iterator<Item = usize>) {
        self.hit = None;
        self.changes += 1;
        self.steps = steps.map(|hart| Step { hart, started: false }).collect();
    }

    fn stops(&mut self, hart: usize, pc: u64) -> Option<Hit> {
        if let Some(step) = self.steps.iter_mut().find(|step| step.hart == hart) {
            // A step first executes the instruction at pc, whatever breakpoint may be there.
            return std::mem::replace(&mut step.started, true).then_some(Hit::Step);
        }
        let hardware = || self.hardware.contains(&pc).then_some(Hit::Hardware);
        self.software.contains(&pc).then_some(Hit::Software).or_else(hardware)
    }
}

impl Observer for Breakpoints {
    fn interest(&self) -> Interest {
        // A step ends before the instruction after it, whichever that is.
        if self.steps.is_empty() { Interest::Places(self.changes) } else { Interest::Everything }
    }

    fn stops_at(&self, offset: u64) -> bool {
        self.software.iter().chain(&self.hardware).any(|va| va % PAGE_SIZE == offset)
    }

    fn watches(&self, vas: &Range<u64>) -> bool {
        self.watches.iter().any(|watch| watch.range.start < vas.end && vas.start < watch.range.end)
    }

    fn before(&mut self, hart: &Hart, pc: u64) -> ControlFlow<()> {
        if self.hit.is_none() {
            self.hit = self.stops(hart.id(), pc).map(|hit| (hart.id(), hit));
        }
        if self.hit.is_some() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn access(&mut self, hart: &Hart, access: &MemoryAccess) {
        if self.watches.is_empty() || self.hit.is_some() {
            return;
        }
        let last = access.va.saturating_add(access.width.bytes() - 1);
        let (reads, writes) = match access.kind {
            AccessKind::Fetch | AccessKind::Manage => return,
            AccessKind::Load => (true, false),
            AccessKind::Store => (false, true),
            AccessKind::Amo => (true, true),
        };
        let watched = self.watches.iter().find(|watch| {
            let wanted = match watch.kind {
                WatchKind::Read => reads,
                WatchKind::Write => writes,
                WatchKind::ReadWrite => true,
            };
            wanted && watch.range.start <= last && access.va < watch.range.end
        });
        self.hit = watched.map(|watch| (hart.id(), Hit::Watch(watch.kind, watch.range.start)));
    }
}

#[cfg(test)]
mod tests {
    use iss::{Variant, Width};

    use super::*;

    fn store(va: u64, width: Width) -> MemoryAccess {
        MemoryAccess { kind: AccessKind::Store, va, pa: va, width, value: 0 }
    }

    #[test]
    fn a_step_leaves_a_breakpoint_and_stops_at_the_next_instruction() {
        let hart = Hart::new(1, Variant::default());
        let mut points = Breakpoints::default();
        points.software.insert(0x100);
        points.resume([1].into_iter());
        assert!(points.before(&hart, 0x100).is_continue());
        assert!(points.before(&hart, 0x104).is_break());
        assert_eq!(points.hit, Some((1, Hit::Step)));
        points.resume(std::iter::empty());
        assert!(points.before(&hart, 0x104).is_continue());
        assert!(points.before(&hart, 0x100).is_break());
        assert_eq!(points.hit, Some((1, Hit::Software)));
    }

    #[test]
    fn a_watchpoint_sees_accesses_that_overlap_it() {
        let hart = Hart::new(0, Variant::default());
        let mut points = Breakpoints::default();
        assert!(points.watch(0x1004, 2, WatchKind::Write));
        assert!(!points.watch(u64::MAX, 8, WatchKind::Write), "over the end");
        points.access(&hart, &store(0x1000, Width::W));
        points.access(&hart, &store(0x1006, Width::H));
        points.access(&hart, &MemoryAccess { kind: AccessKind::Load, ..store(0x1004, Width::B) });
        assert_eq!(points.hit, None);
        points.access(&hart, &store(0x1000, Width::D));
        assert_eq!(points.hit, Some((0, Hit::Watch(WatchKind::Write, 0x1004))));
        assert!(points.before(&hart, 0).is_break(), "before the next instruction");
        assert!(points.unwatch(0x1004, 2, WatchKind::Write));
        assert!(!points.unwatch(0x1004, 2, WatchKind::Write));
    }
}
