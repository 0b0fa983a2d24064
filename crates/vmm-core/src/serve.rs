//! What a monitor does for each exit of its guest.

use kvm::Exit;
use kvm::run::SystemEvent;
use kvm::trace::Answer;

use crate::console::{Call, INVALID_PARAM, NOT_SUPPORTED, SUCCESS};
use crate::map::ram_range;
use crate::uart::{self, Uart};

/// What is around the guest's devices.
pub trait Outside {
    /// Takes a byte of the guest's console.
    fn send(&mut self, byte: u8);

    /// A byte for the guest, if one is there.
    fn receive(&mut self) -> Option<u8>;

    /// The byte of RAM at an offset that is within.
    fn ram(&self, offset: usize) -> u8;

    /// Writes the byte of RAM at an offset that is within.
    fn set_ram(&mut self, offset: usize, byte: u8);
}

/// How it goes on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Next {
    /// Back to the guest.
    Resume,
    /// The machine ends; the guest says whether it has failed.
    End {
        /// It has.
        failed: bool,
    },
    /// The guest cannot go on, and this is what to do.
    Stuck(&'static str),
}

/// Does what an exit asks for.
pub fn serve(uart: &mut Uart, outside: &mut impl Outside, exit: Exit) -> (Answer, Next) {
    let stuck = |advice| (Answer::None, Next::Stuck(advice));
    match exit {
        Exit::Mmio { address, stored, .. } => match uart::offset(address) {
            Some(offset) => (access(uart, outside, offset, stored), Next::Resume),
            None => stuck("the guest has no device there: have it use its UART at 0x10000000 alone"),
        },
        Exit::Sbi { extension, function, args } => {
            let call = Call::decode(extension, function, args);
            (Answer::Returned(answer(outside, call)), Next::Resume)
        }
        Exit::SystemEvent { event, data } => {
            let failed = event != SystemEvent::Shutdown || data != 0;
            (Answer::None, Next::End { failed })
        }
        Exit::Interrupted => (Answer::None, Next::Resume),
        Exit::Csr { .. } => stuck("no such CSR is emulated: have the guest not use it"),
        Exit::FailEntry { .. } => stuck("the hardware refuses the guest: look into the kernel's log"),
        Exit::InternalError { .. } => stuck("the hypervisor cannot go on: look into the kernel's log"),
        Exit::Debug => stuck("nobody has asked for a breakpoint"),
        Exit::Other(_) => stuck("this kernel's KVM has exits that are not known here: use another"),
    }
}

/// An access to a register of the UART: a wider load reads zeros above it, a wider store writes its lowest byte.
fn access(uart: &mut Uart, outside: &mut impl Outside, offset: u64, stored: Option<u64>) -> Answer {
    match stored {
        None => Answer::Loaded(uart.load(offset, || outside.receive()).into()),
        Some(value) => {
            uart.store(offset, value as u8, |byte| outside.send(byte));
            Answer::None
        }
    }
}

/// The answer to a call to the SBI.
fn answer(outside: &mut impl Outside, call: Call) -> [u64; 2] {
    match call {
        Call::WriteByte(byte) => {
            outside.send(byte);
            [SUCCESS, 0]
        }
        Call::ReadByte => [outside.receive().map_or(!0, u64::from), 0],
        Call::Write { address, length } => match ram_range(address, length) {
            Some(range) => {
                for offset in range {
                    outside.send(outside.ram(offset));
                }
                [SUCCESS, length]
            }
            None => [INVALID_PARAM, 0],
        },
        Call::Read { address, length } => match ram_range(address, length) {
            Some(range) => [SUCCESS, receive(outside, range)],
            None => [INVALID_PARAM, 0],
        },
        Call::BadAddress => [INVALID_PARAM, 0],
        Call::Unknown => [NOT_SUPPORTED, 0],
    }
}

/// Fills RAM with the bytes that are there, and returns how many that were.
fn receive(outside: &mut impl Outside, range: core::ops::Range<usize>) -> u64 {
    let mut read = 0;
    for offset in range {
        let Some(byte) = outside.receive() else { break };
        outside.set_ram(offset, byte);
        read += 1;
    }
    read
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::collections::VecDeque;
    use std::vec::Vec;

    use super::*;
    use crate::map::{RAM_BASE, RAM_SIZE};

    #[derive(Default)]
    struct Around {
        sent: Vec<u8>,
        typed: VecDeque<u8>,
        ram: Vec<u8>,
    }

    impl Outside for Around {
        fn send(&mut self, byte: u8) {
            self.sent.push(byte);
        }

        fn receive(&mut self) -> Option<u8> {
            self.typed.pop_front()
        }

        fn ram(&self, offset: usize) -> u8 {
            self.ram[offset]
        }

        fn set_ram(&mut self, offset: usize, byte: u8) {
            self.ram[offset] = byte;
        }
    }

    fn around() -> Around {
        Around { typed: b"xy".iter().copied().collect(), ram: std::vec![b'.'; RAM_SIZE], ..Around::default() }
    }

    fn console(around: &mut Around, function: u64, args: [u64; 6]) -> (Answer, Next) {
        serve(&mut Uart::new(), around, Exit::Sbi { extension: 0x4442_434e, function, args })
    }

    #[test]
    fn the_console_writes_and_reads_ram_and_nothing_else() {
        let mut around = around();
        around.ram[8..10].copy_from_slice(b"hi");
        let written = console(&mut around, 0, [2, RAM_BASE + 8, 0, 0, 0, 0]);
        assert_eq!((written, &around.sent[..]), ((Answer::Returned([0, 2]), Next::Resume), &b"hi"[..]));
        let read = console(&mut around, 1, [4, RAM_BASE, 0, 0, 0, 0]);
        assert_eq!((read, &around.ram[..3]), ((Answer::Returned([0, 2]), Next::Resume), &b"xy."[..]));
        for function in [0, 1] {
            let beyond = console(&mut around, function, [2, RAM_BASE + RAM_SIZE as u64 - 1, 0, 0, 0, 0]);
            assert_eq!(beyond, (Answer::Returned([INVALID_PARAM, 0]), Next::Resume));
        }
    }

    #[test]
    fn an_access_is_one_to_the_uart_or_leads_nowhere() {
        let (mut around, mut uart) = (around(), Uart::new());
        let store = Exit::Mmio { address: uart::BASE, length: 4, stored: Some(0x1141) };
        assert_eq!(serve(&mut uart, &mut around, store), (Answer::None, Next::Resume));
        assert_eq!(around.sent, b"A");
        let load = Exit::Mmio { address: uart::BASE, length: 1, stored: None };
        assert_eq!(serve(&mut uart, &mut around, load), (Answer::Loaded(b'x'.into()), Next::Resume));
        let elsewhere = Exit::Mmio { address: uart::BASE + 8, length: 1, stored: None };
        assert!(matches!(serve(&mut uart, &mut around, elsewhere), (_, Next::Stuck(_))));
    }

    #[test]
    fn a_guest_ends_well_by_a_shutdown_without_a_reason() {
        for (event, data, failed) in [
            (SystemEvent::Shutdown, 0, false),
            (SystemEvent::Shutdown, 1, true),
            (SystemEvent::Reset, 0, true),
        ] {
            let exit = Exit::SystemEvent { event, data };
            assert_eq!(serve(&mut Uart::new(), &mut around(), exit), (Answer::None, Next::End { failed }));
        }
    }
}
