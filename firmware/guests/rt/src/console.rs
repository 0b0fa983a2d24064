//! Lines of text over the SBI's console.

use core::fmt;

use crate::sbi;

/// The SBI's debug console where there is one, else its legacy console.
pub struct Console;

impl fmt::Write for Console {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text.as_bytes();
        // The call may write less than it was given.
        while !rest.is_empty() {
            match sbi::console_write(rest) {
                Ok(0) => return Err(fmt::Error),
                Ok(written) => rest = rest.get(written..).unwrap_or_default(),
                Err(_) => {
                    rest.iter().for_each(|&byte| sbi::console_putchar(byte));
                    rest = &[];
                }
            }
        }
        Ok(())
    }
}

/// Writes one line to the console; there is nobody to tell if that fails.
#[macro_export]
macro_rules! println {
    ($($arg:tt)*) => {{
        use core::fmt::Write as _;
        let _ = writeln!($crate::Console, $($arg)*);
    }};
}
