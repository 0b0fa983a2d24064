//! What a hart sees of the rest of the machine: physical memory, and the wires that interrupt it.

use serde::{Deserialize, Serialize};

/// The width of a memory access.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[repr(u8)]
pub enum Width {
    /// One byte.
    B = 1,
    /// Two bytes.
    H = 2,
    /// Four bytes.
    W = 4,
    /// Eight bytes.
    D = 8,
}

impl Width {
    /// The number of bytes.
    #[inline]
    pub const fn bytes(self) -> u64 {
        self as u64
    }

    /// The width of so many bytes, if there is one.
    pub const fn from_bytes(bytes: u64) -> Option<Width> {
        match bytes {
            1 => Some(Width::B),
            2 => Some(Width::H),
            4 => Some(Width::W),
            8 => Some(Width::D),
            _ => None,
        }
    }

    /// The bits of a value of this width.
    #[inline]
    pub const fn mask(self) -> u64 {
        u64::MAX >> (64 - 8 * self.bytes())
    }
}

/// The size in bytes of the blocks that cache-block instructions are about: that of Zic64b.
pub const CACHE_BLOCK_SIZE: u64 = 64;

/// No memory or device answers at this physical address, or not to this kind of access.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct AccessFault;

/// The wires that end at a hart, as they are now.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, Serialize, Deserialize)]
pub struct Lines {
    /// MSIP, MTIP, MEIP and SEIP as bits of `mip`. SSIP is a message rather than a wire: it sets the bit, which
    /// software clears. Other bits are ignored.
    pub mip: u64,
    /// `mtime`, in ticks: what the `time` CSR shows and the supervisor timers compare with.
    pub time: u64,
    /// The guest external interrupt lines: bit n is guest interrupt file n, bit 0 is unused.
    pub hgeip: u64,
    /// Something asks that the machine's loop gets control: the harts return after this instruction.
    pub stop: bool,
}

/// Physical memory and devices, as a hart reaches them.
///
/// Main memory is the [`Ram`](crate::Ram) that [`ram`](Bus::ram) lends; every other address is an I/O
/// region. The hart splits misaligned accesses to main memory and raises exceptions for misaligned
/// accesses, atomics and page-table walks in I/O regions before it asks the bus.
pub trait Bus {
    /// The main memory.
    fn ram(&self) -> &crate::Ram;

    /// Whether `pa..pa + bytes` lies in one I/O region.
    fn has_device(&self, _pa: u64, _bytes: u64) -> bool {
        false
    }

    /// Reads a naturally aligned value from an I/O region, zero-extended.
    fn load(&mut self, pa: u64, width: Width) -> Result<u64, AccessFault>;

    /// Writes a naturally aligned value, whose excess bits are zero, to an I/O region.
    fn store(&mut self, pa: u64, width: Width, value: u64) -> Result<(), AccessFault>;

    /// What time it is for the hart that is about to access an I/O region or to look at its wires: at the start of
    /// a run what [`lines`](Bus::lines) said, and later more.
    fn set_time(&mut self, _time: u64) {}

    /// What time it is now, where time goes on while harts run; `None` where it is what harts were told last.
    fn now(&self) -> Option<u64> {
        None
    }

    /// The wires of hart `hart`. Asked at the start of a quantum and after each access to an I/O region.
    fn lines(&mut self, hart: usize) -> Lines;

    /// Looks at a store to main memory that has just been made; platforms with HTIF watch `tohost` here.
    ///
    /// Called only for stores that touch the range given by [`watched`](Bus::watched).
    fn watched_store(&mut self, _pa: u64, _width: Width) {}

    /// The range of main memory of which [`watched_store`](Bus::watched_store) wants to hear.
    fn watched(&self) -> core::ops::Range<u64> {
        0..0
    }
}
