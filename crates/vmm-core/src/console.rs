//! Calls to the SBI's two consoles, which a hypervisor leaves to its monitor. SBI, "Legacy Extensions" and "Debug
//! Console Extension".

const LEGACY_PUTCHAR: u64 = 1;
const LEGACY_GETCHAR: u64 = 2;
const DEBUG_CONSOLE: u64 = 0x4442_434e;

/// `SBI_SUCCESS`.
pub const SUCCESS: u64 = 0;
/// `SBI_ERR_NOT_SUPPORTED`.
pub const NOT_SUPPORTED: u64 = -2_i64 as u64;
/// `SBI_ERR_INVALID_PARAM`.
pub const INVALID_PARAM: u64 = -3_i64 as u64;

/// What a guest wants of its console.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Call {
    /// To write a byte; the answer is [`SUCCESS`].
    WriteByte(u8),
    /// To read a byte by the legacy call, which returns it, or all ones where there is none, in a0.
    ReadByte,
    /// To write bytes of its memory; the answer is how many were.
    Write {
        /// Their guest physical address.
        address: u64,
        /// How many.
        length: u64,
    },
    /// To read bytes into its memory; the answer is how many there were.
    Read {
        /// Where to.
        address: u64,
        /// How many at most.
        length: u64,
    },
    /// Bytes at an address that has more than 64 bits.
    BadAddress,
    /// No call to a console.
    Unknown,
}

impl Call {
    /// The call with these registers.
    pub fn decode(extension: u64, function: u64, args: [u64; 6]) -> Call {
        let [a0, a1, a2, ..] = args;
        match (extension, function) {
            (LEGACY_PUTCHAR, _) => Call::WriteByte(a0 as u8),
            (LEGACY_GETCHAR, _) => Call::ReadByte,
            (DEBUG_CONSOLE, 0 | 1) if a2 != 0 => Call::BadAddress,
            (DEBUG_CONSOLE, 0) => Call::Write { address: a1, length: a0 },
            (DEBUG_CONSOLE, 1) => Call::Read { address: a1, length: a0 },
            (DEBUG_CONSOLE, 2) => Call::WriteByte(a0 as u8),
            _ => Call::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_consoles_are_understood() {
        let args = [0x141, 0x8020_0000, 0, 0, 0, 0];
        assert_eq!(Call::decode(1, 7, args), Call::WriteByte(0x41));
        assert_eq!(Call::decode(2, 7, args), Call::ReadByte);
        let (address, length) = (0x8020_0000, 0x141);
        assert_eq!(Call::decode(DEBUG_CONSOLE, 0, args), Call::Write { address, length });
        assert_eq!(Call::decode(DEBUG_CONSOLE, 1, args), Call::Read { address, length });
        assert_eq!(Call::decode(DEBUG_CONSOLE, 2, args), Call::WriteByte(0x41));
    }

    #[test]
    fn an_address_of_more_than_64_bits_is_bad() {
        assert_eq!(Call::decode(DEBUG_CONSOLE, 0, [1, 0, 1, 0, 0, 0]), Call::BadAddress);
        assert_eq!(Call::decode(DEBUG_CONSOLE, 1, [1, 0, 1, 0, 0, 0]), Call::BadAddress);
    }

    #[test]
    fn other_calls_are_unknown() {
        assert_eq!(Call::decode(DEBUG_CONSOLE, 3, [0; 6]), Call::Unknown);
        assert_eq!(Call::decode(0x0bad_0bad, 0, [0; 6]), Call::Unknown);
    }
}
