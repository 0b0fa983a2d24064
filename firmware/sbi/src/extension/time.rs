//! Timer: the supervisor's next timer interrupt. SBI, "Timer Extension".

use isa::cause::Interrupt;
use isa::csr::{mie, mip, stimecmp};

use super::{Answer, Call, Error};
use crate::platform::clint;
use crate::{csr, hart, supervisor};

pub(crate) const ID: usize = 0x5449_4d45;

const SET_TIMER: usize = 0;

pub(crate) fn answer(call: &Call) -> Answer {
    match call.function {
        SET_TIMER => {
            set(call.arguments[0] as u64);
            Ok(0)
        }
        _ => Err(Error::NotSupported),
    }
}

/// Makes the supervisor timer interrupt pending at `time` and not before.
///
/// Without Sstc the M-mode timer stands in: its interrupt is passed on by [`expired`].
pub(crate) fn set(time: u64) {
    if supervisor::features().sstc() {
        csr::write::<{ stimecmp::NUMBER }>(time);
        return;
    }
    clint::set_timer(hart::id(), time);
    csr::clear::<{ mip::NUMBER }>(Interrupt::Sti.bit());
    csr::set::<{ mie::NUMBER }>(Interrupt::Mti.bit());
}

/// Makes no timer interrupt pending, ever.
pub(crate) fn disarm() {
    set(u64::MAX);
}

/// Passes the M-mode timer interrupt on, once.
pub(crate) fn expired() {
    csr::clear::<{ mie::NUMBER }>(Interrupt::Mti.bit());
    csr::set::<{ mip::NUMBER }>(Interrupt::Sti.bit());
}
