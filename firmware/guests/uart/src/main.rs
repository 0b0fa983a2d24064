//! Guest: drives a 16550 by loads and stores of every form, none of which reaches memory.
//!
//! A hypervisor sees each access as a guest-page fault and must tell its width, sign and length from `htinst` or
//! from the instruction itself.

#![no_std]
#![no_main]

use core::arch::asm;

use guest_rt::{Failure, Start, guest};

guest!(main);

const BASE: usize = 0x1000_0000;
/// Transmit holding register.
const THR: usize = BASE;
/// Line control register.
const LCR: usize = BASE + 3;
/// Modem control register.
const MCR: usize = BASE + 4;
/// Line status register.
const LSR: usize = BASE + 5;
/// Scratch register.
const SCR: usize = BASE + 7;

/// LSR: the next byte may be written.
const TRANSMIT_EMPTY: u64 = 1 << 5;
/// LCR: eight data bits, no parity, one stop bit.
const EIGHT_N_ONE: u64 = 0b11;

/// One load instruction, as written.
macro_rules! load {
    ($instruction:literal, $address:expr) => {{
        let value: u64;
        // SAFETY: the address is that of a device register, which no Rust object shares. The registers named are
        // those that compressed instructions can name.
        unsafe {
            asm!(concat!($instruction, " a5, 0(a4)"), in("a4") $address, out("a5") value, options(nostack));
        }
        value
    }};
}

/// One store instruction, as written.
macro_rules! store {
    ($instruction:literal, $address:expr, $value:expr) => {{
        let value: u64 = $value;
        // SAFETY: as for loads.
        unsafe { asm!(concat!($instruction, " a5, 0(a4)"), in("a4") $address, in("a5") value, options(nostack)) }
    }};
}

fn main(start: Start) -> Result<(), Failure> {
    store!("sb", LCR, EIGHT_N_ONE);
    write("uart: virtual machine ");
    put(b'0' + (start.machine % 10) as u8);
    write(", byte by byte\n");

    widths()?;
    signs()
}

/// A register gives back what was written, whatever the width of the access and the length of the instruction.
fn widths() -> Result<(), Failure> {
    store!("sb", MCR, 0b01);
    if load!("lhu", MCR) != 0b01 || load!("lwu", MCR) != 0b01 {
        return Err("wide loads do not see the byte that was stored");
    }
    store!("sh", MCR, 0xff02);
    if load!("lb", MCR) != 0b10 {
        return Err("a store of a halfword does not write its lowest byte");
    }
    store!("c.sw", MCR, 0xffff_ff03);
    if load!("c.lw", MCR) != 0b11 {
        return Err("compressed load and store do not reach the register");
    }
    "uart: every width\n".bytes().for_each(|byte| {
        wait();
        store!("c.sw", THR, byte.into());
    });
    Ok(())
}

/// Byte loads extend by sign or by zero as their names say.
fn signs() -> Result<(), Failure> {
    store!("sb", SCR, 0x80);
    if load!("lbu", SCR) != 0x80 {
        return Err("lbu does not extend by zero");
    }
    if load!("lb", SCR) != (-0x80_i64) as u64 {
        return Err("lb does not extend by sign");
    }
    Ok(())
}

fn write(text: &str) {
    text.bytes().for_each(put);
}

fn put(byte: u8) {
    wait();
    store!("sb", THR, byte.into());
}

/// Waits until the transmitter can take a byte; both loads must agree that it can.
fn wait() {
    while load!("lb", LSR) & load!("lbu", LSR) & TRANSMIT_EMPTY == 0 {}
}
