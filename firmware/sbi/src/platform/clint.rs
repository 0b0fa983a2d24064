//! The CLINT: software interrupts and the timer of M-mode. ACLINT, "MSWI" and "MTIMER" devices.

use core::arch::asm;
use core::sync::atomic::{AtomicUsize, Ordering};

/// Its address on the `virt` machine.
pub(crate) static BASE: AtomicUsize = AtomicUsize::new(0x200_0000);

/// 32-bit `msip` registers, one a hart.
const MSIP: usize = 0;
/// 64-bit `mtimecmp` registers, one a hart.
const MTIMECMP: usize = 0x4000;

/// Raises or clears the M-mode software interrupt of hart `hart_id`, which must exist.
///
/// The write keeps its place among accesses to memory, where the interrupt's reason is: a hart that is interrupted
/// sees what was written before, and one that has cleared its interrupt misses nothing.
pub(crate) fn set_software_interrupt(hart_id: usize, pending: bool) {
    let register = BASE.load(Ordering::Relaxed) + MSIP + 4 * hart_id;
    // SAFETY: the address is that of a register of the CLINT, which no Rust object shares; fences change nothing.
    unsafe {
        asm!("fence rw, o", options(nostack));
        (register as *mut u32).write_volatile(u32::from(pending));
        asm!("fence o, rw", options(nostack));
    }
}

/// Sets the time at which the M-mode timer interrupt of hart `hart_id` becomes pending.
pub(crate) fn set_timer(hart_id: usize, time: u64) {
    let register = BASE.load(Ordering::Relaxed) + MTIMECMP + 8 * hart_id;
    // SAFETY: as above.
    unsafe { (register as *mut u64).write_volatile(time) }
}
