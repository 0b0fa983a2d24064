//! What can go wrong, and what can be done about it.

use core::fmt;

use kvm::Errno;
use vmm_core::{device_tree, image};

/// Why guests cannot be run.
pub(crate) enum Error {
    /// The hypervisor cannot begin.
    Hypervisor(hyp::Error),
    /// The hart does not tell the time.
    NoTime,
    /// There is no memory for a guest.
    NoMemory,
    /// The guest's image is none.
    Image(&'static str, image::Error),
    /// The device tree does not fit.
    DeviceTree(device_tree::Full),
    /// The hypervisor refuses something.
    Call(&'static str, Errno),
}

impl Error {
    /// For `map_err`: the hypervisor refuses to do `what`.
    pub(crate) fn call(what: &'static str) -> impl Fn(Errno) -> Error {
        move |errno| Error::Call(what, errno)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Hypervisor(error) => error.fmt(f),
            Error::NoTime => f.write_str(
                "the hart has no CSR time (Zicntr), nor does firmware stand in for it: use one that has",
            ),
            Error::NoMemory => {
                f.write_str("there is no memory for a guest's 16 MiB of RAM: give this machine 128 MiB")
            }
            Error::Image(name, error) => write!(f, "guest {name} {error}"),
            Error::DeviceTree(full) => full.fmt(f),
            Error::Call(what, errno) => write!(f, "cannot {what}: {errno}: the kernel has a bug"),
        }
    }
}

impl From<hyp::Error> for Error {
    fn from(error: hyp::Error) -> Error {
        Error::Hypervisor(error)
    }
}

impl From<device_tree::Full> for Error {
    fn from(full: device_tree::Full) -> Error {
        Error::DeviceTree(full)
    }
}
