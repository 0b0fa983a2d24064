//! The smallest machine: main memory, and wires that a test sets.

use iss::{AccessFault, Bus, Lines, Ram, Width};

/// Where main memory starts.
pub(crate) const BASE: u64 = 0x8000_0000;

/// Main memory alone: no device answers.
pub(crate) struct RamOnly {
    pub(crate) ram: Ram,
    pub(crate) lines: Lines,
}

impl RamOnly {
    /// So many bytes of main memory from [`BASE`] on.
    pub(crate) fn new(bytes: u64) -> RamOnly {
        let ram = Ram::new(BASE, bytes).expect("the host has memory to map");
        RamOnly { ram, lines: Lines::default() }
    }
}

impl Bus for RamOnly {
    fn ram(&self) -> &Ram {
        &self.ram
    }

    fn load(&mut self, _pa: u64, _width: Width) -> Result<u64, AccessFault> {
        Err(AccessFault)
    }

    fn store(&mut self, _pa: u64, _width: Width, _value: u64) -> Result<(), AccessFault> {
        Err(AccessFault)
    }

    fn lines(&mut self, _hart: usize) -> Lines {
        self.lines
    }
}
