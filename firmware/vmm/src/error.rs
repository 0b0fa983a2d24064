//! What can go wrong, in one line each that says what to do.

use core::ffi::CStr;
use core::fmt;

use kvm::{Errno, Exit};
use vmm_core::args::Text;
use vmm_core::device_tree::Full;
use vmm_core::image;

/// Why a guest cannot be run.
#[derive(Debug)]
pub(crate) enum Error {
    /// The kernel refuses a call.
    Call { what: &'static str, errno: Errno, advice: &'static str },
    /// A guest's file cannot be read.
    File { name: &'static CStr, errno: Errno },
    /// It is no guest.
    Image { name: &'static CStr, error: image::Error },
    /// KVM has another interface.
    Version(usize),
    /// KVM lacks a capability.
    Missing(&'static str),
    /// KVM has not so many virtual CPUs.
    TooManyVcpus,
    /// The device tree is too large.
    Tree(Full),
    /// A virtual CPU cannot go on.
    Exit { vcpu: usize, exit: Exit, advice: &'static str },
}

impl Error {
    /// For `map_err`: the kernel refuses to do `what`.
    pub(crate) fn call(what: &'static str, advice: &'static str) -> impl FnOnce(Errno) -> Error {
        move |errno| Error::Call { what, errno, advice }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Call { what, errno, advice } => write!(f, "cannot {what}: {errno}: {advice}"),
            Error::File { name, errno } => write!(
                f,
                "cannot read `{}`: {errno}: name one of the guests hello, uart, timer, pages and smp, or a file",
                Text(name)
            ),
            Error::Image { name, error } => write!(f, "`{}` {error}", Text(name)),
            Error::Version(version) => {
                write!(f, "/dev/kvm has version {version} of its interface, not 12: use a kernel since 2007")
            }
            Error::Missing(capability) => {
                write!(
                    f,
                    "/dev/kvm has no {capability}: use Linux 6.6 or later on a machine with the H extension"
                )
            }
            Error::TooManyVcpus => {
                f.write_str("KVM has not so many virtual CPUs: give a smaller number to --smp")
            }
            Error::Tree(full) => full.fmt(f),
            Error::Exit { vcpu, exit, advice } => {
                let answer = kvm::trace::Answer::None;
                write!(f, "{}: {advice}", kvm::trace::Line { vcpu: *vcpu, exit: *exit, answer })
            }
        }
    }
}

impl From<Full> for Error {
    fn from(full: Full) -> Error {
        Error::Tree(full)
    }
}
