//! The real-time clock: Google's goldfish RTC, which counts nanoseconds since 1970 and has one alarm.
//!
//! Android's `GOLDFISH-VIRTUAL-HARDWARE` document, "Goldfish timer", as Linux's driver uses it. The clock is driven
//! by `mtime`: it shows a date that was set when the machine was made, and the ticks since.

use iss::{AccessFault, Width};
use serde::{Deserialize, Serialize};

use super::Device;
use crate::map::TIMEBASE_HZ;
use crate::state::{self, BadState};

/// Nanoseconds in a tick of `mtime`.
const TICK: u64 = 1_000_000_000 / TIMEBASE_HZ as u64;

/// The low half of the time; reading it also fixes what [`TIME_HIGH`] shows.
const TIME_LOW: u64 = 0x00;
const TIME_HIGH: u64 = 0x04;
/// The low half of the alarm; writing it sets the alarm.
const ALARM_LOW: u64 = 0x08;
const ALARM_HIGH: u64 = 0x0c;
const IRQ_ENABLED: u64 = 0x10;
const CLEAR_ALARM: u64 = 0x14;
/// Whether an alarm is set.
const ALARM_STATUS: u64 = 0x18;
const CLEAR_INTERRUPT: u64 = 0x1c;

/// The real-time clock.
#[derive(Debug, Serialize, Deserialize)]
pub struct Rtc {
    /// The date at tick 0, in nanoseconds since 1970.
    origin: u64,
    /// Now, in ticks.
    ticks: u64,
    /// What reads of [`TIME_HIGH`] show.
    high: u32,
    alarm: u64,
    alarm_is_set: bool,
    interrupt_enabled: bool,
    interrupt_pending: bool,
}

impl Rtc {
    /// At tick 0, on the date of `date` nanoseconds after the beginning of 1970.
    pub fn new(date: u64) -> Rtc {
        Rtc {
            origin: date,
            ticks: 0,
            high: 0,
            alarm: 0,
            alarm_is_set: false,
            interrupt_enabled: false,
            interrupt_pending: false,
        }
    }

    /// Hears what time it is, in ticks, and lets the alarm go off if that is past it. Says whether it did.
    pub fn set_time(&mut self, ticks: u64) -> bool {
        self.ticks = ticks;
        let goes_off = self.alarm_is_set && self.date() >= self.alarm;
        if goes_off {
            self.alarm_is_set = false;
            self.interrupt_pending = true;
        }
        goes_off
    }

    /// Hears that ticks are counted from 0 again. The date goes on, as that of a clock with a battery does.
    pub fn restart(&mut self) {
        self.origin = self.date();
        self.ticks = 0;
    }

    /// Whether the interrupt wire is high.
    pub fn interrupt(&self) -> bool {
        self.interrupt_enabled && self.interrupt_pending
    }

    /// The tick from which on the alarm raises the interrupt wire, if ever.
    pub fn next_event(&self) -> Option<u64> {
        let will_be_heard = self.alarm_is_set && self.interrupt_enabled;
        will_be_heard
            .then(|| self.ticks.saturating_add(self.alarm.saturating_sub(self.date()).div_ceil(TICK)))
    }

    /// Now, in nanoseconds since 1970.
    fn date(&self) -> u64 {
        self.origin.wrapping_add(self.ticks.wrapping_mul(TICK))
    }

    /// Makes it another date now.
    fn set_date(&mut self, date: u64) {
        self.origin = date.wrapping_sub(self.ticks.wrapping_mul(TICK));
    }
}

/// `old` with its low half replaced.
fn with_low(old: u64, low: u64) -> u64 {
    old >> 32 << 32 | low & 0xffff_ffff
}

/// `old` with its high half replaced.
fn with_high(old: u64, high: u64) -> u64 {
    old & 0xffff_ffff | high << 32
}

impl Device for Rtc {
    /// The date stays; only the alarm is forgotten.
    fn reset(&mut self) {
        *self = Rtc { ticks: self.ticks, ..Rtc::new(self.origin) };
    }

    fn load(&mut self, offset: u64, width: Width) -> Result<u64, AccessFault> {
        if width != Width::W {
            return Err(AccessFault);
        }
        Ok(match offset {
            TIME_LOW => {
                let date = self.date();
                self.high = (date >> 32) as u32;
                date & 0xffff_ffff
            }
            TIME_HIGH => self.high.into(),
            ALARM_LOW => self.alarm & 0xffff_ffff,
            ALARM_HIGH => self.alarm >> 32,
            IRQ_ENABLED => self.interrupt_enabled.into(),
            ALARM_STATUS => self.alarm_is_set.into(),
            CLEAR_ALARM | CLEAR_INTERRUPT => 0,
            _ => return Err(AccessFault),
        })
    }

