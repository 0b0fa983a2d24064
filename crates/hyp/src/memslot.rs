//! Slots: which user memory a guest sees where. Linux, "The Definitive KVM API Documentation",
//! `KVM_SET_USER_MEMORY_REGION`.

use alloc::vec::Vec;
use core::ops::Range;

use isa::paging::PAGE_SIZE;
use kvm::Errno;
use kvm::ioctl::UserMemoryRegion;

use crate::addr::{Gpa, Hva};
use crate::dirty::Dirty;

/// How many slots a machine can have: `KVM_USER_MEM_SLOTS`.
pub const MOST_SLOTS: u32 = 32767;

/// User addresses lie below this: the lower half of Sv57.
const USER_END: u64 = 1 << 56;

/// The pages of the levels of a page table: how many bytes each has.
const SIZES: [u64; 3] = [PAGE_SIZE, PAGE_SIZE << 9, PAGE_SIZE << 18];

/// A slot.
#[derive(Debug)]
pub struct Slot {
    region: UserMemoryRegion,
    dirty: Option<Dirty>,
}

/// What the owner of the page tables has to do after a slot has changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SlotChange {
    /// Nothing.
    None,
    /// Take what is mapped of a range away.
    Unmap(Range<Gpa>),
    /// Take the permission to write away: writes are logged from now on.
    LogStarts(Range<Gpa>),
    /// Make room for large pages: writes are logged no longer.
    LogEnds(Range<Gpa>),
}

impl Slot {
    /// Its number.
    pub fn number(&self) -> u32 {
        self.region.slot
    }

    /// Where the guest sees it.
    pub fn range(&self) -> Range<Gpa> {
        let start = Gpa(self.region.guest_phys_addr);
        start..start.offset(self.region.memory_size)
    }

    /// How many pages it has.
    pub fn pages(&self) -> u64 {
        self.region.memory_size / PAGE_SIZE
    }

    /// The user address behind one of its addresses.
    pub fn hva_of(&self, gpa: Gpa) -> Hva {
        Hva(self.region.userspace_addr + (gpa.0 - self.region.guest_phys_addr))
    }

    /// Whether the guest may not store.
    pub fn is_read_only(&self) -> bool {
        self.region.flags & UserMemoryRegion::READONLY != 0
    }

    /// Whether it is known which pages are written.
    pub fn is_logged(&self) -> bool {
        self.dirty.is_some()
    }

    /// Which pages have been written.
    pub fn dirty(&mut self) -> Option<&mut Dirty> {
        self.dirty.as_mut()
    }

    /// Logs that the page at one of its addresses has been written.
    pub fn mark_dirty(&mut self, gpa: Gpa) {
        if let Some(dirty) = &mut self.dirty {
            dirty.mark((gpa.0 - self.region.guest_phys_addr) / PAGE_SIZE);
        }
    }

    /// The level of the largest page around an address that lies in the slot entirely, at the same place within such a page
    /// for the user as for the guest.
    pub fn largest_level(&self, gpa: Gpa) -> u32 {
        let Range { start, end } = self.range();
        let fits = |size: u64| {
            let first = gpa.0 & !(size - 1);
            let is_aligned = (self.region.guest_phys_addr ^ self.region.userspace_addr) & (size - 1) == 0;
            is_aligned && start.0 <= first && first.checked_add(size).is_some_and(|next| next <= end.0)
        };
        SIZES.into_iter().rposition(fits).unwrap_or(0) as u32
    }
}

/// The slots of a machine, by their guest physical addresses.
#[derive(Default, Debug)]
pub struct Slots {
    slots: Vec<Slot>,
}

impl Slots {
    /// Makes, changes or takes away a slot; addresses from `limit` on cannot be translated. With `all_dirty`, a log begins
    /// with every page.
    ///
    /// # Errors
    /// `EINVAL`, `EEXIST` where it would overlap another, `EFAULT` beyond the limit, `ENOMEM`; nothing has changed then.
    pub fn set(&mut self, region: &UserMemoryRegion, limit: Gpa, all_dirty: bool) -> Result<SlotChange, Errno> {
        check(region)?;
        let old = self.slots.iter().position(|slot| slot.number() == region.slot);
        if region.memory_size == 0 {
            let old = self.slots.remove(old.ok_or(Errno::EINVAL)?);
            return Ok(SlotChange::Unmap(old.range()));
        }
        let range = Slot { region: *region, dirty: None }.range();
        // The last page is a page like any other.
        if range.end.0 > limit.0 {
            return Err(Errno::EFAULT);
        }
        let overlaps = |slot: &Slot| slot.range().start < range.end && range.start < slot.range().end;
        if self.slots.iter().any(|slot| slot.number() != region.slot && overlaps(slot)) {
            return Err(Errno::EEXIST);
        }
        let Some(index) = old else {
            self.slots.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
            let at = self.slots.partition_point(|slot| slot.range().start < range.start);
            let dirty = new_log(region, all_dirty)?;
            self.slots.insert(at, Slot { region: *region, dirty });
            return Ok(SlotChange::None);
        };
        self.change(index, region, all_dirty)
    }

