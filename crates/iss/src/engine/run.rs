//! The way into blocks and out of them.

use isa::paging::PAGE_SIZE;

use super::Engine;
use super::build::{Decoder, Watch, build};
use super::code::{MISSING, STEP};
use super::handler::{control, slow};
use super::op::{Handler, Header, Op, go, header};
use super::select;
use crate::bus::Bus;
use crate::event::Event;
use crate::hart::Hart;
use crate::observe::Observer;

impl Hart {
    /// Executes blocks for at most `left` steps, of a run in which `taken` have been taken, and returns how many
    /// it took: fewer, or none, where something needs a look from outside or the reference interpreter.
    pub(crate) fn run_blocks(
        &mut self,
        bus: &mut dyn Bus,
        observer: Option<&mut dyn Observer>,
        taken: u64,
        left: u64,
    ) -> u64 {
        self.engine.hot.touched_io = false;
        self.engine.hot.stopped = false;
        if self.engine.kind != Engine::Fast || !self.counting.is_simple() {
            return 0;
        }
        let code = self.engine.code();
        if !code.is_usable() {
            return 0;
        }
        self.engine.hot.arena = code.arena.start();
        self.engine.catch_up(bus.ram());
        self.select_views();
        self.note_float_state();
        let (counters, mode) = (self.readable_counters(), self.mode().index());
        let ram = bus.ram();
        let hot = &mut self.engine.hot;
        hot.to_host = (ram.host().0 as u64).wrapping_sub(ram.base());
        hot.counters = counters;
        hot.mode = mode as u8;
        hot.leave = false;
        hot.step = false;
        let budget = i64::try_from(left.min(1 << 62)).unwrap_or(i64::MAX);
        hot.end = taken as i64 + budget;
        hot.accounted = taken as i64;
        hot.budget = budget;
        // SAFETY: only lifetimes change; the pointers are not used after this call.
        unsafe {
            self.engine.hot.bus = std::mem::transmute::<*mut dyn Bus, *mut dyn Bus>(bus);
            self.engine.hot.observer = observer
                .map(|observer| std::mem::transmute::<*mut dyn Observer, *mut dyn Observer>(observer));
        }
        while self.engine.hot.budget > 0
            && let Some(op) = self.find_block(bus)
        {
            // SAFETY: the op is the first of a block, which was decoded from the page that `pc` is in.
            unsafe {
                let left = self.engine.hot.budget;
                let budget = left - i64::from((*op.cast::<Header>().sub(1)).len);
                if budget < 0 {
                    self.execute_part(op, left as usize, budget);
                } else {
                    execute(self, op, self.pc & !(PAGE_SIZE - 1), budget, self.engine.hot.lines);
                }
            }
            let hot = &self.engine.hot;
            if hot.leave
                || hot.step
                || hot.stopped
                || hot.touched_io
                || self.recheck_interrupts
                || self.waiting
                || self.critical_error
            {
                break;
            }
        }
        self.reached(self.engine.hot.budget);
        (self.engine.hot.end - self.engine.hot.budget) as u64 - taken
    }

    /// Executes the first `len` instructions of the block at `op`, which is longer, and charged for as a whole. For
    /// that time the op after them stops, and the one before it executes no more than its own instruction.
    ///
    /// # Safety
    /// The block must have been decoded from the page that is now at the program counter.
    unsafe fn execute_part(&mut self, op: *mut Op, len: usize, budget: i64) {
        // SAFETY: the block has more than `len` ops, and `len` is not 0.
        unsafe {
            let (last, end) = (op.add(len - 1), op.add(len));
            let kept = [(*last).run, (*end).run];
            if !self.engine.hot.observes {
                (*last).run = self.single_handler(last);
            }
            (*end).run = control::reach_end;
            let put = [(*last).run, (*end).run];
            execute(self, op, self.pc & !(PAGE_SIZE - 1), budget, self.engine.hot.lines);
            for ((op, kept), put) in [last, end].into_iter().zip(kept).zip(put) {
                // The block may have been dropped meanwhile, and its first op changed for that.
                if std::ptr::fn_addr_eq((*op).run, put) {
                    (*op).run = kept;
                }
            }
        }
    }

