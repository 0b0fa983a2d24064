//! Mapping a page, and splitting a large one for it. Privileged ISA, "Memory-Management Fences", of changes to leaves.

use isa::paging::Pte;

use super::{Change, GStage, LARGEST_LEVEL, LEAF, MapError, Permissions, TableCache, Tables};
use crate::addr::{Gpa, Hpa};

impl GStage {
    /// Maps the page of `level` at `gpa` to the one at `hpa`, or changes what may be done with it where it is mapped so.
    ///
    /// A larger page around it is split first. Where something else is mapped, a page with another address or smaller
    /// pages, that is taken away and nothing comes in its place yet: map again after the fence. Until it is fenced, a hart
    /// may believe that nothing is mapped, or may not be written, and fault once more.
    ///
    /// # Errors
    /// [`MapError`]; then what is mapped is as it was.
    pub fn map(
        &mut self,
        tables: &impl Tables,
        cache: &mut TableCache,
        gpa: Gpa,
        hpa: Hpa,
        level: u32,
        permissions: Permissions,
    ) -> Result<Change, MapError> {
        let scheme = self.scheme;
        if level > LARGEST_LEVEL
            || !scheme.covers(gpa.0)
            || (gpa.0 | hpa.0) & (scheme.page_size(level) - 1) != 0
            || hpa.0 >> 56 != 0
        {
            return Err(MapError::BadAddress);
        }
        if cache.len() < (scheme.levels - 1 - level) as usize {
            self.check_tables(tables, cache, gpa, level)?;
        }
        let mut change = Change::default();
        let mut table = self.root;
        for at in (level + 1..scheme.levels).rev() {
            let slot = self.slot(table, at, gpa);
            let pte = Pte(tables.read_entry(slot));
            table = if pte.is_valid() && !pte.is_leaf() {
                Hpa(pte.address())
            } else {
                let child = cache.take()?;
                if pte.is_valid() {
                    let size = self.split(tables, slot, child, at);
                    change.flush(Gpa(gpa.0 & !(size - 1)), size);
                    change.written += scheme.entries(at - 1);
                } else {
                    tables.write_entry(slot, Pte::pointer(child.0).0);
                }
                change.written += 1;
                child
            };
        }
        let slot = self.slot(table, level, gpa);
        let wanted = Pte::leaf(hpa.0, LEAF | Pte::W.of(permissions.write.into()));
        let old = Pte(tables.read_entry(slot));
        let size = scheme.page_size(level);
        if !old.is_valid() {
            tables.write_entry(slot, wanted.0);
        } else if old.is_leaf() && old.address() == hpa.0 {
            if old == wanted {
                return Ok(change);
            }
            tables.write_entry(slot, wanted.0);
            if Pte::W.is_set(old.0) && !permissions.write {
                change.flush(gpa, size);
            }
        } else {
            tables.write_entry(slot, 0);
            change.flush(gpa, size);
            if !old.is_leaf() {
                change.detach_all(tables, scheme, Hpa(old.address()), level - 1);
            }
        }
        change.written += 1;
        Ok(change)
    }

    /// Whether the cache has what a mapping needs, where it does not have what one can need at most.
    fn check_tables(
        &self,
        tables: &impl Tables,
        cache: &TableCache,
        gpa: Gpa,
        level: u32,
    ) -> Result<(), MapError> {
        let missing = self.lookup(tables, gpa).level.saturating_sub(level) as usize;
        if cache.len() < missing { Err(MapError::OutOfTables) } else { Ok(()) }
    }

    /// Replaces the leaf at `slot`, of level `at`, by the table `child` of leaves for the same memory; returns the leaf's
    /// size.
    ///
    /// A hart that goes by the old leaf still ends where one does that goes by the new ones.
    fn split(&self, tables: &impl Tables, slot: Hpa, child: Hpa, at: u32) -> u64 {
        let step = self.scheme.page_size(at - 1);
        let mut leaf = Pte(tables.read_entry(slot));
        loop {
            for index in 0..self.scheme.entries(at - 1) {
                let part = Pte::PPN.set(leaf.0, Pte::PPN.get(leaf.0) + index * (step >> 12));
                tables.write_entry(child.offset(index * self.scheme.pte_size), part);
            }
            match tables.exchange_entry(slot, leaf.0, Pte::pointer(child.0).0) {
                Ok(()) => return self.scheme.page_size(at),
                // A or D has been set in the meantime.
                Err(now) => leaf = Pte(now),
            }
        }
    }
}
