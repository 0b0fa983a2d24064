//! The engine: executes decoded blocks instead of one instruction word at a time.
//!
//! It does the same as the reference interpreter in `exec`, step for step, and leaves to that whatever is not
//! common. docs/performance.md tells how it works; here is where things are:
//!
//! - [`run`]: the way in and out: when blocks may be executed, and for how long.
//! - [`op`], [`handler`]: what a decoded instruction is, and what executes it.
//! - [`select`], [`fuse`], [`build`]: from instructions to handlers, of one or of two, and from bytes to blocks.
//! - [`code`], [`arena`]: where blocks are, and when they are dropped.
//! - [`view`]: memory as handlers see it.
//!
//! Unsafe code is in here for three reasons: guest memory, which views lead to by addresses of the host; the ops,
//! which handlers go through by a pointer; and the bus, which handlers reach through the hart.

mod arena;
mod build;
mod code;
mod fuse;
mod handler;
mod op;
mod run;
mod select;
#[cfg(test)]
mod tests;
mod view;

use std::fmt;
use std::ptr::NonNull;

use code::Code;
use op::Op;
use view::{FetchLine, Known, Line, Views};

use crate::bus::{Bus, Lines};
use crate::mmu::tlb::Forgotten;
use crate::observe::{Interest, Observer};
use crate::ram::Ram;

/// How a hart executes instructions.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Engine {
    /// Decoded blocks.
    #[default]
    Fast,
    /// One instruction at a time, by the methods that `exec` has for each of them.
    Reference,
}

/// What handlers look at.
pub(crate) struct Hot {
    /// The view for loads and stores.
    lines: *const Line,
    /// The view for HLV and HSV.
    guest_lines: *const Line,
    /// The view for fetches.
    fetch_lines: *const FetchLine,
    /// The blocks that were jumped to lately in that view.
    known: *mut Known,
    /// Slot 0 of the arena.
    arena: *mut Op,
    /// What to add to a physical address in main memory to get the host's.
    to_host: u64,
    /// The mode, by its index.
    mode: u8,
    /// The counters that may be read, as bits of `mcounteren`.
    counters: u64,
    /// What of the floating-point state handlers rely on.
    float: u8,
    /// The bus, while blocks are executed.
    bus: *mut dyn Bus,
    /// Who watches meanwhile.
    observer: Option<*mut dyn Observer>,
    /// The observer watches addresses: it is asked before whatever follows an access that needed a closer look.
    watches: bool,
    /// The observer is told everything.
    observes: bool,
    /// The observer has stopped the hart.
    stopped: bool,
    /// Steps left when the chain of handlers ended.
    budget: i64,
    /// Steps taken in this run if none were left now.
    end: i64,
    /// Steps taken in this run that the counters and the clock know of.
    accounted: i64,
    /// What the handlers rely on has changed.
    leave: bool,
    /// The next instruction is the reference interpreter's.
    step: bool,
    /// A device or a watched word has been accessed.
    touched_io: bool,
}

/// What a hart has for executing decoded blocks.
pub(crate) struct EngineState {
    kind: Engine,
    /// What an observer wants to be told, as blocks and views know it.
    interest: Interest,
    hot: Hot,
    views: Views,
    code: Option<Box<Code>>,
}

// SAFETY: all pointers lead to what the state owns, but for the bus and guest memory, which are only reached
// while `Hart::run` has them.
unsafe impl Send for EngineState {}

/// A bus that is never asked.
struct NoBus;

impl Bus for NoBus {
    fn ram(&self) -> &Ram {
        unreachable!("blocks are executed only while a bus is lent")
    }

    fn load(&mut self, _: u64, _: crate::Width) -> Result<u64, crate::AccessFault> {
        Err(crate::AccessFault)
    }

    fn store(&mut self, _: u64, _: crate::Width, _: u64) -> Result<(), crate::AccessFault> {
        Err(crate::AccessFault)
    }

    fn lines(&mut self, _: usize) -> Lines {
        Lines::default()
    }
}

impl EngineState {
    pub(crate) fn new(kind: Engine) -> EngineState {
        let views = Views::new();
        let hot = Hot {
            lines: views.empty(),
            guest_lines: views.empty(),
            fetch_lines: std::ptr::null(),
            known: std::ptr::null_mut(),
            arena: std::ptr::null_mut(),
            to_host: 0,
            mode: 0,
            counters: 0,
            float: 0,
            bus: NonNull::<NoBus>::dangling().as_ptr(),
            observer: None,
            watches: false,
            observes: false,
            stopped: false,
            budget: 0,
            end: 0,
            accounted: 0,
            leave: false,
            step: false,
            touched_io: false,
        };
        EngineState { kind, interest: Interest::Events, hot, views, code: None }
    }

    /// Which engine it is.
    pub(crate) fn kind(&self) -> Engine {
        self.kind
    }

    /// Whether the blocks that were executed last have accessed a device or a watched word.
    pub(crate) fn touched_io(&self) -> bool {
        self.hot.touched_io
    }

    /// The code cache, which is there while blocks are executed.
    fn code(&mut self) -> &mut Code {
        self.code.get_or_insert_with(|| Box::new(Code::new()))
    }

    /// Takes note of what the translation cache has forgotten.
    pub(crate) fn forget(&mut self, forgotten: Forgotten) {
        self.hot.leave |= self.views.forget(forgotten);
    }

    /// Takes note of what an observer wants to be told.
    pub(crate) fn set_interest(&mut self, interest: Interest) {
        self.hot.watches = matches!(interest, Interest::Places(_));
        self.hot.observes = interest == Interest::Everything;
        if interest != self.interest {
            self.interest = interest;
            self.views.forget_all();
            if let Some(code) = &mut self.code {
                code.forget_blocks(&mut self.views);
            }
        }
    }

    /// Whether the observer has stopped the hart in the blocks that were executed last.
    pub(crate) fn stopped(&self) -> bool {
        self.hot.stopped
    }

    /// Takes note of a change in what memory protection allows.
    pub(crate) fn forget_all(&mut self) {
        self.views.forget_all();
        self.hot.leave = true;
    }

    /// Begins to execute at the same time as other harts.
    ///
    /// A hart of the reference interpreter takes part as well: it decodes nothing, but those that do have to know
    /// whether it writes down what it stores.
    pub(crate) fn join(&mut self, ram: &Ram) {
        self.code();
        if let Some(code) = &mut self.code {
            code.join(ram, &mut self.views);
        }
    }

    /// Executes nothing until it joins again.
    pub(crate) fn rest(&self) {
        if let Some(code) = &self.code {
            code.rest();
        }
    }

    /// Makes sure that no block is older than the stores that are visible to the hart.
    pub(crate) fn fence_i(&mut self, ram: &Ram) {
        self.catch_up(ram);
        if let Some(code) = &mut self.code {
            code.settle(ram);
            self.hot.leave = true;
        }
    }

    /// Takes note of what has been stored where code has been decoded.
    fn catch_up(&mut self, ram: &Ram) {
        if let Some(code) = &mut self.code {
            self.hot.leave |= code.catch_up(ram, &mut self.views);
        }
    }
}

impl Clone for EngineState {
    /// The same engine, which has decoded nothing yet.
    fn clone(&self) -> EngineState {
        EngineState::new(self.kind)
    }
}

impl fmt::Debug for EngineState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineState").field("kind", &self.kind).finish_non_exhaustive()
    }
}
