//! Where blocks are kept: one stretch of memory that is filled from its start and emptied as a whole.

use memmap2::{MmapOptions, MmapRaw};

use super::op::Op;

/// The stretch's size in slots: code of a few million instructions.
const SLOTS: usize = 4 << 20;

/// Slots of one size, by number.
pub(super) struct Arena {
    /// Reserved address space; the host provides memory for what is written.
    map: Option<MmapRaw>,
    used: usize,
}

impl Arena {
    /// An empty arena; one without room where the host has no address space to give.
    pub(super) fn new() -> Arena {
        let map = MmapOptions::new().len(SLOTS * size_of::<Op>()).no_reserve_swap().map_anon();
        Arena { map: map.ok().map(MmapRaw::from), used: 0 }
    }

    /// Where slot 0 is.
    pub(super) fn start(&self) -> *mut Op {
        self.map.as_ref().map_or(std::ptr::null_mut(), |map| map.as_mut_ptr().cast())
    }

    /// Takes `slots` slots and returns the number of the first; `None` where there are not so many left.
    pub(super) fn take(&mut self, slots: usize) -> Option<u32> {
        let room = if self.map.is_some() { SLOTS } else { 0 };
        let first = self.used;
        self.used = first.checked_add(slots).filter(|used| *used <= room)?;
        Some(first as u32)
    }

    /// Gives back all slots from number `used` on.
    pub(super) fn truncate(&mut self, used: usize) {
        self.used = used;
    }
}
