//! The console: the machine's UART, one writer at a time.

use core::fmt::{self, Write};

use crate::lock::{Guard, Lock};
use crate::platform::uart;

static LOCK: Lock = Lock::new();

/// Exclusive use of the console while it lives.
pub(crate) struct Console<'a>(#[expect(dead_code, reason = "held, not looked at")] Guard<'a>);

/// Sets up the UART.
pub(crate) fn init() {
    uart::init();
}

/// Waits for the console.
pub(crate) fn lock() -> Console<'static> {
    Console(LOCK.acquire(core::hint::spin_loop))
}

/// Takes the console from whoever holds it, for the last words of a failing machine.
pub(crate) fn break_lock() {
    LOCK.break_open();
}

impl Console<'_> {
    /// Writes one byte as it is.
    pub(crate) fn put(&mut self, byte: u8) {
        uart::put(byte);
    }

    /// Reads a byte if there is one.
    pub(crate) fn get(&mut self) -> Option<u8> {
        uart::get()
    }
}

impl Write for Console<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        for byte in text.bytes() {
            if byte == b'\n' {
                self.put(b'\r');
            }
            self.put(byte);
        }
        Ok(())
    }
}

/// Writes one line to the console. The UART cannot fail.
macro_rules! println {
    ($($arg:tt)*) => {{
        use core::fmt::Write as _;
        let _ = writeln!($crate::console::lock(), $($arg)*);
    }};
}
pub(crate) use println;
