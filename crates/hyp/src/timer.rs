//! The guest's timer: set by SBI or, with Sstc, by the guest itself. Privileged ISA, "Hypervisor Time Delta
//! (htimedelta) Register" and "Virtual Supervisor Timer (vstimecmp) Register".

use isa::cause::Interrupt;
use isa::csr::{htimedelta, vstimecmp};

use crate::hart::Hart;
use crate::interrupt::Interrupts;
use crate::museum::{Mistake, is_repeated};

/// A compare value that is never reached.
const NEVER: u64 = u64::MAX;

/// The guest's timer. Times are the guest's, in ticks, unless they are called the host's.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Timer {
    /// Whether the hart compares and raises the interrupt by itself.
    sstc: bool,
    compare: u64,
    /// What it is to compare with when it is turned on.
    off: u64,
}

impl Timer {
    /// A timer that is not set; `sstc` says whether the hart has `vstimecmp`.
    pub fn new(sstc: bool) -> Timer {
        Timer { sstc, compare: NEVER, off: NEVER }
    }

    pub(crate) fn reset(&mut self) {
        (self.compare, self.off) = (NEVER, NEVER);
    }

    /// Sets the timer of a loaded guest to fire at `deadline`, and withdraws its interrupt.
    pub fn set<H: Hart>(&mut self, hart: &mut H, interrupts: &Interrupts, deadline: u64) {
        self.compare = deadline;
        if self.sstc {
            hart.write::<{ vstimecmp::NUMBER }>(deadline);
        } else {
            interrupts.unset(Interrupt::Vsti);
        }
    }

    /// Makes the timer interrupt pending when it is due and the hart does not do so by itself.
    pub fn check(&mut self, interrupts: &Interrupts, guest_time: u64) {
        if !self.sstc && self.is_due(guest_time) {
            interrupts.set(Interrupt::Vsti);
            (self.off, self.compare) = (self.compare, NEVER);
        }
    }

    /// Whether the timer has fired at `guest_time` and no new deadline has been set.
    pub fn is_due(&self, guest_time: u64) -> bool {
        self.compare != NEVER && self.compare <= guest_time
    }

    /// When, in host time, the timer will be due; `None` where it is due already or not set.
    ///
    /// With Sstc that matters only while the guest waits: the hart watches a running guest's timer.
    pub fn host_deadline(&self, host_time: u64, delta: u64) -> Option<u64> {
        if self.compare == NEVER {
            return None;
        }
        // Deadlines far away would wrap in host time, so count from now on.
        let left = self.compare.checked_sub(host_time.wrapping_add(delta)).filter(|left| *left != 0)?;
        Some(host_time.saturating_add(left))
    }

    /// Lets the guest have the hart's own comparison, or not.
    pub(crate) fn set_in_hardware(&mut self, sstc: bool) {
        self.sstc = sstc;
    }

    /// What the timer is or was set to; all ones where it never was.
    pub(crate) fn compare(&self) -> u64 {
        if self.is_on() { self.compare } else { self.off }
    }

    /// Whether it is set.
    pub(crate) fn is_on(&self) -> bool {
        self.compare != NEVER
    }

    /// Sets what the timer of a guest that is not loaded compares with; it is on if it was.
    pub(crate) fn set_compare(&mut self, compare: u64) {
        if self.is_on() {
            self.compare = compare;
        } else {
            self.off = compare;
        }
    }

    /// Turns the timer of a guest that is not loaded on or off.
    pub(crate) fn turn(&mut self, on: bool) {
        match (on, self.is_on()) {
            (true, false) if is_repeated(Mistake::T9) => self.compare = 1,
            (true, false) => self.compare = self.off,
            (false, true) => (self.off, self.compare) = (self.compare, NEVER),
            _ => {}
        }
    }

    /// Whether the hart watches a running guest's timer by itself.
    pub fn is_in_hardware(&self) -> bool {
        self.sstc
    }

    /// Brings the timer into the hart; `delta` is the guest's time less the host's.
    pub(crate) fn load<H: Hart>(&self, hart: &mut H, delta: u64) {
        hart.write::<{ htimedelta::NUMBER }>(delta);
        if self.sstc {
            hart.write::<{ vstimecmp::NUMBER }>(self.compare);
        }
    }

    /// Takes the timer out of the hart, where it must not end a WFI of the host.
    pub(crate) fn put<H: Hart>(&mut self, hart: &mut H) {
        if self.sstc {
            let compare = hart.swap::<{ vstimecmp::NUMBER }>(NEVER);
            if !is_repeated(Mistake::B18) {
                self.compare = compare;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Event, FakeHart};

    const VSTI: u64 = Interrupt::Vsti.bit();

    #[test]
    fn fires_once_at_the_deadline() {
        let (mut timer, interrupts) = (Timer::new(false), Interrupts::new());
        timer.set(&mut FakeHart::default(), &interrupts, 100);
        timer.check(&interrupts, 99);
        assert_eq!(interrupts.pending(), 0);
        timer.check(&interrupts, 100);
        assert_eq!(interrupts.pending(), VSTI);
        assert_eq!(timer.host_deadline(100, 0), None);
    }

    #[test]
    fn a_new_deadline_withdraws_the_interrupt() {
        let (mut timer, interrupts) = (Timer::new(false), Interrupts::new());
        timer.set(&mut FakeHart::default(), &interrupts, 0);
        timer.check(&interrupts, 1);
        timer.set(&mut FakeHart::default(), &interrupts, 50);
        assert_eq!(interrupts.pending(), 0);
    }

    #[test]
    fn host_deadlines_do_not_wrap() {
        let delta = 0u64.wrapping_sub(1000);
        let mut timer = Timer::new(false);
        assert_eq!(timer.host_deadline(1500, delta), None);
        let cases = [(400, None), (500, None), (501, Some(1501)), (u64::MAX - 1, Some(u64::MAX))];
        for (compare, host) in cases {
            timer.set(&mut FakeHart::default(), &Interrupts::new(), compare);
            assert_eq!(timer.host_deadline(1500, delta), host, "compare {compare}");
        }
    }

    #[test]
    fn with_sstc_the_hart_holds_the_deadline() {
        let (mut hart, interrupts) = (FakeHart::default(), Interrupts::new());
        let mut timer = Timer::new(true);
        timer.set(&mut hart, &interrupts, 7);
        assert_eq!(hart.take_events(), [Event::Write("vstimecmp", 7)]);
        timer.check(&interrupts, 8);
        assert_eq!((interrupts.pending(), interrupts.is_changed()), (0, false));
    }
}
