//! The host-target interface: two doublewords of main memory, `tohost` and `fromhost`, by which test
//! programs exit, print and ask for system calls. As Berkeley's `fesvr` serves them.

use core::ops::Range;

use iss::{Ram, Width};

use super::Power;
use crate::console::Console;

/// The system call number of `write` in Linux.
const SYS_WRITE: u64 = 64;
const ENOSYS: i64 = 38;
const EBADF: i64 = 9;
const EFAULT: i64 = 14;
/// A `write` is cut short here, as POSIX allows, so that a wild length does not stall the machine.
const WRITE_MAX: u64 = 1 << 20;
/// `tohost` bits 63:56 of the console.
const DEVICE_CONSOLE: u64 = 1;
/// `tohost` bits 55:48: the console writes a character.
const COMMAND_PUTCHAR: u64 = 1;

/// The host's side of the interface.
#[derive(Debug)]
pub struct Htif {
    tohost: u64,
    fromhost: Option<u64>,
    /// Only the low half of `tohost` has been written.
    half: bool,
}

impl Htif {
    /// Serves a program with its doublewords at these physical addresses, which must lie in main memory.
    pub fn new(tohost: u64, fromhost: Option<u64>) -> Htif {
        Htif { tohost, fromhost, half: false }
    }

    /// Where `tohost` is.
    pub fn tohost(&self) -> Range<u64> {
        self.tohost..self.tohost.saturating_add(8)
    }

    /// The state: what the guest has left half done.
    pub(crate) fn save(&self) -> bool {
        // Where the doublewords are, the program says.
        let Htif { tohost: _, fromhost: _, half } = self;
        *half
    }

    /// Takes a state.
    pub(crate) fn restore(&mut self, half: bool) {
        self.half = half;
    }

    /// Looks at a store that has touched `tohost`, and does what it asks for.
    ///
    /// Some programs store the two halves one after the other, low first: the request is complete with
    /// the high half, or when the low half is stored again without any high half.
    pub fn stored(&mut self, pa: u64, width: Width, ram: &Ram, console: &mut Console) -> Option<Power> {
        let end = pa.saturating_add(width.bytes());
        let touches = |half: Range<u64>| pa < half.end && end > half.start;
        let middle = self.tohost.saturating_add(4);
        let (low, high) = (touches(self.tohost..middle), touches(middle..self.tohost.saturating_add(8)));
        if low && !high && !self.half {
            self.half = true;
            return None;
        }
        self.half = false;
        let request = ram.load(self.tohost, Width::D)?;
        if request == 0 {
            return None;
        }
        let power = self.perform(request, ram, console);
        if power.is_none() {
            ram.store(self.tohost, Width::D, 0)?;
        }
        power
    }

    fn perform(&self, request: u64, ram: &Ram, console: &mut Console) -> Option<Power> {
        let (device, command) = (request >> 56, request >> 48 & 0xff);
        if device == DEVICE_CONSOLE {
            if command == COMMAND_PUTCHAR {
                console.write(&[request as u8]);
            }
            None
        } else if request & 1 != 0 {
            Some(Power::Exit(request >> 1))
        } else {
            if device == 0 && command == 0 {
                self.system_call(request, ram, console);
            } else {
                tracing::debug!(request, "HTIF: unknown request ignored");
            }
            None
        }
    }

    /// Performs the system call described at `block`: its number, then its arguments, in 64-bit words.
    fn system_call(&self, block: u64, ram: &Ram, console: &mut Console) {
        let argument = |n: u64| ram.load(block.checked_add(8 * n)?, Width::D);
        let (Some(number), Some(fd), Some(buffer), Some(length)) =
            (argument(0), argument(1), argument(2), argument(3))
        else {
            tracing::debug!(block, "HTIF: request block outside memory ignored");
            return;
        };
        let result = match number {
            SYS_WRITE => write(fd, buffer, length, ram, console),
            _ => Err(ENOSYS),
        };
        let result = result.unwrap_or_else(|errno| (-errno) as u64);
        ram.store(block, Width::D, result);
        if let Some(fromhost) = self.fromhost {
            ram.store(fromhost, Width::D, 1);
        }
    }
}

/// Writes guest memory to the console, which is standard output and standard error alike.
fn write(fd: u64, buffer: u64, length: u64, ram: &Ram, console: &mut Console) -> Result<u64, i64> {
    if !matches!(fd, 1 | 2) {
        return Err(EBADF);
    }
    if !ram.contains(buffer, length) {
        return Err(EFAULT);
    }
    let length = length.min(WRITE_MAX);
    let mut bytes = vec![0; length as usize];
    ram.read(buffer, &mut bytes).ok_or(EFAULT)?;
    console.write(&bytes);
    Ok(length)
}

