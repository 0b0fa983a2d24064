//! Everything that is no common case: the reference interpreter executes the instruction.

use std::ops::ControlFlow;

use isa::Inst;
use isa::format::Format;

use crate::bus::{Bus, Width};
use crate::engine::op::{Header, Next, Op, STOP, go, header};
use crate::engine::view::Line;
use crate::exec::Cpu;
use crate::hart::Hart;
use crate::mmu::Access;
use crate::observe::{AccessKind, MemoryAccess, Observer, Silent};

/// Executes the instruction of `op` by the reference interpreter, and goes on with the next op where nothing has
/// happened that needs a look from outside.
///
/// # Safety
/// As for [`Step::step`](super::Step::step).
#[cold]
#[inline(never)]
pub(in crate::engine) unsafe extern "C" fn slow(
    hart: &mut Hart,
    op: *const Op,
    _: u64,
    va: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: `op` belongs to a block.
    unsafe {
        let header = header(op);
        let n = (*op).n;
        // This instruction and those after it have been charged, but not executed.
        let left = budget + i64::from((*header).len - n);
        if hart.execute_one(&*header, n, va, left) {
            let acc = super::x(hart, (*op).rd);
            return go(hart, op.add(1), acc, va, budget, lines);
        }
    }
    STOP
}

/// Executes `inst`, which is at the program counter. Says whether it has retired, and whether it has accessed a device.
fn perform(hart: &mut Hart, bus: &mut dyn Bus, obs: impl Observer, inst: &Inst) -> (bool, bool) {
    let mut cpu = Cpu { hart, bus, obs, next_pc: 0, touched_io: false };
    (cpu.step_known(inst), cpu.touched_io)
}

/// Executes the instruction of `op` by the reference interpreter, and tells the observer everything about it.
///
/// # Safety
/// As for [`Step::step`](super::Step::step).
pub(in crate::engine) unsafe extern "C" fn observed(
    hart: &mut Hart,
    op: *const Op,
    _: u64,
    va: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: `op` belongs to a block.
    unsafe {
        let header = header(op);
        let n = (*op).n;
        let left = budget + i64::from((*header).len - n);
        if hart.announce(&*header, n, va, left) && hart.execute_one(&*header, n, va, left) {
            return go(hart, op.add(1), 0, va, budget, lines);
        }
    }
    STOP
}

impl Hart {
    /// Tells the observer that instruction `n` of a block is about to be executed, and of its fetch. Says whether it
    /// may be executed.
    ///
    /// Never inlined, as [`execute_one`](Hart::execute_one).
    #[inline(never)]
    fn announce(&mut self, header: &Header, n: u8, va: u64, left: i64) -> bool {
        let Some(observer) = self.engine.hot.observer else { return true };
        // SAFETY: `run` has put it there, and lends it to nobody else while ops are executed.
        let observer = unsafe { &mut *observer };
        let offset = header.offset(n);
        let pc = va | offset;
        self.reached(left);
        self.clock.reach((self.engine.hot.end - left) as u64, &mut self.lines.time);
        self.pc = pc;
        if let ControlFlow::Break(()) = observer.before(self, pc) {
            self.engine.hot.budget = left;
            self.engine.hot.stopped = true;
            return false;
        }
        let page = self.engine.code().page_at(header.page).place;
        let mut fetch = |offset: u64, width: Width| {
            let value = page.half(offset) | if width == Width::W { page.half(offset + 2) << 16 } else { 0 };
            let (va, pa) = (va | offset, page.address | offset);
            let access = MemoryAccess { kind: AccessKind::Fetch, va, pa, width, value: value.into() };
            observer.access(self, &access);
        };
        if pc.is_multiple_of(4) {
            fetch(offset, Width::W);
        } else {
            fetch(offset, Width::H);
            if header.shorts >> n & 1 == 0 {
                fetch(offset + 2, Width::H);
            }
        }
        true
    }

    /// Executes instruction `n` of a block in the page at `va`, when so many steps are left, itself included. Says
    /// whether the block may go on.
    ///
    /// Never inlined: what has an address in the caller's frame would keep [`slow`] from ending in a jump.
    #[inline(never)]
    fn execute_one(&mut self, header: &Header, n: u8, va: u64, left: i64) -> bool {
        let (offset, after) = (header.offset(n), header.offset(n + 1));
        self.reached(left);
        self.clock.reach((self.engine.hot.end - left) as u64, &mut self.lines.time);
        self.pc = va | offset;
        let Some(inst) = self.instruction(header.page, offset) else {
            // Another hart has just changed it.
            self.engine.hot.budget = left;
            self.engine.hot.step = true;
            return false;
        };
        self.engine.hot.budget = left - 1;
        // SAFETY: `run` has put the bus there, and lends it to nobody else while ops are executed.
        let bus = unsafe { &mut *self.engine.hot.bus };
        let access = self.data_access(&inst);
        // SAFETY: as for the bus.
        let observer = self.engine.hot.observer.map(|observer| unsafe { &mut *observer });
        let (retired, touched_io) = match observer {
            None => perform(self, bus, Silent, &inst),
            Some(observer) => perform(self, bus, observer, &inst),
        };
        self.engine.hot.accounted += 1;
        self.engine.hot.touched_io |= touched_io;
        if let (Some((access, address)), true) = (access, retired && !self.engine.hot.observes) {
            self.learn(bus, &access, address);
        }
        // The observer may want to stop before the next instruction.
        self.engine.hot.leave |= self.engine.hot.watches && access.is_some();
        self.note_float_state();
        self.engine.catch_up(bus.ram());
        self.pc == va.wrapping_add(after)
            && retired
            && !touched_io
            && !self.recheck_interrupts
            && !self.waiting
            && !self.engine.hot.leave
    }

    /// The instruction at `offset` in a page with code.
    pub(in crate::engine) fn instruction(&mut self, page: u32, offset: u64) -> Option<Inst> {
        let word = self.engine.code().page_at(page).place.instruction(offset)?;
        self.decoded.decode(word)
    }

    /// The access to data that `inst` is about to make, and its address.
    fn data_access(&self, inst: &Inst) -> Option<(Access, u64)> {
        let base = self.x(inst.rs1);
        let offset = base.wrapping_add(inst.imm as u64);
        Some(match inst.op.long().row().format {
            Format::Load | Format::FLoad => (self.explicit(AccessKind::Load), offset),
            Format::Store | Format::FStore => (self.explicit(AccessKind::Store), offset),
            Format::Amo | Format::AmoPair | Format::Lr => (self.explicit(AccessKind::Amo), base),
            Format::Cbo => (self.explicit(AccessKind::Store), base),
            Format::HLoad => (self.as_guest(AccessKind::Load), base),
            Format::HStore => (self.as_guest(AccessKind::Store), base),
            _ => return None,
        })
    }
}
