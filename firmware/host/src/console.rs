//! The console: the kernel's own lines, and the guests' lines under their machines' names.

use core::fmt::{self, Write};

use crate::sbi;

/// The console that the firmware drives.
pub(crate) struct Console;

impl Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        text.bytes().for_each(put);
        Ok(())
    }
}

fn put(byte: u8) {
    if byte == b'\n' {
        sbi::write_byte(b'\r');
    }
    sbi::write_byte(byte);
}

/// Writes one line to the console; the firmware's console cannot fail.
macro_rules! println {
    ($($arg:tt)*) => {{
        use core::fmt::Write as _;
        let _ = writeln!($crate::console::Console, $($arg)*);
    }};
}
pub(crate) use println;

/// Longer lines are cut into pieces of this size.
const LINE: usize = 120;

/// What a guest has written and not ended yet: lines of two guests must not mix.
pub(crate) struct GuestConsole {
    line: [u8; LINE],
    used: usize,
}

impl GuestConsole {
    pub(crate) const fn new() -> GuestConsole {
        GuestConsole { line: [0; LINE], used: 0 }
    }

    /// Takes a byte from machine `number`, whose guest is `name`.
    pub(crate) fn write(&mut self, number: usize, name: &str, byte: u8) {
        match byte {
            b'\r' => return,
            b'\n' => return self.flush(number, name),
            _ => {}
        }
        if self.used == LINE {
            self.flush(number, name);
        }
        self.line[self.used] = byte;
        self.used += 1;
    }

    /// Writes what there is as a line.
    pub(crate) fn flush(&mut self, number: usize, name: &str) {
        let _ = write!(Console, "[vm{number} {name}] ");
        self.line[..self.used].iter().copied().for_each(put);
        put(b'\n');
        self.used = 0;
    }

    /// Ends a line that the guest left open.
    pub(crate) fn finish(&mut self, number: usize, name: &str) {
        if self.used != 0 {
            self.flush(number, name);
        }
    }
}
