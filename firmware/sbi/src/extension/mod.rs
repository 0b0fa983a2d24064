//! SBI calls: one file per extension. SBI, "Binary Encoding".

pub(crate) mod base;
mod dbcn;
mod hart_mask;
mod hsm;
mod ipi;
mod legacy;
pub(crate) mod rfence;
mod srst;
pub(crate) mod time;

use crate::trap::{A0, Frame};

/// A call as the supervisor makes it: a7, a6, a0 to a5.
pub(crate) struct Call {
    extension: usize,
    function: usize,
    arguments: [usize; 6],
}

/// The errors that this firmware reports, with the specification's numbers.
#[derive(Clone, Copy)]
#[repr(isize)]
pub(crate) enum Error {
    NotSupported = -2,
    InvalidParam = -3,
    InvalidAddress = -5,
    AlreadyAvailable = -6,
}

/// What a call returns: the value in a1, or the error in a0.
pub(crate) type Answer = Result<usize, Error>;

/// An extension: its number, and what answers its calls.
struct Extension {
    id: usize,
    answer: fn(&Call) -> Answer,
}

/// Every extension but the legacy ones, which answer in their own way.
static EXTENSIONS: [Extension; 7] = [
    Extension { id: base::ID, answer: base::answer },
    Extension { id: time::ID, answer: time::answer },
    Extension { id: ipi::ID, answer: ipi::answer },
    Extension { id: rfence::ID, answer: rfence::answer },
    Extension { id: hsm::ID, answer: hsm::answer },
    Extension { id: srst::ID, answer: srst::answer },
    Extension { id: dbcn::ID, answer: dbcn::answer },
];

/// Answers the call for which the supervisor trapped.
pub(crate) fn answer(frame: &mut Frame) {
    // ecall has no compressed form.
    frame.mepc += 4;
    let a = |n| frame.x[A0 + n];
    let call = Call { extension: a(7), function: a(6), arguments: core::array::from_fn(a) };

    if legacy::IDS.contains(&call.extension) {
        frame.x[A0] = legacy::answer(&call) as usize;
        return;
    }
    let answer = match find(call.extension) {
        Some(extension) => (extension.answer)(&call),
        None => Err(Error::NotSupported),
    };
    (frame.x[A0], frame.x[A0 + 1]) = match answer {
        Ok(value) => (0, value),
        Err(error) => (error as isize as usize, 0),
    };
}

fn find(id: usize) -> Option<&'static Extension> {
    EXTENSIONS.iter().find(|extension| extension.id == id)
}
