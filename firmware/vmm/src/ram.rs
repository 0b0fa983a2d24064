//! The guest's RAM, which the guest may change at any time while it runs.

use vmm_core::map::RAM_SIZE;

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

    /// The byte at an offset, which is within.
    pub(crate) fn get(self, offset: usize) -> u8 {
        assert!(offset < RAM_SIZE, "the RAM has no byte {offset:#x}");
        // SAFETY: the offset is within.
        unsafe { self.base.add(offset).read_volatile() }
    }

    /// Writes the byte at an offset, which is within.
    pub(crate) fn set(self, offset: usize, byte: u8) {
        assert!(offset < RAM_SIZE, "the RAM has no byte {offset:#x}");
        // SAFETY: the offset is within.
        unsafe { self.base.add(offset).write_volatile(byte) };
    }
}