    fn store(&mut self, offset: u64, width: Width, value: u64) -> Result<(), AccessFault> {
        if width != Width::W {
            return Err(AccessFault);
        }
        match offset {
            TIME_LOW => self.set_date(with_low(self.date(), value)),
            TIME_HIGH => self.set_date(with_high(self.date(), value)),
            ALARM_LOW => {
                self.alarm = with_low(self.alarm, value);
                self.alarm_is_set = true;
            }
            ALARM_HIGH => self.alarm = with_high(self.alarm, value),
            IRQ_ENABLED => self.interrupt_enabled = value & 1 != 0,
            CLEAR_ALARM => self.alarm_is_set = false,
            CLEAR_INTERRUPT => self.interrupt_pending = false,
            ALARM_STATUS => {}
            _ => return Err(AccessFault),
        }
        // An alarm in the past goes off at once.
        self.set_time(self.ticks);
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::encode(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), BadState> {
        *self = state::decode(state)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::device::contract::contract!(Rtc::new(0), [8, 12, 16, 20, 24, 28].map(|offset| (offset, Width::W)));

    const DATE: u64 = 0x1234_5678_9abc_def0;

    fn read(rtc: &mut Rtc, offset: u64) -> u64 {
        rtc.load(offset, Width::W).unwrap()
    }

    fn write(rtc: &mut Rtc, offset: u64, value: u64) {
        rtc.store(offset, Width::W, value).unwrap();
    }

    fn date(rtc: &mut Rtc) -> u64 {
        let low = read(rtc, TIME_LOW);
        read(rtc, TIME_HIGH) << 32 | low
    }

    /// An alarm at a date, with the interrupt enabled, as Linux's driver sets it.
    fn set_alarm(rtc: &mut Rtc, date: u64) {
        write(rtc, ALARM_HIGH, date >> 32);
        write(rtc, ALARM_LOW, date & 0xffff_ffff);
        write(rtc, IRQ_ENABLED, 1);
    }

    #[test]
    fn a_tick_is_a_hundred_nanoseconds() {
        let mut rtc = Rtc::new(DATE);
        assert_eq!(date(&mut rtc), DATE);
        rtc.set_time(7);
        assert_eq!(date(&mut rtc), DATE + 700);
    }

    #[test]
    fn reading_the_low_half_fixes_the_high_one() {
        let mut rtc = Rtc::new(0xffff_ffff);
        assert_eq!(read(&mut rtc, TIME_LOW), 0xffff_ffff);
        rtc.set_time(1);
        assert_eq!(read(&mut rtc, TIME_HIGH), 0, "of the time before the carry");
        assert_eq!(date(&mut rtc), (1 << 32) + 99);
    }

    #[test]
    fn writing_the_time_sets_it() {
        let mut rtc = Rtc::new(DATE);
        rtc.set_time(1000);
        write(&mut rtc, TIME_HIGH, 5);
        write(&mut rtc, TIME_LOW, 6);
        assert_eq!(date(&mut rtc), 5 << 32 | 6);
        rtc.set_time(1001);
        assert_eq!(date(&mut rtc), 5 << 32 | 106);
    }

    #[test]
    fn the_alarm_is_a_level_until_it_is_cleared() {
        let mut rtc = Rtc::new(DATE);
        set_alarm(&mut rtc, DATE + 950);
        assert_eq!((rtc.next_event(), read(&mut rtc, ALARM_STATUS)), (Some(10), 1));
        rtc.set_time(9);
        assert!(!rtc.interrupt());
        rtc.set_time(10);
        assert!(rtc.interrupt());
        assert_eq!((rtc.next_event(), read(&mut rtc, ALARM_STATUS)), (None, 0));
        rtc.set_time(11);
        assert!(rtc.interrupt(), "it lasts");
        write(&mut rtc, CLEAR_INTERRUPT, 1);
        assert!(!rtc.interrupt());
        rtc.set_time(12);
        assert!(!rtc.interrupt(), "it goes off once");
    }

    #[test]
    fn an_alarm_in_the_past_goes_off_at_once() {
        let mut rtc = Rtc::new(DATE);
        set_alarm(&mut rtc, DATE - 1);
        assert!(rtc.interrupt());
        write(&mut rtc, IRQ_ENABLED, 0);
        assert!(!rtc.interrupt(), "the wire needs the interrupt enabled");
    }

    #[test]
    fn a_cleared_alarm_does_not_go_off() {
        let mut rtc = Rtc::new(DATE);
        set_alarm(&mut rtc, DATE + 100);
        write(&mut rtc, CLEAR_ALARM, 1);
        rtc.set_time(1000);
        assert!(!rtc.interrupt());
        assert_eq!(rtc.next_event(), None);
    }

    #[test]
    fn the_date_survives_a_reset() {
        let mut rtc = Rtc::new(DATE);
        rtc.set_time(50);
        set_alarm(&mut rtc, DATE);
        rtc.reset();
        rtc.restart();
        assert!(!rtc.interrupt());
        rtc.set_time(1);
        assert_eq!(date(&mut rtc), DATE + 5100);
    }
}
