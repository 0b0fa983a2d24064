//! The surroundings of the guest's devices: this process's streams, and the guest's RAM.

use vmm_core::serve::Outside;

use crate::input::Input;
use crate::output::Console;
use crate::ram::Ram;

/// What the guest reaches by its devices.
pub(crate) struct Streams<'a> {
    pub(crate) console: &'a mut Console,
    pub(crate) input: &'a mut Input,
    pub(crate) ram: Ram,
}

impl Outside for Streams<'_> {
    fn send(&mut self, byte: u8) {
        self.console.write(&[byte]);
    }

    fn receive(&mut self) -> Option<u8> {
        self.input.read()
    }

    fn ram(&self, offset: usize) -> u8 {
        self.ram.get(offset)
    }

    fn set_ram(&mut self, offset: usize, byte: u8) {
        self.ram.set(offset, byte);
    }
}
