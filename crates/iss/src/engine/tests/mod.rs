//! What cannot be seen from outside: how handlers end, and when blocks are built.

mod rebuilds;
mod tail_calls;

use isa::asm::Asm;

use crate::bus::{AccessFault, Bus, Lines, Width};
use crate::hart::Hart;
use crate::ram::Ram;
use crate::variant::Variant;

/// Where main memory starts.
const BASE: u64 = 0x8000_0000;

/// Main memory alone.
struct Memory(Ram);

impl Bus for Memory {
    fn ram(&self) -> &Ram {
        &self.0
    }

    fn load(&mut self, _: u64, _: Width) -> Result<u64, AccessFault> {
        Err(AccessFault)
    }

    fn store(&mut self, _: u64, _: Width, _: u64) -> Result<(), AccessFault> {
        Err(AccessFault)
    }

    fn lines(&mut self, _: usize) -> Lines {
        Lines::default()
    }
}

/// A hart in M-mode at the start of a program, and its memory.
struct Machine {
    hart: Hart,
    bus: Memory,
}

impl Machine {
    fn new(write: impl FnOnce(&mut Asm)) -> Machine {
        let mut a = Asm::new(BASE);
        write(&mut a);
        let ram = Ram::new(BASE, 1 << 16).expect("the host has memory to map");
        ram.write(BASE, &a.finish().expect("the program assembles")).expect("it fits");
        let mut hart = Hart::new(0, Variant::default());
        hart.set_pc(BASE);
        Machine { hart, bus: Memory(ram) }
    }

    fn run(&mut self, steps: u64) {
        let outcome = self.hart.run(&mut self.bus, steps, None);
        assert_eq!(outcome.steps, steps);
    }
}