#[cfg(test)]
mod tests {
    use std::io;
    use std::sync::{Arc, Mutex};

    use super::*;

    const TOHOST: u64 = 0x8000_1000;
    const FROMHOST: u64 = 0x8000_1040;
    const BLOCK: u64 = 0x8000_2000;

    #[derive(Clone, Default)]
    struct Shared(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Shared {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Rig {
        htif: Htif,
        ram: Ram,
        console: Console,
        written: Shared,
    }

    impl Rig {
        fn new() -> Rig {
            let written = Shared::default();
            Rig {
                htif: Htif::new(TOHOST, Some(FROMHOST)),
                ram: Ram::new(0x8000_0000, 0x4000).unwrap(),
                console: Console::new(written.clone()),
                written,
            }
        }

        fn store(&mut self, pa: u64, width: Width, value: u64) -> Option<Power> {
            self.ram.store(pa, width, value).unwrap();
            self.htif.stored(pa, width, &self.ram, &mut self.console)
        }

        fn word(&self, pa: u64) -> u64 {
            self.ram.load(pa, Width::D).unwrap()
        }

        /// Asks for a system call and returns its result.
        fn call(&mut self, block: [u64; 4]) -> u64 {
            for (at, word) in (BLOCK..).step_by(8).zip(block) {
                self.ram.store(at, Width::D, word).unwrap();
            }
            assert_eq!(self.store(TOHOST, Width::D, BLOCK), None);
            assert_eq!((self.word(TOHOST), self.word(FROMHOST)), (0, 1));
            self.word(BLOCK)
        }
    }

    #[test]
    fn odd_values_end_the_program() {
        assert_eq!(Rig::new().store(TOHOST, Width::D, 1), Some(Power::Exit(0)));
        assert_eq!(Rig::new().store(TOHOST, Width::D, 7 << 1 | 1), Some(Power::Exit(7)));
        assert_eq!(Rig::new().store(TOHOST, Width::D, 0), None);
    }

    #[test]
    fn halves_make_one_request() {
        let mut rig = Rig::new();
        assert_eq!(rig.store(TOHOST, Width::W, 3), None);
        assert_eq!(rig.store(TOHOST + 4, Width::W, 0), Some(Power::Exit(1)));
        let mut rig = Rig::new();
        rig.store(TOHOST, Width::W, b'x'.into());
        assert_eq!(rig.written.0.lock().unwrap().len(), 0);
        rig.store(TOHOST + 4, Width::W, 0x0101_0000);
        assert_eq!(*rig.written.0.lock().unwrap(), b"x");
    }

    #[test]
    fn a_low_half_stored_again_needs_no_high_half() {
        let mut rig = Rig::new();
        assert_eq!(rig.store(TOHOST, Width::W, 1), None);
        assert_eq!(rig.store(TOHOST, Width::W, 1), Some(Power::Exit(0)));
    }

    #[test]
    fn characters_are_written_and_acknowledged() {
        let mut rig = Rig::new();
        for byte in *b"hi" {
            rig.store(TOHOST, Width::D, 0x0101_0000_0000_0000 | u64::from(byte));
            assert_eq!(rig.word(TOHOST), 0);
        }
        assert_eq!(*rig.written.0.lock().unwrap(), b"hi");
    }

    #[test]
    fn write_reaches_the_console() {
        let mut rig = Rig::new();
        rig.ram.write(0x8000_3000, b"hello").unwrap();
        assert_eq!(rig.call([64, 1, 0x8000_3000, 5]), 5);
        assert_eq!(rig.call([64, 2, 0x8000_3000, 0]), 0);
        assert_eq!(*rig.written.0.lock().unwrap(), b"hello");
    }

    #[test]
    fn bad_system_calls_get_their_errno() {
        let mut rig = Rig::new();
        let errno = |n: i64| (-n) as u64;
        assert_eq!(rig.call([64, 3, 0x8000_3000, 5]), errno(EBADF));
        assert_eq!(rig.call([64, 1, 0x8000_3fff, 2]), errno(EFAULT), "runs out of memory's end");
        assert_eq!(rig.call([64, 1, u64::MAX, u64::MAX]), errno(EFAULT));
        assert_eq!(rig.call([64, 1, 0x8000_3000, u64::MAX]), errno(EFAULT));
        assert_eq!(rig.call([214, 0, 0, 0]), errno(ENOSYS));
    }

    #[test]
    fn a_request_block_outside_memory_is_ignored() {
        for block in [0x10, 0x8000_3ff0, 0x0000_ffff_ffff_fff8, 0x8000_2004] {
            let mut rig = Rig::new();
            assert_eq!(rig.store(TOHOST, Width::D, block), None);
            assert_eq!((rig.word(TOHOST), rig.word(FROMHOST)), (0, 0), "{block:#x}");
        }
    }
}
