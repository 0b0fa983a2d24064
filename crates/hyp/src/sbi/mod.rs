//! The SBI that a guest calls. SBI, "Binary Encoding".
//!
//! Each extension has a file and a row of [`EXTENSIONS`]; what is in no row is forwarded to user space where it is an
//! extension of user space's, and not supported otherwise.

mod base;
mod hsm;
mod ipi;
mod legacy;
mod mask;
mod reset;
mod rfence;
mod sta;
mod suspend;
mod time;

use kvm::{Errno, Exit, Run};

use crate::exit;
use crate::extensions::Status;
use crate::handle::fault;
use crate::hart::{Hart, Trap};
use crate::host::Host;
use crate::inject::inject;
use crate::local::Local;
use crate::museum::{Mistake, is_repeated};
use crate::pending::Pending;
use crate::run::{Flow, Stop};
use crate::vcpu::Vcpu;

pub(crate) use sta::StolenTime;

/// `SBI_ERR_NOT_SUPPORTED`.
const NOT_SUPPORTED: i64 = -2;
/// `SBI_ERR_INVALID_PARAM`.
const INVALID_PARAM: i64 = -3;
/// `SBI_ERR_INVALID_ADDRESS`.
const INVALID_ADDRESS: i64 = -5;
/// `SBI_ERR_ALREADY_AVAILABLE`.
const ALREADY_AVAILABLE: i64 = -6;

/// A call: the registers that a guest makes it with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Call {
    /// a7.
    extension: u64,
    /// a6.
    function: u64,
    /// a0 to a5.
    args: [u64; 6],
}

/// What a call leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Answer {
    /// It returns no error and this value.
    Value(u64),
    /// It returns an error.
    Error(i64),
    /// User space answers it.
    Forward,
    /// The guest takes a trap that the call has raised in its place.
    Trap(Trap),
    /// The virtual hart waits, and then the call returns no error.
    Wait,
    /// The virtual hart stops and does not come back from the call.
    Stopped,
    /// The machine ends: an event for user space.
    Event(kvm::run::SystemEvent, u64),
}

/// Who answers an extension's calls.
#[derive(Clone, Copy)]
enum Handler {
    Base,
    Legacy,
    Time,
    Ipi,
    Rfence,
    Reset,
    Hsm,
    Sta,
    Suspend,
    /// User space.
    User,
}

/// A row of the table: KVM's number of the extension, its range of a7, and who answers.
struct Row {
    number: u16,
    first: u64,
    last: u64,
    handler: Handler,
}

/// The number of an extension of the SBI, by KVM's name for it.
const fn row(number: u16, first: u64, last: u64, handler: Handler) -> Row {
    Row { number, first, last, handler }
}

const BASE: u64 = 0x10;
const TIME: u64 = 0x5449_4d45;
const IPI: u64 = 0x0073_5049;
const RFENCE: u64 = 0x5246_4e43;
const RESET: u64 = 0x5352_5354;
const HSM: u64 = 0x0048_534d;
const DEBUG_CONSOLE: u64 = 0x4442_434e;
const STA: u64 = 0x0053_5441;
const SUSPEND: u64 = 0x5355_5350;

/// The extensions but for the base, which cannot be taken away, by KVM's numbers.
static EXTENSIONS: [Row; 11] = [
    row(0, 0, 0xf, Handler::Legacy),
    row(1, TIME, TIME, Handler::Time),
    row(2, IPI, IPI, Handler::Ipi),
    row(3, RFENCE, RFENCE, Handler::Rfence),
    row(4, RESET, RESET, Handler::Reset),
    row(5, HSM, HSM, Handler::Hsm),
    row(7, 0x0800_0000, 0x08ff_ffff, Handler::User),
    row(8, 0x0900_0000, 0x09ff_ffff, Handler::User),
    row(9, DEBUG_CONSOLE, DEBUG_CONSOLE, Handler::User),
    row(10, STA, STA, Handler::Sta),
    row(11, SUSPEND, SUSPEND, Handler::Suspend),
];

