//! The serial port: a 16550A. National Semiconductor's PC16550D data sheet, "Registers".
//!
//! Bytes leave at once, so the transmitter is always empty; bytes from the host wait in a queue
//! behind the 16-byte FIFO, so none is ever lost by overrun.

use std::collections::VecDeque;

use iss::{AccessFault, Width};
use serde::{Deserialize, Serialize};

use super::Device;
use crate::state::{self, BadState};

/// IER: received data available.
const IER_RECEIVE: u8 = 1;
/// IER: transmitter holding register empty.
const IER_TRANSMIT: u8 = 2;
/// The bits of IER that exist; line and modem status never interrupt, since they never change.
const IER_MASK: u8 = 0xf;
const IIR_NONE: u8 = 0x01;
const IIR_TRANSMIT: u8 = 0x02;
const IIR_RECEIVE: u8 = 0x04;
const IIR_TIMEOUT: u8 = 0x0c;
const IIR_FIFO: u8 = 0xc0;
const FCR_ENABLE: u8 = 1;
const FCR_CLEAR_RECEIVE: u8 = 2;
/// The bits of FCR that stick: the trigger level and the enable.
const FCR_MASK: u8 = 0xc1;
const LCR_DLAB: u8 = 0x80;
const MCR_MASK: u8 = 0x1f;
const MCR_LOOP: u8 = 0x10;
const LSR_DATA: u8 = 0x01;
const LSR_TRANSMIT_EMPTY: u8 = 0x60;
/// MSR with a peer that is always ready: CTS, DSR and DCD.
const MSR_CONNECTED: u8 = 0xb0;
/// The divisor for 115200 baud from 3.6864 MHz is 2, which a program that reads it back may expect.
const DIVISOR: u16 = 2;
/// Bytes that the receive FIFO holds.
const FIFO: usize = 16;
/// Bytes that may wait behind the FIFO before no more are asked for.
const QUEUE: usize = 4096;

/// The serial port.
#[derive(Debug, Serialize, Deserialize)]
pub struct Uart {
    ier: u8,
    fcr: u8,
    lcr: u8,
    mcr: u8,
    scr: u8,
    divisor: u16,
    /// The transmitter has become empty and nobody has been told yet.
    transmit_news: bool,
    receive: VecDeque<u8>,
    waiting: VecDeque<u8>,
    sent: Vec<u8>,
}

impl Default for Uart {
    fn default() -> Uart {
        Uart {
            ier: 0,
            fcr: 0,
            lcr: 0,
            mcr: 0,
            scr: 0,
            divisor: DIVISOR,
            transmit_news: false,
            receive: VecDeque::new(),
            waiting: VecDeque::new(),
            sent: Vec::new(),
        }
    }
}

impl Uart {
    /// Gives the guest bytes to receive.
    pub fn push_input(&mut self, bytes: &[u8]) {
        self.waiting.extend(bytes);
        self.refill();
    }

    /// The bytes that the guest has sent since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.sent)
    }

    /// Whether the queue behind the FIFO is short enough to take more.
    pub fn has_room(&self) -> bool {
        self.waiting.len() < QUEUE
    }

    /// Whether the guest wants to be interrupted by input.
    pub fn wants_input(&self) -> bool {
        self.ier & IER_RECEIVE != 0
    }

    /// Whether the interrupt wire is high.
    pub fn interrupt(&self) -> bool {
        self.interrupt_id() != IIR_NONE
    }

    /// The most urgent interrupt, as IIR shows it.
    fn interrupt_id(&self) -> u8 {
        if self.ier & IER_RECEIVE != 0 && !self.receive.is_empty() {
            if self.receive.len() >= self.trigger() { IIR_RECEIVE } else { IIR_TIMEOUT }
        } else if self.ier & IER_TRANSMIT != 0 && self.transmit_news {
            IIR_TRANSMIT
        } else {
            IIR_NONE
        }
    }

    /// The number of bytes at which the receive interrupt comes at once.
    fn trigger(&self) -> usize {
        if self.fcr & FCR_ENABLE == 0 {
            return 1;
        }
        match self.fcr >> 6 {
            0 => 1,
            1 => 4,
            2 => 8,
            _ => 14,
        }
    }

    /// Moves waiting bytes to where the guest can see them.
    fn refill(&mut self) {
        let depth = if self.fcr & FCR_ENABLE != 0 { FIFO } else { 1 };
        while self.receive.len() < depth {
            let Some(byte) = self.waiting.pop_front() else { break };
            self.receive.push_back(byte);
        }
    }

    fn dlab(&self) -> bool {
        self.lcr & LCR_DLAB != 0
    }

    fn transmit(&mut self, byte: u8) {
        if self.mcr & MCR_LOOP != 0 {
            // A full FIFO drops what comes by the loop, as silicon does.
            if self.receive.len() < FIFO {
                self.receive.push_back(byte);
            }
        } else {
            self.sent.push(byte);
        }
        self.transmit_news = true;
    }

    fn modem_status(&self) -> u8 {
        if self.mcr & MCR_LOOP == 0 {
            return MSR_CONNECTED;
        }
        // In the loop RTS shows as CTS, DTR as DSR, OUT1 as RI and OUT2 as DCD.
        let [dtr, rts, out1, out2] = [0, 1, 2, 3].map(|bit| self.mcr >> bit & 1);
        rts << 4 | dtr << 5 | out1 << 6 | out2 << 7
    }
}

