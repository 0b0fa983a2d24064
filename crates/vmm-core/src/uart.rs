//! A guest's 16550: as much of it as a program needs that polls. TL16C550 data sheet, "Register selection".

use core::ops::Range;

/// Where the guest finds it.
pub const BASE: u64 = 0x1000_0000;
/// How many bytes its registers take.
pub const SIZE: u64 = 8;

const REGISTERS: Range<u64> = BASE..BASE + SIZE;

/// Receiver buffer and transmitter holding register.
const DATA: u64 = 0;
const LINE_CONTROL: u64 = 3;
const LINE_STATUS: u64 = 5;
/// Line status: a byte was received.
const DATA_READY: u8 = 1 << 0;
/// Line status: the transmitter is idle, as it always is.
const TRANSMITTER_EMPTY: u8 = 1 << 5 | 1 << 6;
/// Line control: the two lowest registers are the divisor's.
const DIVISOR_LATCH: u8 = 1 << 7;

/// A 16550.
#[derive(Default, Debug)]
pub struct Uart {
    /// What was written, by register; the two of the divisor are apart.
    registers: [u8; SIZE as usize],
    divisor: [u8; 2],
    received: Option<u8>,
}

/// Which register lies at a guest physical address, if one does.
pub fn offset(address: u64) -> Option<u64> {
    REGISTERS.contains(&address).then(|| address - BASE)
}

impl Uart {
    /// A UART after its reset.
    pub const fn new() -> Uart {
        Uart { registers: [0; SIZE as usize], divisor: [0; 2], received: None }
    }

    /// The register at `offset`; `receive` gives the byte that waits, if any.
    pub fn load(&mut self, offset: u64, receive: impl FnOnce() -> Option<u8>) -> u8 {
        match offset {
            DATA | 1 if self.is_divisor() => self.divisor[offset as usize],
            DATA => self.received.take().or_else(receive).unwrap_or(0),
            LINE_STATUS => {
                self.received = self.received.take().or_else(receive);
                TRANSMITTER_EMPTY | if self.received.is_some() { DATA_READY } else { 0 }
            }
            // No interrupt is pending.
            2 => 1,
            6 => 0,
            _ => self.registers.get(offset as usize).copied().unwrap_or(0),
        }
    }

    /// Writes the register at `offset`; `send` takes a byte that goes out.
    pub fn store(&mut self, offset: u64, value: u8, send: impl FnOnce(u8)) {
        match offset {
            DATA | 1 if self.is_divisor() => self.divisor[offset as usize] = value,
            DATA => send(value),
            _ => {
                if let Some(register) = self.registers.get_mut(offset as usize) {
                    *register = value;
                }
            }
        }
    }

    fn is_divisor(&self) -> bool {
        self.registers[LINE_CONTROL as usize] & DIVISOR_LATCH != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn no_input() -> Option<u8> {
        None
    }

    fn no_output(byte: u8) {
        panic!("{byte:#x} was sent");
    }

    #[test]
    fn registers_are_at_eight_addresses() {
        assert_eq!(offset(BASE), Some(0));
        assert_eq!(offset(BASE + 7), Some(7));
        assert_eq!(offset(BASE + 8), None);
        assert_eq!(offset(BASE - 1), None);
    }

    #[test]
    fn the_divisor_hides_data_and_sends_nothing() {
        let mut uart = Uart::default();
        uart.store(LINE_CONTROL, DIVISOR_LATCH | 3, no_output);
        uart.store(0, 12, no_output);
        uart.store(1, 1, no_output);
        assert_eq!((uart.load(0, no_input), uart.load(1, no_input)), (12, 1));
        uart.store(LINE_CONTROL, 3, no_output);
        let mut sent = None;
        uart.store(0, b'x', |byte| sent = Some(byte));
        assert_eq!((sent, uart.load(1, no_input)), (Some(b'x'), 0));
    }

    #[test]
    fn a_byte_is_ready_until_it_is_read() {
        let mut uart = Uart::default();
        assert_eq!(uart.load(LINE_STATUS, no_input), 0x60);
        assert_eq!(uart.load(LINE_STATUS, || Some(7)), 0x61);
        assert_eq!(uart.load(LINE_STATUS, || panic!("one byte is there already")), 0x61);
        assert_eq!(uart.load(DATA, no_input), 7);
        assert_eq!(uart.load(LINE_STATUS, no_input), 0x60);
    }

    #[test]
    fn what_is_not_special_is_kept() {
        let mut uart = Uart::default();
        for offset in [1, 3, 4, 7] {
            uart.store(offset, 0x15, no_output);
            assert_eq!(uart.load(offset, no_input), 0x15, "{offset}");
        }
        assert_eq!(uart.load(2, no_input), 1, "no interrupt is pending");
    }
}
