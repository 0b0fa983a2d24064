//! Guest: counts timer interrupts, waiting for each of them.

#![no_std]
#![no_main]

use core::arch::asm;
use core::sync::atomic::{AtomicU64, Ordering};

use guest_rt::{Failure, Start, guest, println, sbi, trap};

guest!(main);

/// Time between two interrupts: one millisecond at the machine's 10 MHz.
const PERIOD: u64 = 10_000;

const TICKS: u64 = 10;

static COUNT: AtomicU64 = AtomicU64::new(0);

fn main(start: Start) -> Result<(), Failure> {
    println!("timer: virtual machine {}, {TICKS} ticks", start.machine);
    let begin = time();
    arm(begin)?;
    trap::enable_interrupts(1 << trap::TIMER, tick);

    for tick in 1..=TICKS {
        while COUNT.load(Ordering::Relaxed) < tick {
            // SAFETY: waiting changes nothing but the time; it may end early, for no reason at all.
            unsafe { asm!("wfi") };
        }
        println!("timer: tick {tick}");
    }
    if time().wrapping_sub(begin) < TICKS * PERIOD {
        return Err("the ticks came too early");
    }
    Ok(())
}

/// Handles a timer interrupt: counts it and asks for the next one, also after the last, lest a wait that begins
/// just now never end.
fn tick(code: u64) {
    assert_eq!(code, trap::TIMER, "only the timer is enabled");
    COUNT.fetch_add(1, Ordering::Relaxed);
    arm(time()).expect("set_timer worked before");
}

fn arm(now: u64) -> Result<(), Failure> {
    sbi::set_timer(now + PERIOD).map_err(|_| "set_timer failed")
}

fn time() -> u64 {
    let time;
    // SAFETY: reading the time has no side effect.
    unsafe { asm!("rdtime {}", out(reg) time, options(nomem, nostack)) };
    time
}
