//! Calls to the SBI that guests make. SBI, "Binary Encoding".

use core::arch::asm;

const BASE: usize = 0x10;
const TIME: usize = 0x5449_4d45;
/// The inter-processor interrupt extension.
pub const IPI: usize = 0x73_5049;
/// The hart state management extension.
pub const HSM: usize = 0x48_534d;
const SYSTEM_RESET: usize = 0x5352_5354;
/// The debug console extension.
pub const DEBUG_CONSOLE: usize = 0x4442_434e;
const LEGACY_PUTCHAR: usize = 1;
const LEGACY_SHUTDOWN: usize = 8;

/// An error that a call returned, by the specification's number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Error(pub isize);

/// Why a machine shuts down.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(usize)]
pub enum Reason {
    /// All is well.
    None = 0,
    /// It is not.
    SystemFailure = 1,
}

/// Calls `function` of `extension` with at most six arguments; those not given are zero.
pub fn call<const N: usize>(
    extension: usize,
    function: usize,
    arguments: [usize; N],
) -> Result<usize, Error> {
    let argument = |n: usize| arguments.get(n).copied().unwrap_or(0);
    let [mut a0, mut a1] = [argument(0), argument(1)];
    // SAFETY: the SBI preserves every register but a0 and a1, and of memory it touches what it is pointed to.
    unsafe {
        asm!(
            "ecall",
            inlateout("a0") a0,
            inlateout("a1") a1,
            in("a2") argument(2),
            in("a3") argument(3),
            in("a4") argument(4),
            in("a5") argument(5),
            in("a6") function,
            in("a7") extension,
            options(nostack),
        );
    }
    if a0 == 0 { Ok(a1) } else { Err(Error(a0 as isize)) }
}

/// The version of the specification, as (major, minor).
pub fn version() -> (usize, usize) {
    let version = call(BASE, 0, []).unwrap_or(0);
    (version >> 24 & 0x7f, version & 0xff_ffff)
}

/// Whether `extension` is there.
pub fn probe(extension: usize) -> bool {
    call(BASE, 3, [extension]).is_ok_and(|answer| answer != 0)
}

/// Makes the timer interrupt pending when the time CSR reaches `time`, and clears it until then.
pub fn set_timer(time: u64) -> Result<(), Error> {
    call(TIME, 0, [time as usize]).map(|_| ())
}

/// Writes bytes to the debug console and says how many it took. Guests run at their physical addresses.
pub fn console_write(bytes: &[u8]) -> Result<usize, Error> {
    call(DEBUG_CONSOLE, 0, [bytes.len(), bytes.as_ptr() as usize])
}

/// Writes a byte to the legacy console.
pub fn console_putchar(byte: u8) {
    // The call answers in a0 alone and cannot fail.
    let _ = call(LEGACY_PUTCHAR, 0, [byte.into()]);
}

/// The state of a hart, by HSM's numbers.
pub fn hart_status(hart: usize) -> Result<usize, Error> {
    call(HSM, 2, [hart])
}

/// Starts a hart that has stopped at `address`, with `argument` in a1.
pub fn start_hart(hart: usize, address: usize, argument: usize) -> Result<(), Error> {
    call(HSM, 0, [hart, address, argument]).map(|_| ())
}

/// Stops the hart that calls.
pub fn stop_hart() -> ! {
    let _ = call(HSM, 1, []);
    loop {
        core::hint::spin_loop();
    }
}

/// Interrupts a hart.
pub fn send_ipi(hart: usize) -> Result<(), Error> {
    call(IPI, 0, [1, hart]).map(|_| ())
}

/// Shuts the machine down.
pub fn shut_down(reason: Reason) -> ! {
    let _ = call(SYSTEM_RESET, 0, [0, reason as usize]);
    let _ = call(LEGACY_SHUTDOWN, 0, []);
    loop {
        core::hint::spin_loop();
    }
}
