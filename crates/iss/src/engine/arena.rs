//! Where blocks are kept: one stretch of memory that is filled from its start and emptied as a whole.
//!
//! Most code of a guest runs once, when it boots. So the room is small to begin with, and becomes larger where it turns
//! out that the guest goes on executing more code than there is room for.

use memmap2::{MmapOptions, MmapRaw};

use super::op::Op;

/// The stretch's size in slots: code of a few million instructions.
const SLOTS: usize = 4 << 20;

/// The room to begin with, in slots.
const FIRST_ROOM: usize = 256 << 10;

/// Slots of one size, by number.
pub(super) struct Arena {
    /// Reserved address space; the host provides memory for what is written.
    map: Option<MmapRaw>,
    used: usize,
    /// How many slots may be used.
    room: usize,
}

impl Arena {
    /// An empty arena; one without room where the host has no address space to give.
    pub(super) fn new() -> Arena {
        let map = MmapOptions::new().len(SLOTS * size_of::<Op>()).no_reserve_swap().map_anon();
        let room = if map.is_ok() { FIRST_ROOM } else { 0 };
        Arena { map: map.ok().map(MmapRaw::from), used: 0, room }
    }

    /// Where slot 0 is.
    pub(super) fn start(&self) -> *mut Op {
        self.map.as_ref().map_or(std::ptr::null_mut(), |map| map.as_mut_ptr().cast())
    }

    /// Takes `slots` slots and returns the number of the first; `None` where there are not so many left.
    pub(super) fn take(&mut self, slots: usize) -> Option<u32> {
        let first = self.used;
        self.used = first.checked_add(slots).filter(|used| *used <= self.room)?;
        Some(first as u32)
    }

    /// How many slots may be used.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// Makes twice as much room, as far as there is any.
    pub(super) fn grow(&mut self) {
        self.room = (2 * self.room).min(SLOTS);
    }

    /// Gives back all slots from number `used` on.
    pub(super) fn truncate(&mut self, used: usize) {
        self.used = used;
    }
}
