//! One thing in which two machines differ.

use std::fmt::{self, Debug};

use isa::reg::{FReg, Reg};

/// What differs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum What {
    /// Instructions that the machine has attempted.
    Instructions,
    /// Why the machine has stopped.
    Stop,
    /// What the guest has printed since the last look.
    Console,
    Pc,
    Mode,
    /// Whether the hart waits for an interrupt.
    Waiting,
    /// Instructions that the hart has retired since reset.
    Retired,
    X(u8),
    F(u8),
    Csr(u16),
    /// The doubleword at this physical address.
    Word(u64),
    /// Something that the hart remembers of page tables.
    Translation,
}

/// A difference: fast engine first, then the reference.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Difference {
    hart: Option<usize>,
    pub(super) what: What,
    values: [String; 2],
}

impl Difference {
    /// Between two numbers.
    pub(super) fn of_bits(hart: Option<usize>, what: What, values: [u64; 2]) -> Difference {
        Difference { hart, what, values: values.map(|value| format!("{value:#x}")) }
    }

    /// Between two things that can be written down.
    pub(super) fn of_text(hart: Option<usize>, what: What, values: [&dyn Debug; 2]) -> Difference {
        Difference { hart, what, values: values.map(|value| format!("{value:?}")) }
    }
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            What::Instructions => f.write_str("instructions"),
            What::Stop => f.write_str("stop"),
            What::Console => f.write_str("console"),
            What::Pc => f.write_str("pc"),
            What::Mode => f.write_str("mode"),
            What::Waiting => f.write_str("waiting"),
            What::Retired => f.write_str("retired"),
            What::X(n) => write!(f, "{}", Reg::ALL[usize::from(n)]),
            What::F(n) => write!(f, "{}", FReg::ALL[usize::from(n)]),
            What::Csr(number) => f.write_str(&isa::csr::name(number).unwrap_or_default()),
            What::Word(at) => write!(f, "memory at {at:#x}"),
            What::Translation => f.write_str("translation"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let place = self.hart.map_or_else(|| String::from("machine"), |hart| format!("hart {hart}"));
        let [fast, reference] = &self.values;
        let what = self.what.to_string();
        write!(f, "{place:<8} {what:<20} fast {fast:<18} reference {reference}")
    }
}
