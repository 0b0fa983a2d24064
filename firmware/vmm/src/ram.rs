//! The guest's RAM, which the guest may change at any time while it runs.

use vmm_core::map::{RAM_SIZE, ram_range};

use crate::error::Error;
use crate::syscall::map_memory;

/// Memory of [`RAM_SIZE`] bytes.
#[derive(Clone, Copy)]
pub(crate) struct Ram {
    base: *mut u8,
}

// SAFETY: it is memory for any number of threads, accessed a volatile byte at a time.
unsafe impl Send for Ram {}

impl Ram {
    /// New RAM, all zero.
    pub(crate) fn new() -> Result<Ram, Error> {
        let memory = map_memory(RAM_SIZE).map_err(Error::call(
            "get 16 MiB of memory for the guest",
            "end other programs, or allow this user more memory",
        ))?;
        Ok(Ram { base: memory.as_mut_ptr() })
    }

    /// Where the monitor sees it.
    pub(crate) fn address(self) -> u64 {
        self.base as u64
    }

    /// All of it.
    ///
    /// # Safety
    /// No guest runs in it, and nobody else has it, while this is in use.
    pub(crate) unsafe fn bytes<'a>(self) -> &'a mut [u8] {
        // SAFETY: the memory is there for good, and the caller is alone with it.
        unsafe { core::slice::from_raw_parts_mut(self.base, RAM_SIZE) }
    }

    /// Calls `take` with a copy of each byte at a guest physical address; `None` where one is not RAM.
    pub(crate) fn read(self, address: u64, length: u64, mut take: impl FnMut(u8)) -> Option<()> {
        for offset in ram_range(address, length)? {
            // SAFETY: the offset is within.
            take(unsafe { self.base.add(offset).read_volatile() });
        }
        Some(())
    }

    /// Writes to a guest physical address what `give` gives, until that is nothing, and returns how many bytes that
    /// were; `None` where one would not be RAM.
    pub(crate) fn write(
        self,
        address: u64,
        length: u64,
        mut give: impl FnMut() -> Option<u8>,
    ) -> Option<u64> {
        let range = ram_range(address, length)?;
        let mut written = 0;
        for offset in range {
            let Some(byte) = give() else { break };
            // SAFETY: the offset is within.
            unsafe { self.base.add(offset).write_volatile(byte) };
            written += 1;
        }
        Some(written)
    }
}
