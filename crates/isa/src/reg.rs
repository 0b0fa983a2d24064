//! Integer and floating-point registers, by number and by ABI name.
//!
//! Unprivileged ISA, "RISC-V Assembly Programmer's Handbook": register mnemonics.

use core::fmt;
use core::str::FromStr;

/// Defines a register type, its constants and its names from one list in the order of the numbers.
macro_rules! registers {
    ($(#[doc = $doc:literal])+ $type:ident $prefix:literal { $($constant:ident $number:literal $name:literal,)+ }) => {
        $(#[doc = $doc])+
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $type(u8);

        $(
            #[doc = concat!("`", $prefix, stringify!($number), "`, called `", $name, "`.")]
            pub const $constant: $type = $type($number);
        )+

        impl $type {
            /// Every register, by number.
            pub const ALL: [$type; 32] = [$($constant),+];

            /// The register whose number is the five low bits of `bits`.
            pub const fn from_bits(bits: u8) -> $type {
                $type(bits & 31)
            }

            /// The number, 0 to 31.
            pub const fn number(self) -> u8 {
                self.0
            }

            /// The ABI name.
            pub const fn name(self) -> &'static str {
                const NAMES: [&str; 32] = [$($name),+];
                NAMES[self.0 as usize]
            }
        }

        impl From<$type> for u8 {
            fn from(register: $type) -> u8 {
                register.0
            }
        }

        impl fmt::Display for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.name())
            }
        }

        impl fmt::Debug for $type {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.name())
            }
        }

        impl FromStr for $type {
            type Err = UnknownRegister;

            /// Reads an ABI name or a numbered name, such as `x10`.
            fn from_str(text: &str) -> Result<$type, UnknownRegister> {
                let alias = if text == "fp" { "s0" } else { text };
                const NUMBERED: [&str; 32] = [$(concat!($prefix, stringify!($number))),+];
                $type::ALL
                    .into_iter()
                    .find(|register| register.name() == alias || NUMBERED[usize::from(register.0)] == text)
                    .ok_or(UnknownRegister)
            }
        }
    };
}

registers! {
    /// An integer register.
    Reg "x" {
    ZERO 0 "zero", RA 1 "ra", SP 2 "sp", GP 3 "gp", TP 4 "tp", T0 5 "t0", T1 6 "t1", T2 7 "t2",
    S0 8 "s0", S1 9 "s1", A0 10 "a0", A1 11 "a1", A2 12 "a2", A3 13 "a3", A4 14 "a4", A5 15 "a5",
    A6 16 "a6", A7 17 "a7", S2 18 "s2", S3 19 "s3", S4 20 "s4", S5 21 "s5", S6 22 "s6", S7 23 "s7",
    S8 24 "s8", S9 25 "s9", S10 26 "s10", S11 27 "s11", T3 28 "t3", T4 29 "t4", T5 30 "t5", T6 31 "t6",
    }
}

registers! {
    /// A floating-point register.
    FReg "f" {
    FT0 0 "ft0", FT1 1 "ft1", FT2 2 "ft2", FT3 3 "ft3", FT4 4 "ft4", FT5 5 "ft5", FT6 6 "ft6", FT7 7 "ft7",
    FS0 8 "fs0", FS1 9 "fs1", FA0 10 "fa0", FA1 11 "fa1", FA2 12 "fa2", FA3 13 "fa3", FA4 14 "fa4", FA5 15 "fa5",
    FA6 16 "fa6", FA7 17 "fa7", FS2 18 "fs2", FS3 19 "fs3", FS4 20 "fs4", FS5 21 "fs5", FS6 22 "fs6", FS7 23 "fs7",
    FS8 24 "fs8", FS9 25 "fs9", FS10 26 "fs10", FS11 27 "fs11", FT8 28 "ft8", FT9 29 "ft9", FT10 30 "ft10", FT11 31 "ft11",
    }
}

/// A name that no register has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct UnknownRegister;

impl fmt::Display for UnknownRegister {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("no register has this name; names are those of the ABI, x0 to x31 and f0 to f31")
    }
}

impl core::error::Error for UnknownRegister {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn constants_are_in_the_order_of_the_numbers() {
        for number in 0..32u8 {
            assert_eq!(Reg::ALL[usize::from(number)].number(), number);
            assert_eq!(FReg::ALL[usize::from(number)].number(), number);
        }
        assert_eq!((RA.number(), S0.number(), A0.number(), T6.number()), (1, 8, 10, 31));
        assert_eq!((FS0.number(), FA0.number(), FT8.number()), (8, 10, 28));
    }

    #[test]
    fn names_are_read_back() {
        for register in Reg::ALL {
            assert_eq!(register.name().parse(), Ok(register));
            assert_eq!(alloc::format!("x{}", register.number()).parse(), Ok(register));
        }
        for register in FReg::ALL {
            assert_eq!(register.name().parse(), Ok(register));
            assert_eq!(alloc::format!("f{}", register.number()).parse(), Ok(register));
        }
        assert_eq!("fp".parse(), Ok(S0));
    }

    #[test]
    fn other_names_are_refused() {
        for name in ["", "x", "x32", "x01", "x+1", "a8", "ft0", "X1"] {
            assert_eq!(name.parse::<Reg>(), Err(UnknownRegister), "{name:?}");
        }
        for name in ["f32", "fp", "a0", "x1"] {
            assert_eq!(name.parse::<FReg>(), Err(UnknownRegister), "{name:?}");
        }
    }
}
