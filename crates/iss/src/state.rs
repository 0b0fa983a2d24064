//! The state of a hart as something that can be kept, and a hart that takes it back.
//!
//! It is all that the guest can see or that decides what it will see, and does not depend on the engine. What a hart
//! remembers only to be faster is not part of it: decoded instructions and blocks, and the engine's views of memory.

use std::fmt;

use isa::Mode;
use isa::ext::Ext;
use serde::{Deserialize, Serialize};

use crate::bus::Lines;
use crate::csr::CsrFile;
use crate::engine::EngineState;
use crate::hart::{Hart, Reservation};
use crate::mmu::guest_cache::{GuestCache, GuestCacheState};
use crate::mmu::tlb::{Tlb, TlbState};
use crate::variant::TlbPolicy;

/// More of something than can have been counted in the time that there is; what counts beyond it is no state.
pub const COUNT_MAX: u64 = 1 << 62;

/// Something that is not a state of such a part of the machine, and why.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadState(String);

impl BadState {
    /// A refusal for this reason, which is a sentence without a stop.
    pub fn new(reason: impl Into<String>) -> BadState {
        BadState(reason.into())
    }

    /// Refuses a state of which something does not hold.
    ///
    /// # Errors
    /// `reason`, unless `holds`.
    pub fn unless(holds: bool, reason: &str) -> Result<(), BadState> {
        if holds { Ok(()) } else { Err(BadState::new(reason)) }
    }
}

impl fmt::Display for BadState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadState {}

/// The state of a hart, of one variant and with one number, which are not part of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct HartState {
    x: [u64; 32],
    f: [u64; 32],
    pc: u64,
    /// The mode's place in [`Mode::ALL`].
    mode: u8,
    csr: CsrFile,
    tlb: TlbState,
    guest_cache: GuestCacheState,
    reservation: Option<Reservation>,
    waiting: bool,
    waits_on_reservation: bool,
    wait_limit: Option<u64>,
    critical_error: bool,
    lines: Lines,
    recheck_interrupts: bool,
    retired: u64,
    counters_written: u32,
}

impl Hart {
    /// The state, between two calls of [`run`](Hart::run).
    pub fn save(&self) -> HartState {
        let Hart {
            id: _,
            variant: _,
            x,
            f,
            pc,
            mode,
            csr,
            tlb,
            guest_cache,
            decoded: _,
            reservation,
            waiting,
            waits_on_reservation,
            wait_limit,
            critical_error,
            lines,
            recheck_interrupts,
            retired,
            // These follow from the CSRs and the mode.
            counting_in: _,
            counting: _,
            counters_written,
            // Each run begins with a clock of its own.
            clock: _,
            parallel: _,
            engine: _,
        } = self;
        HartState {
            x: core::array::from_fn(|n| x[n]),
            f: *f,
            pc: *pc,
            mode: mode.index() as u8,
            csr: csr.clone(),
            tlb: tlb.save(),
            guest_cache: guest_cache.save(),
            reservation: *reservation,
            waiting: *waiting,
            waits_on_reservation: *waits_on_reservation,
            wait_limit: *wait_limit,
            critical_error: *critical_error,
            lines: *lines,
            recheck_interrupts: *recheck_interrupts,
            retired: *retired,
            counters_written: *counters_written,
        }
    }

    /// Takes a state that [`save`](Hart::save) has made of a hart of this variant; changes nothing on an error. The
    /// main memory may be another one.
    ///
    /// # Errors
    /// A state that no hart of this variant can be in.
    pub fn restore(&mut self, state: &HartState) -> Result<(), BadState> {
        let HartState {
            x,
            f,
            pc,
            mode,
            csr,
            tlb,
            guest_cache,
            reservation,
            waiting,
            waits_on_reservation,
            wait_limit,
            critical_error,
            lines,
            recheck_interrupts,
            retired,
            counters_written,
        } = state;
        let mode = Mode::ALL.into_iter().find(|known| known.index() == usize::from(*mode));
        let mode = mode.filter(|mode| !mode.virt || self.variant.has(Ext::H));
        let mode = mode.ok_or_else(|| BadState::new("there is no such privilege mode"))?;
        BadState::unless(x[0] == 0, "x0 is not zero")?;
        BadState::unless(pc & 1 == 0, "the program counter is odd")?;
        BadState::unless(*retired <= COUNT_MAX, "more has retired than can have")?;
        let mut hart = Hart::new(self.id(), self.variant);
        hart.csr = csr.restored(&hart)?;
        hart.tlb = Tlb::restored(self.variant.tlb, tlb)?;
        hart.guest_cache = GuestCache::restored(self.variant.tlb != TlbPolicy::None, guest_cache)?;
        hart.x[..32].copy_from_slice(x);
        hart.f = *f;
        hart.pc = *pc;
        hart.reservation = *reservation;
        hart.waiting = *waiting;
        hart.waits_on_reservation = *waits_on_reservation;
        hart.wait_limit = *wait_limit;
        hart.critical_error = *critical_error;
        hart.lines = *lines;
        hart.retired = *retired;
        hart.counters_written = *counters_written;
        hart.recount();
        hart.set_mode(mode);
        hart.recheck_interrupts = *recheck_interrupts;
        hart.parallel = self.parallel;
        hart.engine = EngineState::new(self.engine.kind());
        *self = hart;
        Ok(())
    }
}

/// Page-table entries, which `isa` has and which are numbers.
pub(crate) mod pte {
    use isa::paging::Pte;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<S: Serializer>(pte: &Pte, to: S) -> Result<S::Ok, S::Error> {
        pte.0.serialize(to)
    }

    pub(crate) fn deserialize<'a, D: Deserializer<'a>>(from: D) -> Result<Pte, D::Error> {
        u64::deserialize(from).map(Pte)
    }
}

/// Arrays of any length, which serde has no rules for.
pub(crate) mod array {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T: Serialize, S: Serializer, const N: usize>(
        array: &[T; N],
        to: S,
    ) -> Result<S::Ok, S::Error> {
        array.as_slice().serialize(to)
    }

    pub(crate) fn deserialize<'a, T: Deserialize<'a>, D: Deserializer<'a>, const N: usize>(
        from: D,
    ) -> Result<[T; N], D::Error> {
        let elements = Vec::deserialize(from)?;
        elements.try_into().map_err(|elements: Vec<T>| Error::invalid_length(elements.len(), &"an array"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variant::Variant;

    #[test]
    fn states_that_cannot_be_are_refused_and_change_nothing() {
        let guestless = Variant::default().without(Ext::H);
        let refused = |variant: Variant, change: fn(&mut HartState)| {
            let mut hart = Hart::new(0, variant);
            hart.set_x(1, 7);
            let before = hart.save();
            let mut state = Hart::new(0, variant).save();
            change(&mut state);
            let is_refused = hart.restore(&state).is_err();
            assert_eq!(hart.save(), if is_refused { before } else { state });
            is_refused
        };
        let max = Variant::default();
        assert!(!refused(max, |_| ()));
        assert!(refused(max, |state| state.x[0] = 1));
        assert!(refused(max, |state| state.pc = 0x8000_0001));
        assert!(refused(max, |state| state.retired = u64::MAX));
        assert!(refused(max, |state| state.mode = 5));
        assert!(refused(max, |state| state.csr.frm = 8));
        let guest = |state: &mut HartState| state.mode = Mode::VS.index() as u8;
        assert!(!refused(max, guest));
        assert!(refused(guestless, guest), "there is no guest without H");
    }
}