    fn change(
        &mut self,
        index: usize,
        region: &UserMemoryRegion,
        all_dirty: bool,
    ) -> Result<SlotChange, Errno> {
        let old = &self.slots[index];
        let differs = (old.region.flags ^ region.flags) & UserMemoryRegion::READONLY != 0
            || old.region.memory_size != region.memory_size
            || old.region.userspace_addr != region.userspace_addr;
        if differs {
            return Err(Errno::EINVAL);
        }
        let log = region.flags & UserMemoryRegion::LOG_DIRTY_PAGES != 0;
        let before = old.range();
        let starts = log && !old.is_logged();
        let ends = !log && old.is_logged();
        let dirty = if starts { new_log(region, all_dirty)? } else { None };
        let slot = &mut self.slots[index];
        if starts || ends {
            slot.dirty = dirty;
        }
        slot.region = *region;
        let range = slot.range();
        if before != range {
            self.slots.sort_unstable_by_key(|slot| slot.range().start);
            return Ok(SlotChange::Unmap(before));
        }
        Ok(match (starts, ends) {
            (true, _) => SlotChange::LogStarts(range),
            (_, true) => SlotChange::LogEnds(range),
            _ => SlotChange::None,
        })
    }

    /// The slot with an address.
    pub fn find(&self, gpa: Gpa) -> Option<&Slot> {
        self.slots.get(self.index(gpa)?)
    }

    /// The slot with an address, to be changed.
    pub fn find_mut(&mut self, gpa: Gpa) -> Option<&mut Slot> {
        let index = self.index(gpa)?;
        self.slots.get_mut(index)
    }

    /// The slot with a number.
    pub fn get_mut(&mut self, number: u32) -> Option<&mut Slot> {
        self.slots.iter_mut().find(|slot| slot.number() == number)
    }

    /// Where the guest sees what lies in a range of user addresses: several slots can have the same memory.
    pub fn by_user_address(&self, range: Range<Hva>) -> impl Iterator<Item = Range<Gpa>> {
        self.slots.iter().filter_map(move |slot| {
            let (first, size) = (slot.region.userspace_addr, slot.region.memory_size);
            let start = range.start.0.max(first);
            let end = range.end.0.min(first + size);
            let base = slot.range().start;
            (start < end).then(|| base.offset(start - first)..base.offset(end - first))
        })
    }

    fn index(&self, gpa: Gpa) -> Option<usize> {
        let next = self.slots.partition_point(|slot| slot.range().start <= gpa);
        let index = next.checked_sub(1)?;
        self.slots[index].range().contains(&gpa).then_some(index)
    }
}

/// Refuses what no region can be.
fn check(region: &UserMemoryRegion) -> Result<(), Errno> {
    let UserMemoryRegion { slot, flags, guest_phys_addr, memory_size, userspace_addr } = *region;
    let known = UserMemoryRegion::LOG_DIRTY_PAGES | UserMemoryRegion::READONLY;
    let is_aligned = (guest_phys_addr | memory_size | userspace_addr) & (PAGE_SIZE - 1) == 0;
    let user_end = userspace_addr.checked_add(memory_size).filter(|end| *end <= USER_END);
    let guest_end = guest_phys_addr.checked_add(memory_size);
    if slot >= MOST_SLOTS || flags & !known != 0 || !is_aligned || user_end.is_none() || guest_end.is_none() {
        return Err(Errno::EINVAL);
    }
    Ok(())
}

fn new_log(region: &UserMemoryRegion, all_dirty: bool) -> Result<Option<Dirty>, Errno> {
    if region.flags & UserMemoryRegion::LOG_DIRTY_PAGES == 0 {
        return Ok(None);
    }
    Dirty::new(region.memory_size / PAGE_SIZE, all_dirty).map(Some)
}

#[cfg(test)]
mod tests;
