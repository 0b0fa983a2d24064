//! Traps into M-mode: SBI calls and M-mode interrupts; anything else ends the machine.

use core::arch::naked_asm;
use core::mem::{offset_of, size_of};

use isa::cause::{Cause, Exception, Interrupt};
use isa::csr::{mcause, mepc, mstatus, mtval};

use crate::console::println;
use crate::extension::{self, time};
use crate::{console, csr, hart, platform};

/// The trapped hart's registers, as [`vector`] saves them on the hart's stack.
#[repr(C, align(16))]
pub(crate) struct Frame {
    /// x0 to x31; slot 0 is unused.
    pub(crate) x: [usize; 32],
    /// Where to resume.
    pub(crate) mepc: u64,
    /// The status to resume with.
    pub(crate) mstatus: u64,
}

/// The registers a0 to a7 start at this index of [`Frame::x`].
pub(crate) const A0: usize = 10;

/// The trap vector. `mscratch` holds the top of the hart's stack while a lower mode runs, and zero in M-mode.
#[unsafe(naked)]
pub(crate) extern "C" fn vector() {
    naked_asm!(
        ".balign 4",
        "csrrw sp, mscratch, sp",
        "beqz sp, 1f",
        "addi sp, sp, -{size}",
        "sd ra, 8(sp)",
        "sd gp, 24(sp)",
        "sd tp, 32(sp)",
        "sd t0, 40(sp)",
        "sd t1, 48(sp)",
        "sd t2, 56(sp)",
        "sd s0, 64(sp)",
        "sd s1, 72(sp)",
        "sd a0, 80(sp)",
        "sd a1, 88(sp)",
        "sd a2, 96(sp)",
        "sd a3, 104(sp)",
        "sd a4, 112(sp)",
        "sd a5, 120(sp)",
        "sd a6, 128(sp)",
        "sd a7, 136(sp)",
        "sd s2, 144(sp)",
        "sd s3, 152(sp)",
        "sd s4, 160(sp)",
        "sd s5, 168(sp)",
        "sd s6, 176(sp)",
        "sd s7, 184(sp)",
        "sd s8, 192(sp)",
        "sd s9, 200(sp)",
        "sd s10, 208(sp)",
        "sd s11, 216(sp)",
        "sd t3, 224(sp)",
        "sd t4, 232(sp)",
        "sd t5, 240(sp)",
        "sd t6, 248(sp)",
        "csrrw t0, mscratch, zero",
        "sd t0, 16(sp)",
        "csrr t0, mepc",
        "sd t0, {mepc}(sp)",
        "csrr t0, mstatus",
        "sd t0, {mstatus}(sp)",
        "mv a0, sp",
        "call {handle}",
        "ld t0, {mepc}(sp)",
        "csrw mepc, t0",
        "ld t0, {mstatus}(sp)",
        "csrw mstatus, t0",
        "addi t0, sp, {size}",
        "csrw mscratch, t0",
        "ld ra, 8(sp)",
        "ld gp, 24(sp)",
        "ld tp, 32(sp)",
        "ld t0, 40(sp)",
        "ld t1, 48(sp)",
        "ld t2, 56(sp)",
        "ld s0, 64(sp)",
        "ld s1, 72(sp)",
        "ld a0, 80(sp)",
        "ld a1, 88(sp)",
        "ld a2, 96(sp)",
        "ld a3, 104(sp)",
        "ld a4, 112(sp)",
        "ld a5, 120(sp)",
        "ld a6, 128(sp)",
        "ld a7, 136(sp)",
        "ld s2, 144(sp)",
        "ld s3, 152(sp)",
        "ld s4, 160(sp)",
        "ld s5, 168(sp)",
        "ld s6, 176(sp)",
        "ld s7, 184(sp)",
        "ld s8, 192(sp)",
        "ld s9, 200(sp)",
        "ld s10, 208(sp)",
        "ld s11, 216(sp)",
        "ld t3, 224(sp)",
        "ld t4, 232(sp)",
        "ld t5, 240(sp)",
        "ld t6, 248(sp)",
        "ld sp, 16(sp)",
        "mret",
        // A trap in the firmware itself: its own stack is the one in use.
        "1:",
        "csrrw sp, mscratch, zero",
        "j {fail}",
        size = const size_of::<Frame>(),
        mepc = const offset_of!(Frame, mepc),
        mstatus = const offset_of!(Frame, mstatus),
        handle = sym handle,
        fail = sym fail,
    )
}

extern "C" fn handle(frame: &mut Frame) {
    match Cause::from_bits(csr::read::<{ mcause::NUMBER }>()) {
        Some(Cause::Exception(Exception::EcallS)) => extension::answer(frame),
        Some(Cause::Interrupt(Interrupt::Mti)) => time::expired(),
        Some(Cause::Interrupt(Interrupt::Msi)) => hart::receive(),
        _ => fail(),
    }
}

/// Says what happened and ends the machine: nothing else can be right after a trap that nobody expects.
extern "C" fn fail() -> ! {
    console::break_lock();
    let cause = csr::read::<{ mcause::NUMBER }>();
    let status = csr::read::<{ mstatus::NUMBER }>();
    println!("vhart SBI: unexpected trap into M-mode on hart {}", hart::id());
    match Cause::from_bits(cause) {
        Some(known) => println!("  mcause  {cause:#x} ({known})"),
        None => println!("  mcause  {cause:#x}"),
    }
    println!("  mepc    {:#x}", csr::read::<{ mepc::NUMBER }>());
    println!("  mtval   {:#x}", csr::read::<{ mtval::NUMBER }>());
    println!("  mstatus {status:#x}");
    platform::finisher::fail(platform::finisher::FIRMWARE_FAILED)
}
