//! Guest: leaves for the hypervisor by each of the common ways, many times, so that what an exit costs can be counted.
//!
//! The ways differ in their causes: calls, loads of a device, waits that end at once, and stores to memory that has not
//! been touched.

#![no_std]
#![no_main]

use core::arch::asm;

use guest_rt::{Failure, Start, guest, println, sbi};

guest!(main);

/// How often each is done.
const TIMES: usize = 200;

/// The UART's line status, which can be read without effect.
const LINE_STATUS: *const u8 = 0x1000_0005 as *const u8;

/// Memory far above the image: a page for each time.
const MEMORY: usize = 0x8080_0000;
const PAGE: usize = 4096;

/// sie: the timer's interrupt.
const TIMER: usize = 1 << 5;

fn main(_: Start) -> Result<(), Failure> {
    println!("exits: {TIMES} of each");
    for _ in 0..TIMES {
        if sbi::version() == (0, 0) {
            return Err("the SBI has no version");
        }
    }
    for _ in 0..TIMES {
        // SAFETY: it is a register of a device.
        unsafe { LINE_STATUS.read_volatile() };
    }
    wait()?;
    for page in 0..TIMES {
        // SAFETY: it is memory that nothing else uses.
        unsafe { ((MEMORY + page * PAGE) as *mut u8).write_volatile(1) };
    }
    Ok(())
}

/// Waits for an interrupt that is pending already, and that is never taken.
fn wait() -> Result<(), Failure> {
    sbi::set_timer(0).map_err(|_| "set_timer failed")?;
    // SAFETY: interrupts stay disabled as a whole, and a wait changes nothing.
    unsafe {
        asm!("csrs sie, {}", in(reg) TIMER);
        for _ in 0..TIMES {
            asm!("wfi");
        }
        asm!("csrc sie, {}", in(reg) TIMER);
    }
    sbi::set_timer(u64::MAX).map_err(|_| "set_timer failed")
}
