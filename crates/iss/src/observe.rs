//! Watching a hart: what an observer is told, and when.

use core::ops::{ControlFlow, Range};

use isa::cause::Cause;
use isa::{Inst, Mode};

use crate::bus::Width;
use crate::hart::Hart;

/// Why a hart touches memory.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum AccessKind {
    /// An instruction fetch.
    Fetch,
    /// A load, also by HLV, HLVX and LR.
    Load,
    /// A store, also by HSV and SC.
    Store,
    /// An atomic read-modify-write; `value` is what was written.
    Amo,
    /// A cache-block management operation, which no observer is told of: nothing is read or written.
    Manage,
}

/// A completed explicit memory access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryAccess {
    /// What it was for.
    pub kind: AccessKind,
    /// The virtual address.
    pub va: u64,
    /// The physical address; of a misaligned access that crosses a page, of its first byte.
    pub pa: u64,
    /// The width.
    pub width: Width,
    /// The value read or written, zero-extended.
    pub value: u64,
}

/// The translation stage that a page-table entry belongs to.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// The one stage of M-, HS- and U-mode, under `satp`.
    Single,
    /// The guest's stage, under `vsatp`.
    Vs,
    /// The hypervisor's stage, under `hgatp`.
    G,
}

/// One page-table entry read by a walk.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct WalkStep {
    /// The stage.
    pub stage: Stage,
    /// The address being translated: virtual, or guest physical in the G stage.
    pub address: u64,
    /// The level of the table, 0 for the last.
    pub level: u32,
    /// Where the entry lies, in supervisor physical addresses.
    pub pte_pa: u64,
    /// The entry.
    pub pte: u64,
}

/// A trap that has just been taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TrapTaken {
    /// Why.
    pub cause: Cause,
    /// The mode it came from.
    pub from: Mode,
    /// The mode it went to.
    pub to: Mode,
    /// What `xepc` became.
    pub epc: u64,
    /// What `xtval` became.
    pub tval: u64,
    /// What `htval` or `mtval2` became; 0 for a trap to VS-mode.
    pub tval2: u64,
    /// What `htinst` or `mtinst` became; 0 for a trap to VS-mode.
    pub tinst: u64,
}

/// A change of the virtualization mode V.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WorldSwitch {
    /// V became 1, by SRET or MRET; `pc` is where the guest goes on.
    Entry {
        /// The guest's program counter.
        pc: u64,
        /// VS or VU.
        to: Mode,
    },
    /// V became 0, by a trap.
    Exit(TrapTaken),
}

/// How much an observer wants to be told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Interest {
    /// Everything. The hart executes one instruction after the other by the reference interpreter.
    Everything,
    /// Traps, page walks and world switches alone, which costs nothing as long as there are none.
    Events,
    /// Those, [`before`](Observer::before) at some instructions and [`access`](Observer::access) to some addresses:
    /// at least where [`stops_at`](Observer::stops_at) and [`watches`](Observer::watches) say so. The number is
    /// another one, not 0, whenever what they say may have changed.
    Places(u64),
}

/// Something that is told what a hart does.
///
/// Every method has an empty body by default. Those of [`Silent`] are compiled away.
pub trait Observer {
    /// How much it wants to be told. Asked at the start of each run.
    fn interest(&self) -> Interest {
        Interest::Everything
    }

    /// Whether it wants to be told before an instruction that is executed `offset` bytes into some page.
    fn stops_at(&self, _offset: u64) -> bool {
        false
    }

    /// Whether it wants to be told of accesses to any of these virtual addresses.
    fn watches(&self, _vas: &Range<u64>) -> bool {
        false
    }

    /// The observer, where there is one.
    #[doc(hidden)]
    fn watching(&mut self) -> Option<&mut dyn Observer>
    where
        Self: Sized,
    {
        Some(self)
    }

    /// An instruction is about to be executed at `pc`; `Break` stops the hart before it.
    fn before(&mut self, _hart: &Hart, _pc: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// An instruction has retired; `pc` is where it was.
    fn retire(&mut self, _hart: &Hart, _pc: u64, _inst: &Inst) {}

    /// A trap has been taken.
    fn trap(&mut self, _hart: &Hart, _trap: &TrapTaken) {}

    /// An explicit access has completed; also each instruction fetch.
    fn access(&mut self, _hart: &Hart, _access: &MemoryAccess) {}

    /// A page walk has read an entry.
    fn walk(&mut self, _hart: &Hart, _step: &WalkStep) {}

    /// A CSR has got a new value, by an instruction or as its side effect; `number` is the register that
    /// holds the value (a write of `sstatus` at V=1 reports `vsstatus`).
    fn csr_write(&mut self, _hart: &Hart, _number: u16, _value: u64) {}

    /// V has changed.
    fn world_switch(&mut self, _hart: &Hart, _switch: &WorldSwitch) {}
}

/// The observer that is not there.
#[derive(Clone, Copy, Default, Debug)]
pub struct Silent;

impl Observer for Silent {
    fn interest(&self) -> Interest {
        Interest::Events
    }

    fn watching(&mut self) -> Option<&mut dyn Observer> {
        None
    }
}

impl Observer for &mut dyn Observer {
    fn interest(&self) -> Interest {
        (**self).interest()
    }
    fn stops_at(&self, offset: u64) -> bool {
        (**self).stops_at(offset)
    }
    fn watches(&self, vas: &Range<u64>) -> bool {
        (**self).watches(vas)
    }
    fn before(&mut self, hart: &Hart, pc: u64) -> ControlFlow<()> {
        (**self).before(hart, pc)
    }
    fn retire(&mut self, hart: &Hart, pc: u64, inst: &Inst) {
        (**self).retire(hart, pc, inst);
    }
    fn trap(&mut self, hart: &Hart, trap: &TrapTaken) {
        (**self).trap(hart, trap);
    }
    fn access(&mut self, hart: &Hart, access: &MemoryAccess) {
        (**self).access(hart, access);
    }
    fn walk(&mut self, hart: &Hart, step: &WalkStep) {
        (**self).walk(hart, step);
    }
    fn csr_write(&mut self, hart: &Hart, number: u16, value: u64) {
        (**self).csr_write(hart, number, value);
    }
    fn world_switch(&mut self, hart: &Hart, switch: &WorldSwitch) {
        (**self).world_switch(hart, switch);
    }
}
