//! Lines of text to the monitor's own streams, each in one piece, and the guest's console.

use core::fmt::{self, Write};

use crate::syscall::{self, Fd};

/// A stream that is written to.
#[derive(Clone, Copy)]
pub(crate) struct Stream(Fd);

impl Stream {
    pub(crate) const OUTPUT: Stream = Stream(Fd::OUTPUT);
    pub(crate) const ERROR: Stream = Stream(Fd::ERROR);

    /// Writes everything; there is nobody to tell where that fails.
    pub(crate) fn write(self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            match syscall::write(self.0, bytes) {
                Ok(0) | Err(_) => return,
                Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            }
        }
    }

    /// Writes a line by one call, so that lines of several threads do not mix; the end of one that is too long is lost.
    pub(crate) fn line(self, text: fmt::Arguments<'_>) {
        let mut line = Buffer::<LINE>::new();
        // What does not fit is lost.
        let _ = line.write_fmt(text);
        line.end();
        self.write(line.bytes());
    }
}

/// Longer than any line of the trace.
const LINE: usize = 512;

/// Writes a line to standard error.
macro_rules! say {
    ($($arg:tt)*) => { $crate::output::Stream::ERROR.line(format_args!($($arg)*)) };
}
pub(crate) use say;

/// Text of at most `SIZE` bytes.
struct Buffer<const SIZE: usize> {
    bytes: [u8; SIZE],
    used: usize,
}

impl<const SIZE: usize> Buffer<SIZE> {
    const fn new() -> Buffer<SIZE> {
        Buffer { bytes: [0; SIZE], used: 0 }
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes[..self.used]
    }

    /// Ends the line, in place of its last byte where it is full.
    fn end(&mut self) {
        self.used = self.used.min(SIZE - 1);
        self.bytes[self.used] = b'\n';
        self.used += 1;
    }
}

impl<const SIZE: usize> Write for Buffer<SIZE> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.bytes[self.used..];
        let length = text.len().min(room.len());
        room[..length].copy_from_slice(&text.as_bytes()[..length]);
        self.used += length;
        if length < text.len() { Err(fmt::Error) } else { Ok(()) }
    }
}

/// The guest's console, on standard output.
pub(crate) struct Console {
    line: Buffer<LINE>,
    by_lines: bool,
}

impl Console {
    pub(crate) const fn new() -> Console {
        Console { line: Buffer::new(), by_lines: false }
    }

    /// From now on writes only whole lines, so that the trace does not come between.
    pub(crate) fn write_whole_lines(&mut self) {
        self.by_lines = true;
    }

    /// Writes what the guest writes.
    pub(crate) fn write(&mut self, bytes: &[u8]) {
        if !self.by_lines {
            return Stream::OUTPUT.write(bytes);
        }
        for byte in bytes {
            self.line.bytes[self.line.used] = *byte;
            self.line.used += 1;
            if *byte == b'\n' || self.line.used == LINE {
                self.flush();
            }
        }
    }

    /// Writes the line that the guest has not ended.
    pub(crate) fn flush(&mut self) {
        Stream::OUTPUT.write(self.line.bytes());
        self.line.used = 0;
    }
}
