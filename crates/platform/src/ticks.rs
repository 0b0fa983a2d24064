//! Ticks of `mtime` and real time.

use std::time::Duration;

use crate::map::TIMEBASE_HZ;

/// A tick in nanoseconds.
const TICK: u32 = 1_000_000_000 / TIMEBASE_HZ;

/// Whole ticks in a stretch of real time.
pub(crate) fn ticks(time: Duration) -> u64 {
    let seconds = time.as_secs().saturating_mul(TIMEBASE_HZ.into());
    seconds.saturating_add((time.subsec_nanos() / TICK).into())
}

/// The real time that ticks stand for, or a very long one.
pub(crate) fn duration(ticks: u64) -> Duration {
    Duration::from_nanos(ticks.saturating_mul(TICK.into()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_ticks_are_a_microsecond() {
        assert_eq!(ticks(Duration::from_micros(1)), 10);
        assert_eq!(ticks(Duration::from_nanos(3_000_000_199)), 30_000_001);
        assert_eq!(duration(25), Duration::from_nanos(2500));
        assert_eq!(ticks(Duration::MAX), u64::MAX);
        assert!(duration(u64::MAX) > Duration::from_secs(1 << 30));
    }
}
