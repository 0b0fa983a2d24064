//! The 16550 UART, by polling.

use core::sync::atomic::{AtomicUsize, Ordering};

/// Its address on the `virt` machine.
pub(crate) static BASE: AtomicUsize = AtomicUsize::new(0x1000_0000);

/// Receive buffer and transmit holding register.
const DATA: usize = 0;
/// Interrupt enable register.
const IER: usize = 1;
/// FIFO control register.
const FCR: usize = 2;
/// Line control register.
const LCR: usize = 3;
/// Line status register.
const LSR: usize = 5;

/// FCR: FIFOs on and empty.
const FIFO_ENABLE_AND_CLEAR: u8 = 0b111;
/// LCR: eight data bits, no parity, one stop bit.
const EIGHT_N_ONE: u8 = 0b11;
/// LSR: a byte has been received.
const DATA_READY: u8 = 1 << 0;
/// LSR: the next byte may be written.
const TRANSMIT_EMPTY: u8 = 1 << 5;

fn register(offset: usize) -> *mut u8 {
    (BASE.load(Ordering::Relaxed) + offset) as *mut u8
}

fn read(offset: usize) -> u8 {
    // SAFETY: the address is that of the UART's registers, which no Rust object shares.
    unsafe { register(offset).read_volatile() }
}

fn write(offset: usize, value: u8) {
    // SAFETY: as in `read`.
    unsafe { register(offset).write_volatile(value) }
}

/// Sets the line up; the divisor stays as it is, for no simulated line has a speed.
pub(crate) fn init() {
    write(IER, 0);
    write(LCR, EIGHT_N_ONE);
    write(FCR, FIFO_ENABLE_AND_CLEAR);
}

/// Writes a byte, when there is room for it.
pub(crate) fn put(byte: u8) {
    while read(LSR) & TRANSMIT_EMPTY == 0 {
        core::hint::spin_loop();
    }
    write(DATA, byte);
}

/// Reads a byte, if one has been received.
pub(crate) fn get() -> Option<u8> {
    (read(LSR) & DATA_READY != 0).then(|| read(DATA))
}
