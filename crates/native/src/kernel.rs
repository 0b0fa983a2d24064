//! The kernel around the hypervisor, as small as it can be.

use std::sync::{Mutex, PoisonError};

use hyp::vcpu::Shared;
use hyp::{Host, Hpa, Hva, Resolved, Tables};
use kvm::Errno;

use crate::board::Board;
use crate::memory::Memory;

/// Memory, and what the hypervisor has told.
#[derive(Debug)]
pub struct Kernel {
    /// The machine's memory.
    pub memory: Memory,
    signals: Mutex<Vec<u64>>,
}

impl Kernel {
    /// The kernel of a machine.
    pub fn new(board: &Board) -> Kernel {
        Kernel { memory: Memory::new(board), signals: Mutex::new(Vec::new()) }
    }

    /// Which counts have been told, in order, since this was last asked.
    pub fn take_signals(&self) -> Vec<u64> {
        std::mem::take(&mut *self.signals.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Tables for Kernel {
    fn allocate(&self, size: u64) -> Option<Hpa> {
        self.memory.allocate(size)
    }

    fn free(&self, frame: Hpa, size: u64) {
        self.memory.free(frame, size);
    }

    fn read_entry(&self, at: Hpa) -> u64 {
        self.memory.read_entry(at)
    }

    fn write_entry(&self, at: Hpa, value: u64) {
        self.memory.write_entry(at, value);
    }

    fn exchange_entry(&self, at: Hpa, old: u64, new: u64) -> Result<(), u64> {
        self.memory.exchange_entry(at, old, new)
    }
}

impl Host for Kernel {
    fn resolve(&self, hva: Hva, _write: bool) -> Result<Resolved, Errno> {
        let level = self.memory.largest_page(hva).ok_or(Errno::EFAULT)?;
        Ok(Resolved { hpa: Hpa(hva.0), writable: true, level })
    }

    fn release(&self, _page: Resolved, _dirty: bool) {}

    fn read_user(&self, from: Hva, to: &mut [u8]) -> Result<(), Errno> {
        self.memory.read(from, to).ok_or(Errno::EFAULT)
    }

    fn write_user(&self, to: Hva, from: &[u8]) -> Result<(), Errno> {
        self.memory.write(to, from).ok_or(Errno::EFAULT)
    }

    /// No thread waits for another's hart.
    fn stolen_time(&self) -> u64 {
        0
    }

    fn signal(&self, event: u64) {
        self.signals.lock().unwrap_or_else(PoisonError::into_inner).push(event);
    }

    /// No guest runs while the hypervisor does something on another hart.
    fn kick(&self, _hart: usize) {}

    /// Whoever runs virtual harts asks each of them in turn.
    fn wake(&self, _vcpu: &Shared) {}
}
