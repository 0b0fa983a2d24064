//! What is done to all that is mapped in a range: unmapping, write-protecting, ageing, and making room for larger pages.
//!
//! Ranges begin and end at any address. A page that lies in a range in part only counts as a whole for what can be done
//! more than was asked for, since the guest just faults once more: it is unmapped or write-protected.

use core::ops::Range;

use isa::paging::Pte;

use super::{Change, Found, GStage, Tables};
use crate::addr::{Gpa, Hpa};
use crate::museum::{Mistake, is_repeated};

impl GStage {
    /// Unmaps all that is mapped in a range.
    pub fn unmap_range(&mut self, tables: &impl Tables, range: Range<Gpa>) -> Change {
        let mut change = Change::default();
        self.for_each_leaf(tables, range, |first, size, slot, _| {
            tables.write_entry(slot, 0);
            change.written += 1;
            change.flush(first, size);
        });
        change
    }

    /// Takes the permission to write from all that is mapped in a range.
    pub fn write_protect_range(&mut self, tables: &impl Tables, range: Range<Gpa>) -> Change {
        let mut change = Change::default();
        self.for_each_leaf(tables, range, |first, size, slot, leaf| {
            if !Pte::W.is_set(leaf.0) {
                return;
            }
            update(tables, slot, leaf, |leaf| Pte::W.set(leaf, 0));
            change.written += 1;
            change.flush(first, size);
        });
        change
    }

    /// Takes the mark of having been accessed from all that is mapped in a range; says whether anything had it.
    ///
    /// Harts that have a page cached do not set the mark again until they forget it: ages are a guess, which costs no
    /// fence.
    pub fn age_range(&mut self, tables: &impl Tables, range: Range<Gpa>) -> bool {
        let mut was_young = false;
        self.for_each_leaf(tables, range, |_, _, slot, leaf| {
            if Pte::A.is_set(leaf.0) {
                was_young = true;
                update(tables, slot, leaf, |leaf| Pte::A.set(leaf, 0));
            }
        });
        was_young
    }

    /// Whether anything that is mapped in a range has the mark of having been accessed.
    pub fn is_young(&self, tables: &impl Tables, range: Range<Gpa>) -> bool {
        let mut is_young = false;
        self.for_each_leaf(tables, range, |_, _, _, leaf| is_young |= Pte::A.is_set(leaf.0));
        is_young
    }

    /// Takes away the tables of small pages that lie in a range entirely, so that large pages can come in their place when
    /// the guest faults: what is done when writes are no longer logged page by page.
    pub fn make_room_for_large_pages(&mut self, tables: &impl Tables, range: Range<Gpa>) -> Change {
        let mut change = Change::default();
        let block = self.scheme.page_size(1);
        let end = range.end.0.min(self.limit().0) & !(block - 1);
        let mut at = range.start.0.checked_next_multiple_of(block).unwrap_or(end);
        while at < end {
            let level = self.lookup(tables, Gpa(at)).level;
            if level == 0 {
                let slot = self.slot_at(tables, Gpa(at), 1);
                let table = Pte(tables.read_entry(slot)).address();
                tables.write_entry(slot, 0);
                change.written += 1;
                change.flush(Gpa(at), block);
                change.detach(tables, Hpa(table), 0);
            }
            let step = self.scheme.page_size(level.max(1));
            at = (at & !(step - 1)) + step;
        }
        change
    }

    /// Where the entry of `level` for `gpa` lies, in a table that there is.
    fn slot_at(&self, tables: &impl Tables, gpa: Gpa, level: u32) -> Hpa {
        let mut table = self.root;
        for at in (level + 1..self.scheme.levels).rev() {
            table = Hpa(Pte(tables.read_entry(self.slot(table, at, gpa))).address());
        }
        self.slot(table, level, gpa)
    }

    /// Does something with each leaf that maps anything of a range: its first address, its size, where it lies, and what
    /// it is.
    fn for_each_leaf(
        &self,
        tables: &impl Tables,
        range: Range<Gpa>,
        mut action: impl FnMut(Gpa, u64, Hpa, Pte),
    ) {
        let end = range.end.0.min(self.limit().0);
        let mut at = range.start.0;
        while at < end {
            let Found { leaf, level, slot } = self.lookup(tables, Gpa(at));
            let size = self.scheme.page_size(level);
            let first = at & !(size - 1);
            if let Some(leaf) = leaf {
                action(Gpa(first), size, slot, leaf);
            }
            at = if is_repeated(Mistake::B4) { at + size } else { first + size };
        }
    }
}

/// Changes a leaf without losing an A or D that a hart sets at the same time.
fn update(tables: &impl Tables, slot: Hpa, leaf: Pte, change: impl Fn(u64) -> u64) {
    let mut old = leaf.0;
    while let Err(now) = tables.exchange_entry(slot, old, change(old)) {
        old = now;
    }
}