/// Who answers calls of extension `extension`, if the guest has it.
fn handler(vcpu: &Vcpu, extension: u64) -> Option<Handler> {
    if extension == BASE {
        return Some(Handler::Base);
    }
    let row = EXTENSIONS.iter().find(|row| (row.first..=row.last).contains(&extension))?;
    (vcpu.sbi.status(row.number) == Status::Enabled).then_some(row.handler)
}

/// Serves the guest's call.
///
/// # Errors
/// As [`Vcpu::run`].
pub(crate) fn call<H: Hart, M: Host>(
    vcpu: &mut Vcpu,
    local: &mut Local<H>,
    host: &M,
    page: &mut Run<'_>,
) -> Result<Flow, Errno> {
    let guest = &vcpu.context.guest;
    let call = Call {
        extension: guest.get(17),
        function: guest.get(16),
        args: core::array::from_fn(|n| guest.get(10 + n as u8)),
    };
    let handler = handler(vcpu, call.extension);
    let answer = match handler {
        None => Answer::Error(NOT_SUPPORTED),
        Some(Handler::Base) => base::call(vcpu, call),
        Some(Handler::Legacy) => legacy::call(vcpu, local, host, call),
        Some(Handler::Time) => time::call(vcpu, local, call),
        Some(Handler::Ipi) => ipi::call(vcpu, host, call),
        Some(Handler::Rfence) => rfence::call(vcpu, host, call),
        Some(Handler::Reset) => reset::call(vcpu, host, call),
        Some(Handler::Hsm) => hsm::call(vcpu, host, call),
        Some(Handler::Sta) => sta::call(vcpu, host, call),
        Some(Handler::Suspend) => suspend::call(vcpu, call),
        Some(Handler::User) => Answer::Forward,
    };
    let is_legacy = matches!(handler, Some(Handler::Legacy));
    match answer {
        Answer::Value(value) => vcpu.return_from_sbi(is_legacy, 0, value),
        Answer::Error(error) => vcpu.return_from_sbi(is_legacy, error, 0),
        Answer::Forward => return Ok(forward(vcpu, page, call, is_legacy)),
        Answer::Trap(trap) => return redirect(vcpu, local, host, page, &trap),
        Answer::Wait => {
            vcpu.return_from_sbi(is_legacy, 0, 0);
            return Ok(Flow::Stop(Stop::Blocked));
        }
        Answer::Stopped => {}
        Answer::Event(event, data) => {
            page.set_exit(&Exit::SystemEvent { event, data });
            return Ok(Flow::Stop(Stop::Exit));
        }
    }
    Ok(Flow::Resume)
}

/// Leaves a call to user space, whose answer is that it is not supported where it gives none.
fn forward(vcpu: &mut Vcpu, page: &mut Run<'_>, call: Call, is_legacy: bool) -> Flow {
    let Call { extension, function, args } = call;
    page.set_exit(&Exit::Sbi { extension, function, args });
    if is_repeated(Mistake::B24) {
        page.set_sbi_return([0, 0]);
    }
    vcpu.pending = Some(if is_legacy { Pending::LegacySbi } else { Pending::Sbi });
    Flow::Stop(Stop::Exit)
}

/// Deals with a trap that reading the guest's memory has raised, as if the guest had loaded there itself: memory that is
/// not mapped is, and the guest calls again.
fn redirect<H: Hart, M: Host>(
    vcpu: &mut Vcpu,
    local: &mut Local<H>,
    host: &M,
    page: &mut Run<'_>,
    trap: &Trap,
) -> Result<Flow, Errno> {
    match exit::Exit::decode(trap) {
        Some(exit::Exit::GuestPageFault(fault)) => fault::handle(vcpu, local, host, page, &fault),
        Some(exit::Exit::Exception(exception, value)) => {
            inject(&mut local.hart, vcpu, exception, value);
            Ok(Flow::Resume)
        }
        _ => Ok(Flow::Resume),
    }
}

impl Vcpu {
    /// Returns from an SBI call with an error and a value; those of version 0.1 leave a1 alone.
    pub(crate) fn return_from_sbi(&mut self, is_legacy: bool, error: i64, value: u64) {
        self.context.guest.set(10, error as u64);
        if !is_legacy {
            self.context.guest.set(11, value);
        }
        self.advance(4);
    }
}

#[cfg(test)]
mod tests;
