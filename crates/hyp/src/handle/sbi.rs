//! The SBI that a guest calls: base, time, system reset and debug console, and the calls of version 0.1.
//!
//! SBI, "Binary Encoding" and the chapters of the extensions.

use isa::cause::Interrupt;

use super::{Outcome, Reset};
use crate::addr::Gpa;
use crate::hart::Hart;
use crate::vcpu::{Pending, Vcpu};
use crate::vm::Vm;

const LEGACY_SET_TIMER: u64 = 0;
const LEGACY_PUTCHAR: u64 = 1;
const LEGACY_GETCHAR: u64 = 2;
const LEGACY_CLEAR_IPI: u64 = 3;
const LEGACY_LAST: u64 = 0xf;
const LEGACY_SHUTDOWN: u64 = 8;
const BASE: u64 = 0x10;
const TIME: u64 = 0x5449_4d45;
const SYSTEM_RESET: u64 = 0x5352_5354;
const DEBUG_CONSOLE: u64 = 0x4442_434e;

const NOT_SUPPORTED: i64 = -2;
const INVALID_PARAM: i64 = -3;

/// Version 2.0: the major number in bits 30:24.
const SPEC_VERSION: u64 = 2 << 24;
/// Ours, chosen outside the numbers that the specification lists: "hyp" in ASCII.
const IMPLEMENTATION_ID: u64 = 0x0068_7970;
const IMPLEMENTATION_VERSION: u64 = 1;

/// An answer: done with a value, failed with an error, or for the host to complete.
enum Answer {
    Done(u64),
    Failed(i64),
    Host(Outcome),
}

/// Serves the guest's SBI call.
pub(super) fn call<H: Hart>(hart: &mut H, vcpu: &mut Vcpu, vm: &Vm) -> Outcome {
    let guest = &vcpu.context.guest;
    let (extension, function) = (guest.get(17), guest.get(16));
    let arguments = [guest.get(10), guest.get(11), guest.get(12)];
    if extension <= LEGACY_LAST {
        return legacy(hart, vcpu, extension, arguments[0]);
    }
    let answer = match extension {
        BASE => base(function, arguments[0]),
        TIME if function == 0 => {
            vcpu.timer.set(hart, &mut vcpu.interrupts, arguments[0]);
            Answer::Done(0)
        }
        SYSTEM_RESET if function == 0 => system_reset(arguments[0], arguments[1]),
        DEBUG_CONSOLE => debug_console(vm, function, arguments),
        _ => Answer::Failed(NOT_SUPPORTED),
    };
    match answer {
        Answer::Done(value) => vcpu.return_from_sbi(0, value),
        Answer::Failed(error) => vcpu.return_from_sbi(error, 0),
        Answer::Host(outcome) => {
            vcpu.pending = Some(Pending::Sbi);
            return outcome;
        }
    }
    Outcome::Resume
}

fn legacy<H: Hart>(hart: &mut H, vcpu: &mut Vcpu, extension: u64, argument: u64) -> Outcome {
    let outcome = match extension {
        LEGACY_PUTCHAR => Outcome::WriteByte(argument as u8),
        LEGACY_GETCHAR => Outcome::ReadByte,
        LEGACY_SHUTDOWN => Outcome::Reset(Reset { reboot: false, failure: false }),
        LEGACY_SET_TIMER => {
            vcpu.timer.set(hart, &mut vcpu.interrupts, argument);
            vcpu.return_from_legacy_sbi(0);
            return Outcome::Resume;
        }
        LEGACY_CLEAR_IPI => {
            vcpu.interrupts.unset(Interrupt::Vssi);
            vcpu.return_from_legacy_sbi(0);
            return Outcome::Resume;
        }
        _ => {
            vcpu.return_from_legacy_sbi(NOT_SUPPORTED as u64);
            return Outcome::Resume;
        }
    };
    vcpu.pending = Some(Pending::LegacySbi);
    outcome
}

fn base(function: u64, argument: u64) -> Answer {
    Answer::Done(match function {
        0 => SPEC_VERSION,
        1 => IMPLEMENTATION_ID,
        2 => IMPLEMENTATION_VERSION,
        3 => is_available(argument).into(),
        // mvendorid, marchid and mimpid, for which 0 is always legal.
        4..=6 => 0,
        _ => return Answer::Failed(NOT_SUPPORTED),
    })
}

fn is_available(extension: u64) -> bool {
    matches!(
        extension,
        LEGACY_SET_TIMER..=LEGACY_CLEAR_IPI | LEGACY_SHUTDOWN | BASE | TIME | SYSTEM_RESET | DEBUG_CONSOLE
    )
}

/// The parameters are 32 bits wide; what a guest puts above them does not count.
fn system_reset(kind: u64, reason: u64) -> Answer {
    let reboot = match kind as u32 {
        0 => false,
        1 | 2 => true,
        _ => return Answer::Failed(INVALID_PARAM),
    };
    match reason as u32 {
        reason @ (0 | 1) => Answer::Host(Outcome::Reset(Reset { reboot, failure: reason == 1 })),
        _ => Answer::Failed(INVALID_PARAM),
    }
}

fn debug_console(vm: &Vm, function: u64, [first, low, high]: [u64; 3]) -> Answer {
    let (length, address) = (first, Gpa(low));
    match function {
        0 | 1 if high != 0 || !vm.is_ram_range(address, length) => Answer::Failed(INVALID_PARAM),
        0 => Answer::Host(Outcome::Write { address, length }),
        1 => Answer::Host(Outcome::Read { address, length }),
        2 => Answer::Host(Outcome::WriteByte(first as u8)),
        _ => Answer::Failed(NOT_SUPPORTED),
    }
}
