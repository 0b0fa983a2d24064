//! The command line.

use core::ffi::CStr;
use core::fmt;

use crate::map::MAX_VCPUS;

/// How the command is used; lines end as they do on a terminal.
pub const USAGE: &str = "\
usage: vmm [--smp N] [--trace] GUEST
       vmm --one-reg

Runs a virtual machine by /dev/kvm. GUEST is hello, uart, timer, pages, smp, exits or a file: an ELF file for
RISC-V, or a flat image for guest physical address 0x80200000.

  --smp N    number of virtual CPUs, 1 to 64; the guest starts on the first
  --trace    a line on standard error for each exit of a virtual CPU
  --one-reg  the registers of a virtual CPU that KVM lists, with their values
  --help     this text

The exit status is 0 if the guest shut down well, 3 if it failed, 1 if it could not be run, 2 for wrong usage.
";

/// What to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Command<'a> {
    /// Run a guest.
    Run {
        /// Its name, or that of its file.
        guest: &'a CStr,
        /// How many virtual CPUs it has.
        vcpus: usize,
        /// Whether exits are traced.
        trace: bool,
    },
    /// Print a virtual CPU's registers.
    OneReg,
    /// Print the usage.
    Help,
}

/// What is wrong with a command line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error<'a> {
    /// No guest is named.
    NoGuest,
    /// There is a word too many.
    Unexpected(&'a CStr),
    /// The number of virtual CPUs is none.
    BadNumber,
}

impl fmt::Display for Error<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::NoGuest => f.write_str("name a guest"),
            Error::Unexpected(word) => write!(f, "`{}` is not expected here", Text(word)),
            Error::BadNumber => write!(f, "--smp takes a number from 1 to {MAX_VCPUS}"),
        }
    }
}

/// A word of the command line as text, as far as it is.
#[derive(Clone, Copy, Debug)]
pub struct Text<'a>(pub &'a CStr);

impl fmt::Display for Text<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.to_bytes().utf8_chunks() {
            f.write_str(chunk.valid())?;
            if !chunk.invalid().is_empty() {
                f.write_str("\u{fffd}")?;
            }
        }
        Ok(())
    }
}

/// Reads the words after the command's name.
///
/// # Errors
/// The first word that is wrong.
pub fn parse<'a>(mut words: impl Iterator<Item = &'a CStr>) -> Result<Command<'a>, Error<'a>> {
    let (mut guest, mut vcpus, mut trace, mut one_reg) = (None, None, false, None);
    while let Some(word) = words.next() {
        match word.to_bytes() {
            b"--help" => return Ok(Command::Help),
            b"--trace" => trace = true,
            b"--one-reg" => one_reg = Some(word),
            b"--smp" => vcpus = Some(number(words.next()).ok_or(Error::BadNumber)?),
            name if guest.is_none() && !name.starts_with(b"-") && !name.is_empty() => guest = Some(word),
            _ => return Err(Error::Unexpected(word)),
        }
    }
    match (guest, one_reg) {
        (None, Some(_)) if vcpus.is_none() && !trace => Ok(Command::OneReg),
        (_, Some(word)) => Err(Error::Unexpected(word)),
        (Some(guest), None) => Ok(Command::Run { guest, vcpus: vcpus.unwrap_or(1), trace }),
        (None, None) => Err(Error::NoGuest),
    }
}

/// A number of virtual CPUs.
fn number(word: Option<&CStr>) -> Option<usize> {
    let number = word?.to_str().ok()?.parse().ok()?;
    (1..=MAX_VCPUS).contains(&number).then_some(number)
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[track_caller]
    fn check(words: &[&'static CStr], expected: Result<Command<'static>, Error<'static>>) {
        assert_eq!(parse(words.iter().copied()), expected);
    }

    #[test]
    fn options_stand_before_and_behind_the_guest() {
        check(&[c"hello"], Ok(Command::Run { guest: c"hello", vcpus: 1, trace: false }));
        let run = Ok(Command::Run { guest: c"a.bin", vcpus: 4, trace: true });
        check(&[c"--smp", c"4", c"a.bin", c"--trace"], run);
        check(&[c"--trace", c"a.bin", c"--smp", c"4"], run);
    }

    #[test]
    fn registers_are_printed_of_no_guest() {
        check(&[c"--one-reg"], Ok(Command::OneReg));
        check(&[c"--one-reg", c"hello"], Err(Error::Unexpected(c"--one-reg")));
        check(&[c"--one-reg", c"--trace"], Err(Error::Unexpected(c"--one-reg")));
        check(&[c"--smp", c"2", c"--one-reg"], Err(Error::Unexpected(c"--one-reg")));
    }

    #[test]
    fn help_is_given_whatever_else_there_is() {
        check(&[c"hello", c"--help", c"--nonsense"], Ok(Command::Help));
    }

    #[test]
    fn a_number_of_virtual_cpus_is_from_1_to_64() {
        check(&[c"--smp", c"64", c"smp"], Ok(Command::Run { guest: c"smp", vcpus: 64, trace: false }));
        for words in [&[c"smp", c"--smp"][..], &[c"--smp", c"0"], &[c"--smp", c"65"], &[c"--smp", c"smp"]] {
            check(words, Err(Error::BadNumber));
        }
    }

    #[test]
    fn what_is_too_much_or_missing_is_said() {
        check(&[], Err(Error::NoGuest));
        check(&[c"--trace"], Err(Error::NoGuest));
        check(&[c"hello", c"uart"], Err(Error::Unexpected(c"uart")));
        check(&[c"--verbose"], Err(Error::Unexpected(c"--verbose")));
        check(&[c""], Err(Error::Unexpected(c"")));
        assert_eq!(Error::Unexpected(c"\xffx").to_string(), "`\u{fffd}x` is not expected here");
        assert_eq!(Error::BadNumber.to_string(), "--smp takes a number from 1 to 64");
        assert_eq!(Error::NoGuest.to_string(), "name a guest");
    }
}
