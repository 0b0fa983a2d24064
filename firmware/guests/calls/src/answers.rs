//! Answers that do not depend on other harts: values, and errors by their numbers.

use guest_rt::{Failure, sbi};

use crate::hart::{self, Status};
use crate::{RFENCE, TIME};

pub(crate) const NOT_SUPPORTED: sbi::Error = sbi::Error(-2);
const INVALID_PARAM: sbi::Error = sbi::Error(-3);
const INVALID_ADDRESS: sbi::Error = sbi::Error(-5);
const ALREADY_AVAILABLE: sbi::Error = sbi::Error(-6);

const SYSTEM_RESET: usize = 0x5352_5354;

/// A function that no extension has.
const NO_FUNCTION: usize = 0x7fff;

/// An extension that is not there.
const NO_EXTENSION: usize = 0x0bad_0bad;

/// In the firmware's own memory.
const FIRMWARE: usize = 0x8000_0000;

/// More harts than a machine has.
const NO_HART: usize = 4000;

/// Every extension is there, knows its functions and says which it does not know.
pub(crate) fn base() -> Result<(), Failure> {
    for extension in [TIME, sbi::IPI, RFENCE, sbi::HSM, SYSTEM_RESET] {
        if !sbi::probe(extension) {
            return Err("an extension is missing");
        }
        if sbi::call(extension, NO_FUNCTION, []) != Err(NOT_SUPPORTED) {
            return Err("a function that does not exist answered");
        }
    }
    if sbi::probe(NO_EXTENSION) {
        return Err("an extension that does not exist is said to be there");
    }
    let reserved_reason = 2;
    if sbi::call(SYSTEM_RESET, 0, [0, reserved_reason]) != Err(INVALID_PARAM) {
        return Err("a reset for a reserved reason was not refused");
    }
    Ok(())
}

/// The debug console, where there is one, takes no buffer that the supervisor may not touch.
pub(crate) fn console() -> Result<(), Failure> {
    const WRITE: usize = 0;
    const READ: usize = 1;
    if !sbi::probe(sbi::DEBUG_CONSOLE) {
        return Ok(());
    }
    for function in [WRITE, READ] {
        for [length, low, high] in [[8, FIRMWARE, 0], [8, FIRMWARE, 1], [usize::MAX, 0x8020_0000, 0]] {
            if sbi::call(sbi::DEBUG_CONSOLE, function, [length, low, high]) != Err(INVALID_PARAM) {
                return Err("the debug console took a buffer that is not the supervisor's");
            }
        }
    }
    Ok(())
}

/// Harts are in the states that they should be in, and cannot be started where or when they should not.
pub(crate) fn harts(me: usize) -> Result<(), Failure> {
    if sbi::hart_status(me) != Ok(Status::Started as usize) || sbi::hart_status(NO_HART) != Err(INVALID_PARAM)
    {
        return Err("hart_get_status is wrong about this hart or about one that does not exist");
    }
    let start = |hart: usize, address: usize| sbi::start_hart(hart, address, 0);
    if start(me, hart::entry_address()) != Err(ALREADY_AVAILABLE) {
        return Err("a hart that is started was started again");
    }
    if start(NO_HART, hart::entry_address()) != Err(INVALID_PARAM) {
        return Err("a hart that does not exist was started");
    }
    for other in hart::others(me) {
        if sbi::hart_status(other) != Ok(Status::Stopped as usize) {
            return Err("another hart is not stopped at first");
        }
        if start(other, FIRMWARE) != Err(INVALID_ADDRESS) {
            return Err("a hart was started in the firmware's memory");
        }
    }
    Ok(())
}
