//! How a run's steps become time.

/// How far a hart may run, and when time goes on meanwhile.
///
/// Time is the `time` of the bus's [`Lines`](crate::Lines), in ticks. It goes on before a step, never after the
/// last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Slice {
    /// The largest number of steps.
    pub steps: u64,
    /// Steps before time goes on by a tick for the first time.
    pub to_tick: u64,
    /// Steps from one tick to the next, at least 1.
    pub per_tick: u64,
}

impl Slice {
    /// So many steps, in which time stands still.
    pub const fn of(steps: u64) -> Slice {
        Slice { steps, to_tick: u64::MAX, per_tick: 1 }
    }
}

/// Where a run is in time.
#[derive(Clone, Copy, Default, Debug)]
pub(crate) struct Clock {
    /// The number of steps of this run before which time goes on next.
    next: u64,
    per_tick: u64,
}

impl Clock {
    pub(crate) fn new(slice: Slice) -> Clock {
        Clock { next: slice.to_tick, per_tick: slice.per_tick.max(1) }
    }

    /// Brings `time` to what it is after `taken` steps, before another one, and says whether it has changed.
    #[inline]
    pub(crate) fn reach(&mut self, taken: u64, time: &mut u64) -> bool {
        let ticks = self.ticks(taken);
        if ticks == 0 {
            return false;
        }
        *time = time.wrapping_add(ticks);
        self.next = self.next.saturating_add(ticks.saturating_mul(self.per_tick));
        true
    }

    /// Ticks that have passed after `taken` steps, before another one, since time was brought up to date.
    pub(crate) fn ticks(&self, taken: u64) -> u64 {
        if taken < self.next { 0 } else { 1 + (taken - self.next) / self.per_tick }
    }

    /// The number of steps of this run before which time goes on by the last of `ticks` ticks, at least one.
    pub(crate) fn step_of(&self, ticks: u64) -> u64 {
        self.next.saturating_add((ticks - 1).saturating_mul(self.per_tick))
    }

    /// Steps after the first `taken` before time goes on.
    pub(crate) fn steps_to_tick(&self, taken: u64) -> u64 {
        self.next.saturating_sub(taken)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_goes_on_before_the_step_after_the_tick() {
        let mut clock = Clock::new(Slice { steps: 1000, to_tick: 30, per_tick: 100 });
        let mut time = 5;
        assert!(!clock.reach(29, &mut time));
        assert!(clock.reach(30, &mut time));
        assert_eq!((time, clock.steps_to_tick(30)), (6, 100));
        assert!(clock.reach(330, &mut time));
        assert_eq!((time, clock.steps_to_tick(330)), (9, 100));
        assert_eq!([clock.step_of(1), clock.step_of(3)], [430, 630]);
    }

    #[test]
    fn time_may_stand_still() {
        let mut clock = Clock::new(Slice::of(10));
        assert!(!clock.reach(1 << 60, &mut 0));
        assert_eq!(clock.step_of(u64::MAX), u64::MAX);
    }
}
