//! The roll of harts: which of them are to be asked in their turns, and which are known to go on waiting.
//!
//! A hart that has been asked and did nothing but wait does nothing until its wires change, a timer of its own fires or
//! its reservation goes. Until then it is left out, so that a machine of many harts costs what its busy ones do. Who is
//! on the roll shows in nothing but speed: a hart that is asked in vain changes nothing.

use crate::config::MAX_HARTS;

/// Bits of a word of the set.
const BITS: usize = 64;

/// Which harts are to be asked, and when the others are at the latest.
#[derive(Debug)]
pub(crate) struct Roll {
    harts: usize,
    /// The harts to be asked: bit n of word w is hart 64 w + n.
    awake: [u64; MAX_HARTS / BITS],
    /// The tick at which each of the others is to be asked again; all ones for never.
    wakes: Vec<u64>,
    /// The first of those ticks, or one before it.
    alarm: u64,
}

impl Roll {
    /// All harts are to be asked.
    pub(crate) fn new(harts: usize) -> Roll {
        let mut roll =
            Roll { harts, awake: [0; MAX_HARTS / BITS], wakes: vec![u64::MAX; harts], alarm: u64::MAX };
        roll.wake_all();
        roll
    }

    /// Something has happened that may have changed the wires of any hart.
    pub(crate) fn wake_all(&mut self) {
        for (word, bits) in self.awake.iter_mut().enumerate() {
            let here = self.harts.saturating_sub(word * BITS).min(BITS);
            *bits = u64::MAX.checked_shr((BITS - here) as u32).unwrap_or(0);
        }
        self.alarm = u64::MAX;
    }

    /// A hart is to be asked.
    pub(crate) fn wake(&mut self, hart: usize) {
        self.awake[hart / BITS] |= 1 << (hart % BITS);
    }

    /// A hart need not be asked before tick `wakes`, all ones for never, unless something happens.
    pub(crate) fn sleep(&mut self, hart: usize, wakes: u64) {
        self.awake[hart / BITS] &= !(1 << (hart % BITS));
        self.wakes[hart] = wakes;
        self.alarm = self.alarm.min(wakes);
    }

    /// Wakes the harts whose tick has come.
    pub(crate) fn pass_to(&mut self, now: u64) {
        if now < self.alarm {
            return;
        }
        self.alarm = u64::MAX;
        for hart in 0..self.harts {
            let wakes = self.wakes[hart];
            if self.is_awake(hart) {
                continue;
            }
            if wakes <= now {
                self.wake(hart);
            } else {
                self.alarm = self.alarm.min(wakes);
            }
        }
    }

    /// The tick before which no hart that is not to be asked now is to be.
    pub(crate) fn alarm(&self) -> u64 {
        self.alarm
    }

    fn is_awake(&self, hart: usize) -> bool {
        self.awake[hart / BITS] >> (hart % BITS) & 1 != 0
    }

    /// Whether this hart is the only one to be asked.
    pub(crate) fn is_only(&self, hart: usize) -> bool {
        self.is_awake(hart) && self.awake.iter().map(|bits| bits.count_ones()).sum::<u32>() == 1
    }

    /// The first hart to be asked from number `from` on.
    pub(crate) fn next(&self, from: usize) -> Option<usize> {
        let mut bits = self.awake.get(from / BITS)? & u64::MAX << (from % BITS);
        for word in from / BITS.. {
            if bits != 0 {
                return Some(word * BITS + bits.trailing_zeros() as usize);
            }
            bits = *self.awake.get(word + 1)?;
        }
        None
    }

    /// The harts to be asked, by rising number.
    pub(crate) fn awake(&self) -> impl Iterator<Item = usize> {
        core::iter::successors(self.next(0), |hart| self.next(hart + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn awake(roll: &Roll) -> Vec<usize> {
        roll.awake().collect()
    }

    #[test]
    fn every_number_of_harts_begins_awake() {
        for harts in [1, 2, 63, 64, 65, 128, 500, MAX_HARTS] {
            assert!(Roll::new(harts).awake().eq(0..harts), "{harts}");
        }
    }

    #[test]
    fn who_sleeps_is_left_out_until_its_tick_comes() {
        let mut roll = Roll::new(130);
        for hart in (0..130).filter(|hart| *hart != 70) {
            roll.sleep(hart, if hart % 64 == 1 { 100 + hart as u64 } else { u64::MAX });
        }
        assert_eq!((awake(&roll), roll.alarm(), roll.is_only(70)), (vec![70], 101, true));
        roll.pass_to(100);
        assert_eq!(awake(&roll), [70]);
        roll.pass_to(165);
        assert_eq!((awake(&roll), roll.alarm(), roll.is_only(70)), (vec![1, 65, 70], 229, false));
        assert_eq!([0, 2, 66, 71].map(|from| roll.next(from)), [Some(1), Some(65), Some(70), None]);
        roll.wake_all();
        assert!(roll.awake().eq(0..130));
    }

    #[test]
    fn who_was_woken_has_no_tick_to_wait_for() {
        let mut roll = Roll::new(2);
        roll.sleep(1, 50);
        roll.wake(1);
        roll.pass_to(50);
        assert_eq!((awake(&roll), roll.alarm()), (vec![0, 1], u64::MAX));
    }
}
