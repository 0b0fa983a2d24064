//! The CLINT: software interrupts and the timer of M-mode. ACLINT, "MSWI" and "MTIMER" devices.

use core::sync::atomic::{AtomicUsize, Ordering};

/// Its address on the `virt` machine.
pub(crate) static BASE: AtomicUsize = AtomicUsize::new(0x200_0000);

/// 32-bit `msip` registers, one a hart.
const MSIP: usize = 0;
/// 64-bit `mtimecmp` registers, one a hart.
const MTIMECMP: usize = 0x4000;

/// Raises or clears the M-mode software interrupt of hart `hart_id`, which must exist.
pub(crate) fn set_software_interrupt(hart_id: usize, pending: bool) {
    let register = BASE.load(Ordering::Relaxed) + MSIP + 4 * hart_id;
    // SAFETY: the address is that of a register of the CLINT, which no Rust object shares.
    unsafe { (register as *mut u32).write_volatile(u32::from(pending)) }
}

/// Sets the time at which the M-mode timer interrupt of hart `hart_id` becomes pending.
pub(crate) fn set_timer(hart_id: usize, time: u64) {
    let register = BASE.load(Ordering::Relaxed) + MTIMECMP + 8 * hart_id;
    // SAFETY: as above.
    unsafe { (register as *mut u64).write_volatile(time) }
}
