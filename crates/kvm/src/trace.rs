//! The trace: one line for each exit to the monitor, in the form that docs/vmm.md describes.

use core::fmt;

use crate::run::{Exit, SystemEvent};

/// An exit of a virtual CPU, with the monitor's answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Line {
    /// The virtual CPU's number.
    pub vcpu: usize,
    /// Why it has left the guest.
    pub exit: Exit,
    /// What the monitor gave back.
    pub answer: Answer,
}

/// What a monitor gives a virtual CPU for an exit.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// Nothing: the exit asks for nothing, or the machine ends.
    None,
    /// A load's value.
    Loaded(u64),
    /// The SBI's error and value.
    Returned([u64; 2]),
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vcpu={} exit=", self.vcpu)?;
        match self.exit {
            Exit::Debug => write!(f, "debug"),
            Exit::Mmio { address, length, stored } => {
                write!(f, "mmio address={address:#x} length={length}")?;
                stored.map_or(Ok(()), |value| write!(f, " store={value:#x}"))
            }
            Exit::FailEntry { reason } => write!(f, "fail-entry reason={reason:#x}"),
            Exit::Interrupted => write!(f, "intr"),
            Exit::InternalError { suberror } => write!(f, "internal-error suberror={suberror}"),
            Exit::SystemEvent { event, data } => match event {
                SystemEvent::Shutdown => write!(f, "system-event type=shutdown data={data:#x}"),
                SystemEvent::Reset => write!(f, "system-event type=reset data={data:#x}"),
                SystemEvent::Other(number) => write!(f, "system-event type={number} data={data:#x}"),
            },
            Exit::Sbi { extension, function, args: [a0, a1, a2, a3, a4, a5] } => write!(
                f,
                "riscv-sbi extension={extension:#x} function={function:#x} \
                 args={a0:#x},{a1:#x},{a2:#x},{a3:#x},{a4:#x},{a5:#x}"
            ),
            Exit::Csr { number, new_value, write_mask } => {
                write!(f, "riscv-csr number={number:#x} value={new_value:#x} mask={write_mask:#x}")
            }
            Exit::Other(reason) => write!(f, "other reason={reason}"),
        }?;
        match self.answer {
            Answer::None => Ok(()),
            Answer::Loaded(value) => write!(f, " load={value:#x}"),
            Answer::Returned([error, value]) => write!(f, " return={},{value:#x}", error as i64),
        }
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::ToString;

    use super::*;

    #[track_caller]
    fn check(vcpu: usize, exit: Exit, answer: Answer, expected: &str) {
        assert_eq!(Line { vcpu, exit, answer }.to_string(), expected);
    }

    #[test]
    fn accesses_have_address_length_and_data() {
        let exit = Exit::Mmio { address: 0x1000_0000, length: 1, stored: Some(0x75) };
        check(0, exit, Answer::None, "vcpu=0 exit=mmio address=0x10000000 length=1 store=0x75");
        let exit = Exit::Mmio { address: 0x1000_0005, length: 4, stored: None };
        check(3, exit, Answer::Loaded(0x60), "vcpu=3 exit=mmio address=0x10000005 length=4 load=0x60");
    }

    #[test]
    fn calls_have_arguments_and_what_they_return() {
        let exit = Exit::Sbi { extension: 0x4442_434e, function: 0, args: [2, 0x8020_0000, 0, 0, 0, 0] };
        check(
            1,
            exit,
            Answer::Returned([-3_i64 as u64, 2]),
            "vcpu=1 exit=riscv-sbi extension=0x4442434e function=0x0 args=0x2,0x80200000,0x0,0x0,0x0,0x0 \
             return=-3,0x2",
        );
    }

    #[test]
    fn every_other_exit_has_a_line() {
        let lines = [
            (Exit::Debug, "debug"),
            (Exit::FailEntry { reason: 1 }, "fail-entry reason=0x1"),
            (Exit::Interrupted, "intr"),
            (Exit::InternalError { suberror: 3 }, "internal-error suberror=3"),
            (
                Exit::SystemEvent { event: SystemEvent::Shutdown, data: 1 },
                "system-event type=shutdown data=0x1",
            ),
            (Exit::SystemEvent { event: SystemEvent::Reset, data: 0 }, "system-event type=reset data=0x0"),
            (Exit::SystemEvent { event: SystemEvent::Other(3), data: 0 }, "system-event type=3 data=0x0"),
            (
                Exit::Csr { number: 0x15, new_value: 1, write_mask: 3 },
                "riscv-csr number=0x15 value=0x1 mask=0x3",
            ),
            (Exit::Other(37), "other reason=37"),
        ];
        for (exit, expected) in lines {
            check(0, exit, Answer::None, &std::format!("vcpu=0 exit={expected}"));
        }
    }
}
