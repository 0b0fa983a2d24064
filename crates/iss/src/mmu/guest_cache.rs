//! The cache of G-stage translations, which walks of VS-stage tables look into for each table.
//!
//! Like the translation cache it is architectural state, and it is shared by both engines. What it holds is used
//! only where it permits an access; everything else is walked for.

use isa::csr::hgatp;
use isa::paging::{PAGE_BITS, PAGE_SIZE, Pte};
use serde::{Deserialize, Serialize};

use super::tlb::FenceScope;
use super::{Leaf, is_physical_page};
use crate::state::BadState;

/// Pages that are remembered, one for each value of the low page-number bits.
const PAGES: usize = 256;

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct Entry {
    /// The mode and the VMID of `hgatp`.
    mode: u64,
    vmid: u64,
    /// The guest physical page and the physical page.
    gpa: u64,
    pa: u64,
    leaf: Leaf,
}

/// What is remembered, in no order that matters: each entry has one place.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct GuestCacheState(Vec<Entry>);

/// What is remembered of G-stage tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct GuestCache {
    entries: Vec<Option<Entry>>,
}

impl GuestCache {
    /// A cache that remembers, or one that does not.
    pub(crate) fn new(remembers: bool) -> GuestCache {
        GuestCache { entries: vec![None; if remembers { PAGES } else { 0 }] }
    }

    /// The physical address of `gpa` under `atp`, a value of `hgatp`, and the leaf that says so.
    pub(super) fn get(&self, atp: u64, gpa: u64) -> Option<(u64, Leaf)> {
        let entry = (*self.entries.get(slot(gpa))?)?;
        let is_it = entry.gpa == gpa & !(PAGE_SIZE - 1)
            && (entry.mode, entry.vmid) == (hgatp::MODE.get(atp), hgatp::VMID.get(atp));
        is_it.then_some((entry.pa | (gpa % PAGE_SIZE), entry.leaf))
    }

    /// Remembers that `gpa` is `pa` under `atp`, by `leaf`, which has been accessed.
    pub(super) fn put(&mut self, atp: u64, gpa: u64, pa: u64, leaf: Leaf) {
        debug_assert!(Pte::A.is_set(leaf.pte.0));
        let page = |address: u64| address & !(PAGE_SIZE - 1);
        if let Some(entry) = self.entries.get_mut(slot(gpa)) {
            let (mode, vmid) = (hgatp::MODE.get(atp), hgatp::VMID.get(atp));
            *entry = Some(Entry { mode, vmid, gpa: page(gpa), pa: page(pa), leaf });
        }
    }

    /// What is remembered.
    pub(crate) fn save(&self) -> GuestCacheState {
        GuestCacheState(self.entries.iter().flatten().copied().collect())
    }

    /// A cache that remembers this; refused where no walks can have led to it.
    pub(crate) fn restored(remembers: bool, state: &GuestCacheState) -> Result<GuestCache, BadState> {
        let mut cache = GuestCache::new(remembers);
        for entry in &state.0 {
            let pages = is_physical_page(entry.pa) && entry.gpa.is_multiple_of(PAGE_SIZE);
            BadState::unless(
                pages && entry.leaf.is_possible(),
                "the G stage has a translation that cannot be",
            )?;
            let place = cache.entries.get_mut(slot(entry.gpa)).filter(|place| place.is_none());
            *place.ok_or_else(|| BadState::new("the G stage remembers more than it can"))? = Some(*entry);
        }
        Ok(cache)
    }

    /// HFENCE.GVMA.
    pub(crate) fn fence(&mut self, scope: FenceScope) {
        for entry in &mut self.entries {
            entry.take_if(|entry| {
                let hits = |gpa: u64| (gpa ^ entry.gpa) >> entry.leaf.size_bits == 0;
                scope.id.is_none_or(|vmid| vmid == entry.vmid) && scope.address.is_none_or(hits)
            });
        }
    }
}

fn slot(gpa: u64) -> usize {
    (gpa >> PAGE_BITS) as usize % PAGES
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cache() -> GuestCache {
        let mut cache = GuestCache::new(true);
        let leaf = Leaf { pte: Pte(Pte::A.mask()), size_bits: 21 };
        for vmid in [1, 2] {
            cache.put(hgatp::VMID.of(vmid), 0x20_1000 + (vmid << 12), 0x8000_0000, leaf);
        }
        cache
    }

    fn holds(cache: &GuestCache) -> [bool; 2] {
        [1, 2].map(|vmid| cache.get(hgatp::VMID.of(vmid), 0x20_1000 + (vmid << 12)).is_some())
    }

    #[test]
    fn virtual_machines_do_not_share() {
        let cache = cache();
        assert_eq!(holds(&cache), [true; 2]);
        assert!(cache.get(hgatp::VMID.of(2), 0x20_2000).is_none());
        assert!(cache.get(hgatp::VMID.of(1) | hgatp::MODE.of(8), 0x20_2000).is_none());
        assert_eq!(cache.get(hgatp::VMID.of(1), 0x20_2abc).map(|(pa, _)| pa), Some(0x8000_0abc));
    }

    #[test]
    fn fences_reach_what_is_in_scope() {
        let fenced = |address, id| {
            let mut cache = cache();
            cache.fence(FenceScope { address, id });
            holds(&cache)
        };
        assert_eq!(fenced(None, None), [false; 2]);
        assert_eq!(fenced(None, Some(1)), [false, true]);
        assert_eq!(fenced(Some(0x3f_f000), None), [false; 2], "anywhere in the large page");
        assert_eq!(fenced(Some(0x40_0000), None), [true; 2]);
        assert_eq!(fenced(Some(0x20_0000), Some(2)), [true, false]);
    }
}
