//! G-stage page tables in Sv39x4, Sv48x4 and Sv57x4: building, changing and taking down. Privileged ISA, "Guest Physical
//! Address Translation".
//!
//! Leaves point to memory that others own; the tables alone belong to this. Every change says what must be
//! [fenced](Flush) before what it has taken away is used for anything else. A mapping is never replaced by another:
//! it is taken away, and what comes in its place is mapped once the fence is done and the guest faults again.

mod cache;
mod map;
mod range;

use isa::csr::hgatp;
use isa::paging::{PAGE_SIZE, Pte, Scheme};

use crate::addr::{Gpa, Hpa};

pub use cache::{TableCache, Tables};

/// What every leaf has: user mode, as which a guest counts in this stage, and A and D, so that harts which
/// do not set them never fault for their sake. Writes are known by the lack of W, not by D.
const LEAF: u64 = Pte::U.mask() | Pte::R.mask() | Pte::X.mask() | Pte::A.mask() | Pte::D.mask();

/// Pages of 1 GiB, the largest.
pub const LARGEST_LEVEL: u32 = 2;

/// What the guest may do with a page, beside reading and executing it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Permissions {
    /// Write.
    pub write: bool,
}

/// Why a mapping could not be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MapError {
    /// There is no memory for a table.
    OutOfTables,
    /// An address is misaligned or too large, or the level is.
    BadAddress,
}

/// A range of guest physical addresses whose translations must be forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Flush {
    /// The first.
    pub start: Gpa,
    /// The first behind it.
    pub end: Gpa,
}

/// What has been changed.
#[must_use = "what has been taken away must be fenced and then freed"]
#[derive(Default, Debug)]
pub struct Change {
    /// What must be forgotten; `None` where nothing that a hart can have cached is less than it was.
    pub flush: Option<Flush>,
    /// Entries that have been written.
    pub written: u64,
    /// The first of the tables that nothing leads to any more, and its level; each tells of the next in its first entry.
    detached: Option<(Hpa, u32)>,
}

impl Change {
    /// Frees the tables that have been taken away, once the fence is done.
    pub fn free(self, scheme: &Scheme, tables: &impl Tables) {
        let mut next = self.detached;
        while let Some((table, level)) = next {
            next = link(tables.read_entry(table));
            tables.free(table, scheme.table_size(level));
        }
    }

    /// Adds what another change has done.
    pub fn add(&mut self, tables: &impl Tables, other: Change) {
        if let Some(Flush { start, end }) = other.flush {
            self.flush(start, end.0 - start.0);
        }
        self.written += other.written;
        let mut next = other.detached;
        while let Some((table, level)) = next {
            next = link(tables.read_entry(table));
            self.detach(tables, table, level);
        }
    }

    /// Adds a table that no entry points to any more to what is freed after the fence.
    ///
    /// A hart that walks it meanwhile finds no entry where the next one is told: it is not valid.
    fn detach(&mut self, tables: &impl Tables, table: Hpa, level: u32) {
        let next = self.detached.map_or(0, |(next, level)| next.0 | u64::from(level) << LINK_LEVEL);
        tables.write_entry(table, next);
        self.detached = Some((table, level));
    }

    /// Adds a table and all that it leads to.
    fn detach_all(&mut self, tables: &impl Tables, scheme: &Scheme, table: Hpa, level: u32) {
        for index in 0..if level == 0 { 0 } else { scheme.entries(level) } {
            let pte = Pte(tables.read_entry(table.offset(index * scheme.pte_size)));
            if pte.is_valid() && !pte.is_leaf() {
                self.detach_all(tables, scheme, Hpa(pte.address()), level - 1);
            }
        }
        self.detach(tables, table, level);
    }

    /// Adds a range to what must be forgotten.
    fn flush(&mut self, start: Gpa, size: u64) {
        let end = start.offset(size);
        let flush = self.flush.get_or_insert(Flush { start, end });
        flush.start = flush.start.min(start);
        flush.end = flush.end.max(end);
    }
}

/// Where the level of the next table is in an entry that tells of it; bit 0 says that it is no valid one.
const LINK_LEVEL: u32 = 1;

/// The table that such an entry tells of.
fn link(entry: u64) -> Option<(Hpa, u32)> {
    let next = Hpa(entry).page();
    (next.0 != 0).then_some((next, (entry & (PAGE_SIZE - 1)) as u32 >> LINK_LEVEL))
}

/// What [`GStage::lookup`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// The leaf that maps the address.
    pub leaf: Option<Pte>,
    /// The level at which the walk ended; without a leaf, nothing is mapped in all of its page size.
    pub level: u32,
    /// Where the last entry lies.
    slot: Hpa,
}

/// The G-stage page tables of one virtual machine.
#[derive(Debug)]
pub struct GStage {
    root: Hpa,
    scheme: &'static Scheme,
}

impl GStage {
    /// Tables that map nothing.
    ///
    /// # Errors
    /// [`MapError::OutOfTables`].
    pub fn new(tables: &impl Tables, scheme: &'static Scheme) -> Result<GStage, MapError> {
        let root = tables.allocate(scheme.table_size(scheme.levels - 1)).ok_or(MapError::OutOfTables)?;
        Ok(GStage { root, scheme })
    }

    /// The value of `hgatp` that translates by these tables, but for the VMID.
    pub fn hgatp(&self) -> u64 {
        hgatp::MODE.of(self.scheme.mode) | hgatp::PPN.of(self.root.0 / PAGE_SIZE)
    }

    /// The first address that they cannot translate.
    pub fn limit(&self) -> Gpa {
        Gpa(1 << self.scheme.address_bits())
    }

    /// The leaf that maps `gpa`, or how much around it is unmapped.
    pub fn lookup(&self, tables: &impl Tables, gpa: Gpa) -> Found {
        let mut table = self.root;
        let mut level = self.scheme.levels - 1;
        loop {
            let slot = self.slot(table, level, gpa);
            let pte = Pte(tables.read_entry(slot));
            if !self.scheme.covers(gpa.0) || !pte.is_valid() {
                return Found { leaf: None, level, slot };
            }
            if pte.is_leaf() || level == 0 {
                return Found { leaf: pte.is_leaf().then_some(pte), level, slot };
            }
            table = Hpa(pte.address());
            level -= 1;
        }
    }

    /// The host physical address that `gpa` is mapped to.
    pub fn translate(&self, tables: &impl Tables, gpa: Gpa) -> Option<Hpa> {
        let Found { leaf, level, .. } = self.lookup(tables, gpa);
        leaf?.translate(self.scheme, level, gpa.0).map(Hpa)
    }

    /// Gives the tables back. No hart uses them any more, and nobody will.
    pub fn destroy(&mut self, tables: &impl Tables) {
        free_table(tables, self.scheme, self.root, self.scheme.levels - 1);
    }

    /// Where the entry for `gpa` lies in `table`.
    fn slot(&self, table: Hpa, level: u32, gpa: Gpa) -> Hpa {
        table.offset(self.scheme.index(gpa.0, level) * self.scheme.pte_size)
    }
}

/// Frees `table` and the tables that its entries point to.
fn free_table(tables: &impl Tables, scheme: &Scheme, table: Hpa, level: u32) {
    for index in 0..if level == 0 { 0 } else { scheme.entries(level) } {
        let pte = Pte(tables.read_entry(table.offset(index * scheme.pte_size)));
        if pte.is_valid() && !pte.is_leaf() {
            free_table(tables, scheme, Hpa(pte.address()), level - 1);
        }
    }
    tables.free(table, scheme.table_size(level));
}

#[cfg(test)]
mod tests;