    /// The handler of the instruction of `op` alone, which relies on no result of the instruction before.
    ///
    /// # Safety
    /// `op` must be an op of a block.
    unsafe fn single_handler(&mut self, op: *const Op) -> Handler {
        if self.parallel {
            // Another hart may have changed the instruction: then the op has the operands of another one.
            return slow::slow;
        }
        // SAFETY: passed on.
        let (header, n) = unsafe { (&*header(op), (*op).n) };
        let inst = self.instruction(header.page, header.offset(n));
        inst.map_or(slow::slow, |inst| select::handler(&inst, self.decoded.extensions()))
    }

    /// The first op of the block at the program counter, built if need be; `None` where the reference interpreter
    /// has to execute the instruction.
    fn find_block(&mut self, bus: &dyn Bus) -> Option<*mut Op> {
        let pc = self.pc;
        let offset = pc % PAGE_SIZE;
        // SAFETY: the lines are those of a view.
        let line = unsafe { &*self.engine.hot.fetch_lines.add((pc >> 12) as usize % super::view::LINES) };
        let known = line.tag == pc - offset;
        let slot = if known {
            // SAFETY: a line with a tag has entries.
            unsafe { *line.entries.add((offset / 2) as usize) }
        } else {
            MISSING
        };
        let slot = if slot == MISSING { self.build_block(bus, offset, known)? } else { slot };
        // SAFETY: the slot is one of the arena's.
        (slot != STEP).then(|| unsafe { self.engine.hot.arena.add(slot as usize) })
    }

    #[cold]
    fn build_block(&mut self, bus: &dyn Bus, offset: u64, known: bool) -> Option<u32> {
        let ram = bus.ram();
        let pa = self.code_page(bus, self.pc)?;
        let engine = &mut self.engine;
        let code = engine.code.as_deref_mut()?;
        let page = code.page(ram, pa);
        let entries = code.entries(page);
        let entry = code.page_at(page).entry(offset);
        let slot = if entry == MISSING {
            // SAFETY: the observer is lent to the run, and nobody else uses it while blocks are built.
            let observer = engine.hot.observer.map(|observer| unsafe { &*observer });
            let watch = match observer {
                _ if engine.hot.observes => Watch::Everything,
                Some(observer) if engine.hot.watches => Watch::Places(observer),
                _ => Watch::Nothing,
            };
            let decoder = Decoder { decoded: &mut self.decoded, parallel: self.parallel, watch };
            match build(code, decoder, page, offset) {
                Some(slot) => slot,
                None => {
                    code.make_room(&mut engine.views, self.retired);
                    return None;
                }
            }
        } else {
            entry
        };
        // If the page is marked only now, stores to it need a closer look from now on.
        engine.catch_up(ram);
        engine.hot.leave = false;
        if !known {
            self.learn_code(self.pc, entries);
        }
        Some(slot)
    }

    /// Accounts for the steps up to where `left` are left of those that blocks may take, all of which have retired.
    pub(super) fn reached(&mut self, left: i64) {
        let taken = self.engine.hot.end - left;
        let steps = (taken - self.engine.hot.accounted) as u64;
        self.engine.hot.accounted = taken;
        self.count_retired(steps);
    }
}

/// Executes the block at `op` and all that follow.
///
/// # Safety
/// The block must have been decoded from the page that is now at `va`, and have been charged for.
unsafe fn execute(hart: &mut Hart, op: *const Op, va: u64, budget: i64, lines: *const super::view::Line) {
    #[cfg(not(engine_loop))]
    // SAFETY: passed on.
    unsafe {
        go(hart, op, 0, va, budget, lines);
    }
    #[cfg(engine_loop)]
    {
        // SAFETY: passed on.
        let mut next = unsafe { go(hart, op, 0, va, budget, lines) };
        while let Some((op, acc, va, budget, lines)) = next {
            // SAFETY: handlers return what they would otherwise call.
            next = unsafe { ((*op).run)(hart, op, acc, va, budget, lines) };
        }
    }
}

impl crate::csr::counters::Counting {
    /// Whether no more is counted than steps, and what the reference interpreter sees as well.
    fn is_simple(self) -> bool {
        let seen_here = [Event::Load, Event::Store, Event::Branch, Event::TakenBranch];
        let many = |counters: u32, usual: u32| counters & !usual != 0;
        seen_here.iter().all(|event| self.of(*event) == 0)
            && !many(self.of(Event::Cycle), 1)
            && !many(self.of(Event::Instret), 4)
    }
}
