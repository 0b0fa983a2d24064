//! What can go wrong, and what can be done about it.

use core::fmt;

use crate::addr::Gpa;

/// Why the hypervisor cannot begin or go on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// The hart has no hypervisor extension, or firmware does not let it be used.
    NoHypervisor,
    /// The hart does not translate guest physical addresses in the way that is named.
    NoGStage(&'static str),
    /// HS-mode cannot read the time.
    NoTime,
    /// A guest physical address where the guest has no memory.
    BadGuestAddress(Gpa),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoHypervisor => {
                f.write_str("the hart has no CSRs of the H extension: use one that has the extension")
            }
            Error::NoGStage(name) => {
                write!(f, "the hart has no {name} translation of guest physical addresses: use one that has")
            }
            Error::NoTime => f.write_str(
                "HS-mode cannot read the CSR time: use a hart with Zicntr, and firmware that sets mcounteren.TM",
            ),
            Error::BadGuestAddress(gpa) => {
                write!(f, "the guest has no memory at its physical address {:#x}: give it some", gpa.0)
            }
        }
    }
}

impl core::error::Error for Error {}
