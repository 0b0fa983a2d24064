//! The console, many bytes at a time. SBI, "Debug Console Extension".

use super::{Answer, Call, Error};
use crate::{console, platform};

pub(crate) const ID: usize = 0x4442_434e;

const WRITE: usize = 0;
const READ: usize = 1;
const WRITE_BYTE: usize = 2;

pub(crate) fn answer(call: &Call) -> Answer {
    let [a0, a1, a2, ..] = call.arguments;
    match call.function {
        WRITE => write(buffer(a0, a1, a2)?, a0),
        READ => read(buffer(a0, a1, a2)?, a0),
        WRITE_BYTE => {
            console::lock().put(a0 as u8);
            Ok(0)
        }
        _ => Err(Error::NotSupported),
    }
}

/// The supervisor's buffer, if it lies where the supervisor may name memory.
fn buffer(length: usize, low: usize, high: usize) -> Result<*mut u8, Error> {
    if high == 0 && platform::is_supervisor_ram(low, length) {
        Ok(low as *mut u8)
    } else {
        Err(Error::InvalidParam)
    }
}

fn write(buffer: *const u8, length: usize) -> Answer {
    let mut console = console::lock();
    for offset in 0..length {
        // SAFETY: the buffer is RAM outside the firmware; other harts may write to it, hence volatile.
        console.put(unsafe { buffer.add(offset).read_volatile() });
    }
    Ok(length)
}

fn read(buffer: *mut u8, length: usize) -> Answer {
    let mut console = console::lock();
    for offset in 0..length {
        let Some(byte) = console.get() else { return Ok(offset) };
        // SAFETY: as in `write`.
        unsafe { buffer.add(offset).write_volatile(byte) };
    }
    Ok(length)
}
