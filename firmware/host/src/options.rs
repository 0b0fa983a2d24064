//! The kernel's command line: `guest=NAME smp=N trace` run one guest alone.

use core::fmt;

use vmm_core::map::MAX_VCPUS;

use crate::guests::{self, Guest};

/// What the command line asks for.
#[derive(Clone, Copy)]
pub(crate) struct Options {
    /// The one guest that is to run; without it, all run.
    pub(crate) guest: Option<&'static Guest>,
    /// How many virtual harts it has.
    pub(crate) vcpus: usize,
    /// Whether each exit to the monitor has a line.
    pub(crate) trace: bool,
}

/// What is wrong with the command line.
pub(crate) enum Error<'a> {
    /// It is no text.
    NotText,
    /// A word of it says nothing to this kernel.
    Unexpected(&'a str),
    /// There is no such guest.
    NoGuest(&'a str),
    /// No machine has so many virtual harts.
    BadNumber(&'a str),
    /// Something is said of a guest, but not of which.
    WhichGuest,
}

impl fmt::Display for Error<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NotText => f.write_str("the command line is not UTF-8: write it in ASCII"),
            Error::Unexpected(word) => {
                write!(f, "`{word}` is not expected on the command line: it takes guest=, smp= and trace")
            }
            Error::NoGuest(name) => {
                write!(f, "there is no guest `{name}`: take hello, uart, timer, pages or smp")
            }
            Error::BadNumber(number) => {
                write!(f, "smp={number} is no number of virtual harts: take 1 to {MAX_VCPUS}")
            }
            Error::WhichGuest => f.write_str("smp= and trace are for one guest: name it by guest="),
        }
    }
}

/// Reads the command line.
pub(crate) fn parse(line: &[u8]) -> Result<Options, Error<'_>> {
    let line = str::from_utf8(line).map_err(|_| Error::NotText)?;
    let (mut guest, mut vcpus, mut trace) = (None, None, false);
    for word in line.split_ascii_whitespace() {
        match word.split_once('=') {
            Some(("guest", name)) => guest = Some(guests::find(name).ok_or(Error::NoGuest(name))?),
            Some(("smp", number)) => {
                let count = number.parse().ok().filter(|count| (1..=MAX_VCPUS).contains(count));
                vcpus = Some(count.ok_or(Error::BadNumber(number))?);
            }
            None if word == "trace" => trace = true,
            _ => return Err(Error::Unexpected(word)),
        }
    }
    if guest.is_none() && (trace || vcpus.is_some()) {
        return Err(Error::WhichGuest);
    }
    Ok(Options { guest, vcpus: vcpus.unwrap_or(1), trace })
}
