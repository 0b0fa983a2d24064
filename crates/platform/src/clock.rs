//! What makes time pass: the harts' steps or the host's clock.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::ticks::ticks;

/// What makes time pass while harts take turns.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum Clock {
    /// The harts' own steps, so that every run is the same. While all of them wait, time jumps.
    #[default]
    Virtual,
    /// The host's clock: a tick takes a tenth of a microsecond, and harts that wait let the host sleep.
    Real,
}

/// The date at which a machine with a time of its own starts, in nanoseconds since 1970: the first of January 2026.
pub const START_DATE: u64 = 1_767_225_600_000_000_000;

/// The host's date, in nanoseconds since 1970.
pub(crate) fn host_date() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

/// `mtime` as the host's clock drives it.
#[derive(Debug)]
pub(crate) struct RealClock {
    start: Instant,
    /// What `mtime` would have been at `start`, as it is now.
    base: u64,
}

impl RealClock {
    /// A clock that goes on from tick `time` now.
    pub(crate) fn from(time: u64) -> RealClock {
        RealClock { start: Instant::now(), base: time }
    }

    /// What time it is, in ticks.
    pub(crate) fn now(&self) -> u64 {
        self.base.wrapping_add(ticks(self.start.elapsed()))
    }

    /// Puts the clock so many ticks forward, modulo 2^64.
    pub(crate) fn put_forward(&mut self, ticks: u64) {
        self.base = self.base.wrapping_add(ticks);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_real_clock_goes_on_and_can_be_set() {
        let mut clock = RealClock::from(1 << 40);
        let first = clock.now();
        assert!((1 << 40..1 << 41).contains(&first));
        std::thread::sleep(std::time::Duration::from_millis(1));
        assert!(clock.now() >= first + 10_000);
        clock.put_forward((1 << 50) - (1 << 40));
        assert!((1 << 50..1 << 51).contains(&clock.now()));
    }

    #[test]
    fn the_host_is_younger_than_the_start_of_a_machine() {
        assert!(host_date() > START_DATE);
    }
}
