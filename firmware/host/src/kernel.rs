//! What the hypervisor asks of this kernel. A user's address of a byte is its physical address, and there is one hart.

use core::ops::Range;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicU64, Ordering};

use hyp::vcpu::Shared;
use hyp::{Host, Hpa, Hva, Resolved, Tables};
use kvm::Errno;

use crate::memory;

/// The level of the largest pages, of 1 GiB: user memory ends where its slot does.
const LARGEST: u32 = 2;

/// The kernel.
pub(crate) struct Kernel {
    /// All memory that is handed out.
    memory: Range<u64>,
    /// See [`Host::stolen_time`].
    stolen: AtomicU64,
}

impl Kernel {
    /// The kernel that hands out `memory`.
    pub(crate) fn new(memory: Range<u64>) -> Kernel {
        Kernel { memory, stolen: AtomicU64::new(0) }
    }

    /// Says for how many nanoseconds what runs now has had to wait for the hart.
    pub(crate) fn set_stolen_time(&self, nanoseconds: u64) {
        self.stolen.store(nanoseconds, Ordering::Relaxed);
    }

    /// A pointer to user memory of which there are `length` bytes.
    fn user(&self, hva: Hva, length: usize) -> Result<*mut u8, Errno> {
        let end = hva.0.checked_add(length as u64).filter(|end| *end <= self.memory.end);
        end.filter(|_| self.memory.start <= hva.0).ok_or(Errno::EFAULT)?;
        Ok(hva.0 as *mut u8)
    }
}

impl Tables for Kernel {
    fn allocate(&self, size: u64) -> Option<Hpa> {
        let frame = memory::take(size as usize, size as usize)?;
        Some(Hpa(frame.as_ptr() as u64))
    }

    fn free(&self, frame: Hpa, size: u64) {
        if let Some(frame) = NonNull::new(frame.0 as *mut u8) {
            // SAFETY: the hypervisor gives back what it was given, and no hart walks it any more.
            unsafe { memory::give_back(frame, size as usize, size as usize) };
        }
    }

    fn read_entry(&self, at: Hpa) -> u64 {
        entry(at).load(Ordering::Relaxed)
    }

    fn write_entry(&self, at: Hpa, value: u64) {
        entry(at).store(value, Ordering::Release);
    }

    fn exchange_entry(&self, at: Hpa, old: u64, new: u64) -> Result<(), u64> {
        entry(at).compare_exchange(old, new, Ordering::SeqCst, Ordering::Relaxed).map(|_| ())
    }
}

/// A page-table entry.
fn entry(at: Hpa) -> &'static AtomicU64 {
    // SAFETY: the hypervisor names a doubleword of a frame that it was given and has not given back, which is reached
    // in this way alone, and by harts that walk the table.
    unsafe { AtomicU64::from_ptr(at.0 as *mut u64) }
}

impl Host for Kernel {
    fn resolve(&self, hva: Hva, _write: bool) -> Result<Resolved, Errno> {
        self.user(hva, 1)?;
        Ok(Resolved { hpa: Hpa(hva.0), writable: true, level: LARGEST })
    }

    fn release(&self, _page: Resolved, _dirty: bool) {}

    fn read_user(&self, from: Hva, to: &mut [u8]) -> Result<(), Errno> {
        let from = self.user(from, to.len())?;
        // SAFETY: it is a guest's RAM, of which the kernel has no slice while the guest can run.
        unsafe { core::ptr::copy(from, to.as_mut_ptr(), to.len()) };
        Ok(())
    }

    fn write_user(&self, to: Hva, from: &[u8]) -> Result<(), Errno> {
        let to = self.user(to, from.len())?;
        // SAFETY: as for `read_user`.
        unsafe { core::ptr::copy(from.as_ptr(), to, from.len()) };
        Ok(())
    }

    fn stolen_time(&self) -> u64 {
        self.stolen.load(Ordering::Relaxed)
    }

    /// No machine here has asked to be told of anything.
    fn signal(&self, _event: u64) {}

    /// No guest runs while the hart does something else.
    fn kick(&self, _hart: usize) {}

    /// The scheduler asks each virtual hart in turn.
    fn wake(&self, _vcpu: &Shared) {}
}
