//! Where page tables come from. Nothing is allocated while a machine's lock is held: what a mapping can need at most is
//! taken before.

use alloc::vec::Vec;

use isa::paging::PAGE_SIZE;

use super::MapError;
use crate::addr::Hpa;

/// Memory for page tables, and access to it.
pub trait Tables {
    /// Takes `size` bytes of zeroed memory, aligned to `size`, a power of two of at least a page.
    ///
    /// `None` when there are none left.
    fn allocate(&self, size: u64) -> Option<Hpa>;

    /// Gives back what [`allocate`](Tables::allocate) with the same size returned.
    fn free(&self, frame: Hpa, size: u64);

    /// Reads a page-table entry of a frame that was allocated; `at` is a multiple of 8.
    fn read_entry(&self, at: Hpa) -> u64;

    /// Writes a page-table entry, in one access, since a hart may be walking the table; what was written before is seen
    /// before.
    fn write_entry(&self, at: Hpa, value: u64);

    /// Writes `new` where there is `old`, at once: a hart may set A and D at any time.
    ///
    /// # Errors
    /// What there is in its place.
    fn exchange_entry(&self, at: Hpa, old: u64, new: u64) -> Result<(), u64>;
}

/// Page-table pages that have been taken and not used.
#[derive(Default, Debug)]
pub struct TableCache {
    pages: Vec<Hpa>,
}

impl TableCache {
    /// Sees to it that there are `count` pages.
    ///
    /// # Errors
    /// [`MapError::OutOfTables`]; what there is stays.
    pub fn fill(&mut self, tables: &impl Tables, count: usize) -> Result<(), MapError> {
        let missing = count.saturating_sub(self.pages.len());
        self.pages.try_reserve(missing).map_err(|_| MapError::OutOfTables)?;
        for _ in 0..missing {
            self.pages.push(tables.allocate(PAGE_SIZE).ok_or(MapError::OutOfTables)?);
        }
        Ok(())
    }

    /// Takes a page, which is zero.
    pub(super) fn take(&mut self) -> Result<Hpa, MapError> {
        self.pages.pop().ok_or(MapError::OutOfTables)
    }

    /// How many pages there are.
    pub(super) fn len(&self) -> usize {
        self.pages.len()
    }

    /// Gives all pages back.
    pub fn drain(&mut self, tables: &impl Tables) {
        for page in self.pages.drain(..) {
            tables.free(page, PAGE_SIZE);
        }
    }
}
