//! What a machine is made of.

use iss::{Engine, Variant};
use serde::{Deserialize, Serialize};

use crate::clock::{Clock, START_DATE, host_date};
use crate::device::virtio::Drive;
use crate::error::Error;
use crate::load::Image;

/// The largest number of harts: two PLIC contexts each fill the PLIC's address range with 512 of them.
pub const MAX_HARTS: usize = 512;

/// Physical addresses have 56 bits; main memory ends below them.
const PHYSICAL_ADDRESS_BITS: u32 = 56;

/// The port that the host's terminal belongs to; what is sent to the other one is shown, too.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub enum Terminal {
    /// The 16550.
    #[default]
    Uart,
    /// A virtio console, which is there only then.
    Virtio,
}

/// What a machine is made of, and what it boots.
///
/// Without `firmware`, the kernel itself is started in M-mode, at its entry.
#[derive(Clone, Debug)]
pub struct MachineConfig {
    /// The number of harts, 1 to [`MAX_HARTS`].
    pub harts: usize,
    /// The size of main memory in bytes, a multiple of 4 KiB.
    pub memory: u64,
    /// What each hart implements.
    pub variant: Variant,
    /// How the harts execute instructions, which only shows in how long it takes.
    pub engine: Engine,
    /// Whether harts run at the same time, each on a thread of the host, in real time; what they do is then not
    /// reproducible. Otherwise they take turns, in a time of their own, and every run is the same.
    pub parallel: bool,
    /// What makes time pass where harts take turns.
    pub clock: Clock,
    /// Whether the device tree describes the timer and the software interrupts as RISC-V ACLINT devices, with a
    /// supervisor-level software interrupt device (SSWI) beside them, in place of SiFive's CLINT.
    pub aclint: bool,
    /// Whether a guest that asks for a reset ends the simulation with status 0 in its place.
    pub reset_ends: bool,
    /// What every hart starts with, in M-mode: an ELF at its own addresses, or raw bytes at
    /// [`RAM_BASE`](crate::map::RAM_BASE). A bare-metal program is its own firmware.
    pub firmware: Option<Image>,
    /// What the firmware starts: an ELF at its own addresses, a Linux Image, or raw bytes at
    /// [`KERNEL_BASE`](crate::map::KERNEL_BASE).
    pub kernel: Option<Image>,
    /// The initial RAM disk of a Linux kernel.
    pub initrd: Option<Image>,
    /// The kernel's command line: `/chosen/bootargs`.
    pub bootargs: Option<String>,
    /// Files that lie in main memory as they are, each with the physical address of its first byte.
    pub loads: Vec<(Image, u64)>,
    /// A device tree to be used in place of the machine's own.
    pub device_tree: Option<Image>,
    /// The virtio block devices, in the first slots.
    pub drives: Vec<Drive>,
    /// The port for the console; a virtio console has the slot behind the drives.
    pub terminal: Terminal,
    /// The seed of a virtio entropy device, which has the slot behind these, if there is to be one.
    pub entropy: Option<u64>,
}

impl Default for MachineConfig {
    /// One hart with everything, 128 MiB, nothing to run.
    fn default() -> MachineConfig {
        MachineConfig {
            harts: 1,
            memory: 128 << 20,
            variant: Variant::default(),
            engine: Engine::default(),
            parallel: false,
            clock: Clock::default(),
            aclint: false,
            reset_ends: false,
            firmware: None,
            kernel: None,
            initrd: None,
            bootargs: None,
            loads: Vec::new(),
            device_tree: None,
            drives: Vec::new(),
            terminal: Terminal::default(),
            entropy: None,
        }
    }
}

impl MachineConfig {
    /// The date at tick 0, in nanoseconds since 1970: the host's where time is real.
    pub(crate) fn date(&self) -> u64 {
        let is_real = self.parallel || self.clock == Clock::Real;
        if is_real { host_date() } else { START_DATE }
    }

    /// Checks the numbers; images are checked when they are loaded.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if !(1..=MAX_HARTS).contains(&self.harts) {
            return Err(Error::Harts(self.harts));
        }
        let most = (1 << PHYSICAL_ADDRESS_BITS) - crate::map::RAM_BASE;
        if self.memory == 0 || !self.memory.is_multiple_of(4096) || self.memory > most {
            return Err(Error::Memory(self.memory));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_numbers_are_refused() {
        assert!(MachineConfig::default().check().is_ok());
        for harts in [0, MAX_HARTS + 1, usize::MAX] {
            let config = MachineConfig { harts, ..MachineConfig::default() };
            assert!(matches!(config.check(), Err(Error::Harts(n)) if n == harts));
        }
        for memory in [0, 4097, 1 << 56, u64::MAX] {
            let config = MachineConfig { memory, ..MachineConfig::default() };
            assert!(matches!(config.check(), Err(Error::Memory(n)) if n == memory));
        }
    }
}
