//! An observer that writes down what it is told, and stops the hart.

use std::ops::{ControlFlow, Range};

use isa::Inst;
use isa::paging::PAGE_SIZE;
use iss::observe::{Interest, MemoryAccess, TrapTaken, WalkStep, WorldSwitch};
use iss::{Hart, Observer};

/// What is told only of an event, apart from instructions and accesses.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Event {
    Trap(TrapTaken),
    Walk(WalkStep),
    Switch(WorldSwitch),
}

/// Where a hart was when an observer was told something: instructions retired, and the program counter.
pub(crate) type At = (u64, u64);

/// Writes down what it is told.
pub(crate) struct Recorder {
    pub(crate) interest: Interest,
    pub(crate) places: Vec<u64>,
    pub(crate) watched: Vec<Range<u64>>,
    /// Stop before the next instruction after a watched access, and at each place.
    pub(crate) stops: bool,
    pub(crate) hit: bool,
    /// Not at the place where it has just stopped.
    pub(crate) resumed: bool,
    pub(crate) events: Vec<(At, Event)>,
    pub(crate) before: Vec<At>,
    pub(crate) accesses: Vec<(At, MemoryAccess)>,
    pub(crate) retired: u64,
}

impl Recorder {
    pub(crate) fn new(interest: Interest, places: &[u64], watched: &[Range<u64>]) -> Recorder {
        Recorder {
            interest,
            places: places.to_vec(),
            watched: watched.to_vec(),
            stops: false,
            hit: false,
            resumed: false,
            events: Vec::new(),
            before: Vec::new(),
            accesses: Vec::new(),
            retired: 0,
        }
    }
}

fn at(hart: &Hart) -> At {
    (hart.retired(), hart.pc())
}

impl Observer for Recorder {
    fn interest(&self) -> Interest {
        self.interest
    }

    fn stops_at(&self, offset: u64) -> bool {
        self.places.iter().any(|place| place % PAGE_SIZE == offset)
    }

    fn watches(&self, vas: &Range<u64>) -> bool {
        self.watched.iter().any(|watched| watched.start < vas.end && vas.start < watched.end)
    }

    fn before(&mut self, hart: &Hart, pc: u64) -> ControlFlow<()> {
        let is_place = self.places.contains(&pc);
        if is_place {
            self.before.push(at(hart));
        }
        let resumed = std::mem::take(&mut self.resumed);
        let stop = self.stops && (std::mem::take(&mut self.hit) || is_place && !resumed);
        if stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn retire(&mut self, _: &Hart, _: u64, _: &Inst) {
        self.retired += 1;
    }

    fn trap(&mut self, hart: &Hart, trap: &TrapTaken) {
        self.events.push((at(hart), Event::Trap(*trap)));
    }

    fn access(&mut self, hart: &Hart, access: &MemoryAccess) {
        if self.watches(&(access.va..access.va + access.width.bytes())) {
            self.accesses.push((at(hart), *access));
            self.hit = true;
        }
    }

    fn walk(&mut self, hart: &Hart, step: &WalkStep) {
        self.events.push((at(hart), Event::Walk(*step)));
    }

    fn world_switch(&mut self, hart: &Hart, switch: &WorldSwitch) {
        self.events.push((at(hart), Event::Switch(*switch)));
    }
}