impl Device for Uart {
    fn reset(&mut self) {
        // What the host has typed survives the guest's reset.
        let mut waiting = core::mem::take(&mut self.receive);
        waiting.append(&mut self.waiting);
        *self = Uart { waiting, ..Uart::default() };
        self.refill();
    }

    /// Registers are bytes; wider accesses see zeros above.
    fn load(&mut self, offset: u64, _width: Width) -> Result<u64, AccessFault> {
        let value = match offset {
            0 if self.dlab() => self.divisor as u8,
            0 => {
                let byte = self.receive.pop_front().unwrap_or(0);
                self.refill();
                byte
            }
            1 if self.dlab() => (self.divisor >> 8) as u8,
            1 => self.ier,
            2 => {
                let id = self.interrupt_id();
                if id == IIR_TRANSMIT {
                    self.transmit_news = false;
                }
                id | if self.fcr & FCR_ENABLE != 0 { IIR_FIFO } else { 0 }
            }
            3 => self.lcr,
            4 => self.mcr,
            5 => LSR_TRANSMIT_EMPTY | if self.receive.is_empty() { 0 } else { LSR_DATA },
            6 => self.modem_status(),
            7 => self.scr,
            _ => return Err(AccessFault),
        };
        Ok(value.into())
    }

    /// Registers are bytes; of wider accesses the lowest byte is written.
    fn store(&mut self, offset: u64, _width: Width, value: u64) -> Result<(), AccessFault> {
        let value = value as u8;
        match offset {
            0 if self.dlab() => self.divisor = self.divisor & 0xff00 | u16::from(value),
            0 => self.transmit(value),
            1 if self.dlab() => self.divisor = self.divisor & 0xff | u16::from(value) << 8,
            1 => {
                // Enabling the transmit interrupt with the transmitter empty is news in itself.
                self.transmit_news |= value & !self.ier & IER_TRANSMIT != 0;
                self.ier = value & IER_MASK;
            }
            2 => {
                // Changing the FIFO's mode empties it.
                if value & FCR_CLEAR_RECEIVE != 0 || (value ^ self.fcr) & FCR_ENABLE != 0 {
                    self.receive.clear();
                }
                self.fcr = if value & FCR_ENABLE != 0 { value & FCR_MASK } else { 0 };
                self.refill();
            }
            3 => self.lcr = value,
            4 => self.mcr = value & MCR_MASK,
            5 | 6 => {}
            7 => self.scr = value,
            _ => return Err(AccessFault),
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::encode(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), BadState> {
        let state: Uart = state::decode(state)?;
        let excess = state.ier & !IER_MASK | state.mcr & !MCR_MASK | state.fcr & !FCR_MASK;
        let fifo_is_off = state.fcr & FCR_ENABLE == 0;
        BadState::unless(
            excess == 0 && !(fifo_is_off && state.fcr != 0),
            "the serial port has bits that it has not",
        )?;
        BadState::unless(state.receive.len() <= FIFO, "the serial port has received more than fits")?;
        *self = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::device::contract::contract!(
        Uart::default(),
        [1, 2, 3, 4, 5, 6, 7].map(|offset| (offset, Width::B))
    );

    const DATA: u64 = 0;
    const IER: u64 = 1;
    const IIR: u64 = 2;
    const FCR: u64 = 2;
    const LCR: u64 = 3;
    const MCR: u64 = 4;
    const LSR: u64 = 5;
    const MSR: u64 = 6;

    fn write(uart: &mut Uart, offset: u64, value: u64) {
        uart.store(offset, Width::B, value).unwrap();
    }

    fn read(uart: &mut Uart, offset: u64) -> u64 {
        uart.load(offset, Width::B).unwrap()
    }

    #[test]
    fn bytes_go_out_and_come_in() {
        let mut uart = Uart::default();
        write(&mut uart, DATA, b'h'.into());
        write(&mut uart, DATA, b'i'.into());
        assert_eq!(uart.take_output(), b"hi");
        assert_eq!(uart.take_output(), b"");
        assert_eq!(read(&mut uart, LSR), 0x60);
        uart.push_input(b"ok");
        assert_eq!(read(&mut uart, LSR), 0x61);
        assert_eq!(read(&mut uart, DATA), b'o'.into());
        assert_eq!(read(&mut uart, DATA), b'k'.into());
        assert_eq!(read(&mut uart, LSR), 0x60);
        assert_eq!(read(&mut uart, DATA), 0);
    }

    #[test]
    fn a_long_input_is_received_whole() {
        let mut uart = Uart::default();
        write(&mut uart, FCR, 0x01);
        let text: Vec<u8> = (0..100).collect();
        uart.push_input(&text);
        let received: Vec<u8> = text.iter().map(|_| read(&mut uart, DATA) as u8).collect();
        assert_eq!(received, text);
    }

    #[test]
    fn the_receive_interrupt_lasts_as_long_as_the_data() {
        let mut uart = Uart::default();
        uart.push_input(b"x");
        assert!(!uart.interrupt(), "not enabled");
        write(&mut uart, IER, 1);
        assert!(uart.interrupt() && uart.wants_input());
        assert_eq!(read(&mut uart, IIR), 0x04);
        assert!(uart.interrupt(), "reading IIR does not clear it");
        read(&mut uart, DATA);
        assert!(!uart.interrupt());
        assert_eq!(read(&mut uart, IIR), 0x01);
    }

    #[test]
    fn fewer_bytes_than_the_trigger_show_as_a_timeout() {
        let mut uart = Uart::default();
        write(&mut uart, FCR, 0x81);
        write(&mut uart, IER, 1);
        uart.push_input(b"1234567");
        assert_eq!(read(&mut uart, IIR), 0xcc);
        uart.push_input(b"8");
        assert_eq!(read(&mut uart, IIR), 0xc4);
    }

    #[test]
    fn the_transmit_interrupt_is_told_once() {
        let mut uart = Uart::default();
        write(&mut uart, IER, 2);
        assert!(uart.interrupt(), "enabling it with an empty transmitter");
        assert_eq!(read(&mut uart, IIR), 0x02);
        assert!(!uart.interrupt(), "reading IIR clears it");
        write(&mut uart, DATA, 0);
        assert!(uart.interrupt(), "a byte has left");
        write(&mut uart, IER, 0);
        assert!(!uart.interrupt());
    }

    #[test]
    fn clearing_the_fifo_drops_what_is_in_it() {
        let mut uart = Uart::default();
        write(&mut uart, FCR, 0x01);
        uart.push_input(b"0123456789abcdefg");
        write(&mut uart, FCR, 0x03);
        assert_eq!(read(&mut uart, DATA), b'g'.into());
    }

    #[test]
    fn the_divisor_hides_behind_dlab() {
        let mut uart = Uart::default();
        write(&mut uart, LCR, 0x83);
        write(&mut uart, DATA, 0x34);
        write(&mut uart, IER, 0x12);
        assert_eq!((read(&mut uart, DATA), read(&mut uart, IER)), (0x34, 0x12));
        write(&mut uart, LCR, 0x03);
        assert_eq!(uart.take_output(), b"", "the divisor is not sent");
        assert_eq!(read(&mut uart, IER), 0);
    }

    #[test]
    fn the_loop_joins_both_ends() {
        let mut uart = Uart::default();
        assert_eq!(read(&mut uart, MSR), 0xb0);
        write(&mut uart, MCR, 0x1a);
        assert_eq!(read(&mut uart, MSR), 0x90, "OUT2 as DCD, RTS as CTS");
        write(&mut uart, DATA, 0x55);
        assert_eq!(uart.take_output(), b"");
        assert_eq!(read(&mut uart, DATA), 0x55);
    }

    #[test]
    fn input_survives_a_reset() {
        let mut uart = Uart::default();
        uart.push_input(b"ab");
        uart.reset();
        assert_eq!((read(&mut uart, DATA), read(&mut uart, DATA)), (b'a'.into(), b'b'.into()));
    }

    #[test]
    fn there_are_eight_registers() {
        assert_eq!(Uart::default().load(8, Width::B), Err(AccessFault));
        assert_eq!(Uart::default().store(8, Width::B, 0), Err(AccessFault));
    }
}
