//! The test finisher: the end of the machine, with a status.

use core::sync::atomic::{AtomicUsize, Ordering};

/// Its address on the `virt` machine.
pub(crate) static BASE: AtomicUsize = AtomicUsize::new(0x10_0000);

/// The status with which the machine ends when the supervisor reports a failure.
pub(crate) const SUPERVISOR_FAILED: u16 = 1;
/// The status with which the machine ends when the firmware cannot go on.
pub(crate) const FIRMWARE_FAILED: u16 = 2;

const PASS: u32 = 0x5555;
const FAIL: u32 = 0x3333;
const RESET: u32 = 0x7777;

/// Ends the machine with status 0.
pub(crate) fn pass() -> ! {
    finish(PASS)
}

/// Ends the machine with `status`.
pub(crate) fn fail(status: u16) -> ! {
    finish(FAIL | u32::from(status) << 16)
}

/// Restarts the machine.
pub(crate) fn reset() -> ! {
    finish(RESET)
}

fn finish(value: u32) -> ! {
    // SAFETY: the address is that of the finisher's register, which no Rust object shares.
    unsafe { (BASE.load(Ordering::Relaxed) as *mut u32).write_volatile(value) }
    // The write ends the machine; on one without a finisher there is nothing left to do.
    loop {
        crate::hart::wait_for_interrupt();
    }
}
