//! What the monitor does for each exit.

use kvm::Exit;
use kvm::run::SystemEvent;
use kvm::trace::Answer;
use vmm_core::console::{Call, INVALID_PARAM, NOT_SUPPORTED, SUCCESS};
use vmm_core::uart;

use crate::devices::Devices;
use crate::ram::Ram;
use crate::status;

/// How it goes on.
pub(crate) enum Next {
    /// Back to the guest.
    Resume,
    /// The machine ends, and the process with this status.
    End(i32),
    /// The guest cannot go on, and this is what to do.
    Stuck(&'static str),
}

/// Does what an exit asks for.
pub(crate) fn serve(devices: &mut Devices, ram: Ram, exit: Exit) -> (Answer, Next) {
    let stuck = |advice| (Answer::None, Next::Stuck(advice));
    match exit {
        Exit::Mmio { address, stored, .. } => match uart::offset(address) {
            Some(offset) => (access(devices, offset, stored), Next::Resume),
            None => stuck("the guest has no device there: have it use its UART at 0x10000000 alone"),
        },
        Exit::Sbi { extension, function, args } => {
            let call = Call::decode(extension, function, args);
            (Answer::Returned(answer(devices, ram, call)), Next::Resume)
        }
        Exit::SystemEvent { event, data } => {
            let well = event == SystemEvent::Shutdown && data == 0;
            (Answer::None, Next::End(if well { status::SUCCESS } else { status::GUEST_FAILED }))
        }
        Exit::Interrupted => (Answer::None, Next::Resume),
        Exit::Csr { .. } => stuck("no such CSR is emulated: have the guest not use it"),
        Exit::FailEntry { .. } => stuck("the hardware refuses the guest: look into the kernel's log"),
        Exit::InternalError { .. } => stuck("KVM cannot go on: look into the kernel's log"),
        Exit::Debug => stuck("nobody has asked for a breakpoint"),
        Exit::Other(_) => stuck("this kernel's KVM has exits that are not known here: use another"),
    }
}

/// An access to a register of the UART: a wider load reads zeros above it, a wider store writes its lowest byte.
fn access(devices: &mut Devices, offset: u64, stored: Option<u64>) -> Answer {
    let Devices { uart, console, input } = devices;
    match stored {
        None => Answer::Loaded(uart.load(offset, || input.read()).into()),
        Some(value) => {
            uart.store(offset, value as u8, |byte| console.write(&[byte]));
            Answer::None
        }
    }
}

/// The answer to a call to the SBI.
fn answer(devices: &mut Devices, ram: Ram, call: Call) -> [u64; 2] {
    let Devices { console, input, .. } = devices;
    match call {
        Call::WriteByte(byte) => {
            console.write(&[byte]);
            [SUCCESS, 0]
        }
        Call::ReadByte => [input.read().map_or(!0, u64::from), 0],
        Call::Write { address, length } => match ram.read(address, length, |byte| console.write(&[byte])) {
            Some(()) => [SUCCESS, length],
            None => [INVALID_PARAM, 0],
        },
        Call::Read { address, length } => match ram.write(address, length, || input.read()) {
            Some(read) => [SUCCESS, read],
            None => [INVALID_PARAM, 0],
        },
        Call::BadAddress => [INVALID_PARAM, 0],
        Call::Unknown => [NOT_SUPPORTED, 0],
    }
}
