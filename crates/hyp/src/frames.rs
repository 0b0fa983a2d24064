//! Memory of the host, as the hypervisor asks for it.

use crate::addr::Hpa;

/// Where page tables and guest memory come from and are accessed.
pub trait Frames {
    /// Takes `size` bytes of zeroed memory, aligned to `size`, a power of two of at least a page.
    ///
    /// `None` when there are none left.
    fn allocate(&mut self, size: u64) -> Option<Hpa>;

    /// Gives back what [`allocate`](Frames::allocate) with the same size returned.
    fn free(&mut self, frame: Hpa, size: u64);

    /// Reads a page-table entry of a frame that was allocated; `at` is a multiple of 8.
    fn read_entry(&self, at: Hpa) -> u64;

    /// Writes a page-table entry, in one access, since a hart may be walking the table.
    fn write_entry(&mut self, at: Hpa, value: u64);

    /// Copies bytes out of one allocated frame.
    fn read_bytes(&self, from: Hpa, to: &mut [u8]);

    /// Copies bytes into one allocated frame.
    fn write_bytes(&mut self, to: Hpa, from: &[u8]);
}
