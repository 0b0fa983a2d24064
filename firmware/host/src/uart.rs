//! A guest's 16550: as much of it as a program needs that polls. TL16C550 data sheet, "Register selection".

/// Where the guest finds it, and how many bytes it takes.
pub(crate) const BASE: u64 = 0x1000_0000;
pub(crate) const SIZE: u64 = 8;

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
#[derive(Default)]
pub(crate) struct Uart {
    /// What was written, by register; the two of the divisor are apart.
    registers: [u8; SIZE as usize],
    divisor: [u8; 2],
    received: Option<u8>,
}

impl Uart {
    /// The register at `offset`; `receive` gives the byte that waits, if any.
    pub(crate) fn load(&mut self, offset: u64, receive: impl FnOnce() -> Option<u8>) -> u8 {
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
    pub(crate) fn store(&mut self, offset: u64, value: u8, send: impl FnOnce(u8)) {
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
