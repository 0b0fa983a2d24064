//! The kernel around the hypervisor, as the hypervisor sees it: memory, other harts, threads and files.

use kvm::Errno;

use crate::addr::{Hpa, Hva};
use crate::gstage::Tables;
use crate::vcpu::Shared;

/// What a kernel does for the hypervisor. But for its [`Tables`], nothing of it is called while a machine's memory is locked.
pub trait Host: Tables {
    /// Finds the memory behind a user address, for a store where `write`, and keeps it from being used for anything else
    /// until it is [released](Host::release). It may have to be fetched: this can take long.
    ///
    /// # Errors
    /// `EFAULT` where the address has no memory or may not be written; `EINTR`.
    fn resolve(&self, hva: Hva, write: bool) -> Result<Resolved, Errno>;

    /// Lets go of what [`resolve`](Host::resolve) found; `dirty` where it may have been written.
    fn release(&self, page: Resolved, dirty: bool);

    /// Reads user memory.
    ///
    /// # Errors
    /// `EFAULT`.
    fn read_user(&self, from: Hva, to: &mut [u8]) -> Result<(), Errno>;

    /// Writes user memory.
    ///
    /// # Errors
    /// `EFAULT`.
    fn write_user(&self, to: Hva, from: &[u8]) -> Result<(), Errno>;

    /// Nanoseconds for which the thread that runs now could have run and another had its hart.
    fn stolen_time(&self) -> u64;

    /// Adds 1 to a count, eventfd(2), by the host's number of it.
    fn signal(&self, event: u64);

    /// Interrupts a hart, so that a guest on it exits; by the hart's number in [`Local`](crate::Local).
    fn kick(&self, hart: usize);

    /// Has a virtual hart that was [blocked](crate::Stop::Blocked) look whether it can go on.
    fn wake(&self, vcpu: &Shared);
}

/// Memory behind a user address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Resolved {
    /// Where the byte at the address is.
    pub hpa: Hpa,
    /// Whether it may be written.
    pub writable: bool,
    /// The level of the page that it lies in: what is around it, as far as that page goes, can be mapped with it.
    pub level: u32,
}
