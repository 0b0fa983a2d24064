//! Calls to the firmware. SBI, "Binary Encoding".

use core::arch::asm;

const BASE: usize = 0x10;
/// The first of three functions: vendor, architecture, implementation.
const GET_MVENDORID: usize = 4;
const SYSTEM_RESET: usize = 0x5352_5354;
const LEGACY_PUTCHAR: usize = 1;
const LEGACY_GETCHAR: usize = 2;

/// Why the machine shuts down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub(crate) enum Reason {
    /// All is well.
    None = 0,
    /// It is not.
    SystemFailure = 1,
}

fn call(extension: usize, function: usize, arguments: [usize; 2]) -> [usize; 2] {
    let [mut a0, mut a1] = arguments;
    // SAFETY: the SBI preserves every register but a0 and a1, and these calls touch no memory.
    unsafe {
        asm!(
            "ecall",
            inlateout("a0") a0,
            inlateout("a1") a1,
            in("a6") function,
            in("a7") extension,
            options(nostack),
        );
    }
    [a0, a1]
}

/// Vendor, architecture and implementation of the harts.
pub(crate) fn ids() -> [u64; 3] {
    core::array::from_fn(|n| call(BASE, GET_MVENDORID + n, [0; 2])[1] as u64)
}

/// Writes one byte to the console.
pub(crate) fn write_byte(byte: u8) {
    call(LEGACY_PUTCHAR, 0, [byte.into(), 0]);
}

/// Reads a byte from the console if there is one.
pub(crate) fn read_byte() -> Option<u8> {
    u8::try_from(call(LEGACY_GETCHAR, 0, [0; 2])[0] as isize).ok()
}

/// Switches the machine off.
pub(crate) fn shut_down(reason: Reason) -> ! {
    call(SYSTEM_RESET, 0, [0, reason as usize]);
    loop {
        core::hint::spin_loop();
    }
}
