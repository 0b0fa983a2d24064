//! What can go wrong, and whose fault it is.

use core::fmt;

use crate::addr::Gpa;

/// Who has to do something about an [`Error`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// The guest: stop that virtual machine.
    Guest,
    /// The machine below: it lacks something.
    Machine,
    /// The host: it gave too little memory or asked for the impossible.
    Host,
}

/// Why the hypervisor cannot go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// The hart does not translate guest physical addresses by Sv39x4.
    NoGStage,
    /// A trap with a cause that a guest cannot have: `scause`.
    UnexpectedCause(u64),
    /// There is no frame left.
    OutOfFrames,
    /// A guest physical address beyond Sv39x4 or not on the boundary that was asked for.
    BadGuestAddress(Gpa),
    /// A guest page that has a mapping already.
    AlreadyMapped(Gpa),
    /// A range to unmap ends within a large page.
    WithinLargePage(Gpa),
    /// A trap vector of the guest that faults itself, for ever: the trap handler's address.
    NoTrapHandler(u64),
}

impl Error {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Error::NoTrapHandler(_) => Fault::Guest,
            Error::NoGStage | Error::UnexpectedCause(_) => Fault::Machine,
            Error::OutOfFrames
            | Error::BadGuestAddress(_)
            | Error::AlreadyMapped(_)
            | Error::WithinLargePage(_) => Fault::Host,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoGStage => {
                f.write_str("the hart has no Sv39x4 translation: use one with the H extension")
            }
            Error::UnexpectedCause(scause) => {
                write!(f, "the guest trapped with scause {scause:#x}, which no guest can raise")
            }
            Error::OutOfFrames => f.write_str("no memory is left: give the machine more, or the guests less"),
            Error::BadGuestAddress(gpa) => {
                write!(f, "guest physical address {:#x} is misaligned or above 2^41", gpa.0)
            }
            Error::AlreadyMapped(gpa) => write!(f, "guest physical address {:#x} is mapped already", gpa.0),
            Error::WithinLargePage(gpa) => {
                write!(f, "guest physical address {:#x} lies within a large page: unmap all of it", gpa.0)
            }
            Error::NoTrapHandler(pc) => {
                write!(f, "the guest's trap handler at {pc:#x} cannot be fetched, so it traps for ever")
            }
        }
    }
}

impl core::error::Error for Error {}
