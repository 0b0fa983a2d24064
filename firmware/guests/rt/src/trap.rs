//! Traps of a guest: interrupts go to the guest's handler, exceptions end it.

use core::arch::{asm, naked_asm};
use core::sync::atomic::{AtomicPtr, Ordering};

use crate::{println, sbi};

/// Bit 63 of `scause`.
const INTERRUPT: u64 = 1 << 63;

/// `sstatus.SIE`.
const SIE: u64 = 1 << 1;

/// The code of the supervisor software interrupt.
pub const SOFTWARE: u64 = 1;

/// The code of the supervisor timer interrupt.
pub const TIMER: u64 = 5;

/// The guest's handler of interrupts, a `fn(u64)`.
static HANDLER: AtomicPtr<()> = AtomicPtr::new(unexpected as fn(u64) as *mut ());

/// Sends traps of the hart that calls to this module; [`run`](crate::run) does so for the first.
pub fn init() {
    // SAFETY: the vector saves what it changes.
    unsafe { asm!("csrw stvec, {}", in(reg) vector as extern "C" fn() as usize) };
}

/// Lets `handler` handle the interrupts whose codes are bits of `codes`, which it is given.
pub fn enable_interrupts(codes: u64, handler: fn(u64)) {
    HANDLER.store(handler as *mut (), Ordering::Relaxed);
    // SAFETY: interrupts find a vector and a handler.
    unsafe { asm!("csrw sie, {}", "csrs sstatus, {}", in(reg) codes, in(reg) SIE) };
}

/// Saves the registers that a function may change, calls [`handle`] and resumes.
#[unsafe(naked)]
extern "C" fn vector() {
    naked_asm!(
        ".balign 4",
        "addi sp, sp, -128",
        "sd ra, 0(sp)",
        "sd t0, 8(sp)",
        "sd t1, 16(sp)",
        "sd t2, 24(sp)",
        "sd a0, 32(sp)",
        "sd a1, 40(sp)",
        "sd a2, 48(sp)",
        "sd a3, 56(sp)",
        "sd a4, 64(sp)",
        "sd a5, 72(sp)",
        "sd a6, 80(sp)",
        "sd a7, 88(sp)",
        "sd t3, 96(sp)",
        "sd t4, 104(sp)",
        "sd t5, 112(sp)",
        "sd t6, 120(sp)",
        "csrr a0, scause",
        "csrr a1, sepc",
        "csrr a2, stval",
        "call {handle}",
        "ld ra, 0(sp)",
        "ld t0, 8(sp)",
        "ld t1, 16(sp)",
        "ld t2, 24(sp)",
        "ld a0, 32(sp)",
        "ld a1, 40(sp)",
        "ld a2, 48(sp)",
        "ld a3, 56(sp)",
        "ld a4, 64(sp)",
        "ld a5, 72(sp)",
        "ld a6, 80(sp)",
        "ld a7, 88(sp)",
        "ld t3, 96(sp)",
        "ld t4, 104(sp)",
        "ld t5, 112(sp)",
        "ld t6, 120(sp)",
        "addi sp, sp, 128",
        "sret",
        handle = sym handle,
    )
}

extern "C" fn handle(scause: u64, sepc: u64, stval: u64) {
    if scause & INTERRUPT == 0 {
        println!("unexpected trap: scause {scause:#x}, sepc {sepc:#x}, stval {stval:#x}");
        sbi::shut_down(sbi::Reason::SystemFailure);
    }
    // SAFETY: only functions of this type are ever stored.
    let handler = unsafe { core::mem::transmute::<*mut (), fn(u64)>(HANDLER.load(Ordering::Relaxed)) };
    handler(scause & !INTERRUPT);
}

fn unexpected(code: u64) {
    println!("unexpected interrupt {code}");
    sbi::shut_down(sbi::Reason::SystemFailure);
}
