//! What is typed for the guest: standard input, which a guest must not wait for.

use crate::syscall::{self, Fd};

/// Standard input.
pub(crate) struct Input {
    /// There is nothing more to come.
    ended: bool,
}

impl Input {
    pub(crate) const fn new() -> Input {
        Input { ended: false }
    }

    /// A byte, if one is there.
    pub(crate) fn read(&mut self) -> Option<u8> {
        if self.ended || !syscall::is_readable(Fd::INPUT) {
            return None;
        }
        let mut byte = [0];
        match syscall::read(Fd::INPUT, &mut byte) {
            Ok(1) => Some(byte[0]),
            _ => {
                self.ended = true;
                None
            }
        }
    }
}
