//! What is done about an exit: here, by the guest itself, or by the host.

mod fault;
mod fetch;
mod locate;
mod sbi;
mod virtual_inst;

use isa::cause::Interrupt;

use crate::addr::Gpa;
use crate::error::Error;
use crate::exit::Exit;
use crate::frames::Frames;
use crate::hart::{Hart, Trap, Width};
use crate::inject::inject;
use crate::vcpu::Vcpu;
use crate::vm::Vm;

/// How the guest goes on after an exit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It can run on at once.
    Resume,
    /// It can run on once the host has taken this interrupt.
    Interrupted(Interrupt),
    /// It waits for an interrupt: it runs on when [`Vcpu::has_interrupt`].
    Waiting,
    /// It loads from a device: answer with [`Vcpu::complete`].
    Load {
        /// The device's address.
        address: Gpa,
        /// The size of the access.
        width: Width,
    },
    /// It stores to a device: carry it out, then [`Vcpu::complete`].
    Store {
        /// The device's address.
        address: Gpa,
        /// The size of the access.
        width: Width,
        /// The value, of that size.
        value: u64,
    },
    /// It writes this byte to its console: then [`Vcpu::complete`] with 0.
    WriteByte(u8),
    /// It reads a byte from its console: [`Vcpu::complete`] with it, or with -1 where there is none.
    ReadByte,
    /// It writes part of its RAM to its console: [`Vcpu::complete`] with the number of bytes written.
    Write {
        /// Where the bytes are.
        address: Gpa,
        /// How many.
        length: u64,
    },
    /// It reads from its console into its RAM: [`Vcpu::complete`] with the number of bytes read.
    Read {
        /// Where the bytes go.
        address: Gpa,
        /// How many fit.
        length: u64,
    },
    /// It asked for its machine to be shut down or reset.
    Reset(Reset),
}

/// A system reset that a guest asked for. SBI, "System Reset Extension".
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Reset {
    /// Whether the machine should start again.
    pub reboot: bool,
    /// Whether the guest gives a failure as the reason.
    pub failure: bool,
}

/// Deals with the exit of the loaded guest that `trap` tells of.
///
/// # Errors
/// What keeps this guest from going on; the other guests can.
pub fn handle<H: Hart, F: Frames>(
    hart: &mut H,
    vcpu: &mut Vcpu,
    vm: &mut Vm,
    frames: &mut F,
    trap: &Trap,
) -> Result<Outcome, Error> {
    match Exit::decode(trap)? {
        Exit::Interrupt(interrupt) => Ok(Outcome::Interrupted(interrupt)),
        Exit::Ecall => Ok(sbi::call(hart, vcpu, vm)),
        Exit::VirtualInst(bits) => Ok(virtual_inst::handle(hart, vcpu, bits)),
        Exit::GuestPageFault(fault) => fault::handle(hart, vcpu, vm, frames, &fault),
        Exit::Exception(exception, value) => {
            inject(hart, vcpu, exception, value);
            Ok(Outcome::Resume)
        }
    }
}

#[cfg(test)]
mod tests;
