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

/// How many pages a slot can have: `KVM_MEM_MAX_NR_PAGES`, so that they can be counted in an `int`.
pub const MOST_PAGES: u64 = (1 << 31) - 1;

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
        range(&self.region)
    }

    /// How many pages it has.
    pub fn pages(&self) -> u64 {
        self.region.memory_size / PAGE_SIZE
    }

    /// The region as user space has described it.
    pub fn region(&self) -> &UserMemoryRegion {
        &self.region
    }

    /// The user address behind one of its addresses.
    pub fn hva_of(&self, gpa: Gpa) -> Hva {
        Hva(self.region.userspace_addr).offset(gpa.0.wrapping_sub(self.region.guest_phys_addr))
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
    pub fn dirty(&self) -> Option<&Dirty> {
        self.dirty.as_ref()
    }

    /// Logs that the page at one of its addresses has been written.
    pub fn mark_dirty(&self, gpa: Gpa) {
        if let Some(dirty) = &self.dirty {
            dirty.mark(gpa.0.wrapping_sub(self.region.guest_phys_addr) / PAGE_SIZE);
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
    /// `EINVAL` for what no region can be, or this one cannot become; `EEXIST` where it would overlap another; `EFAULT`
    /// beyond the limit; `ENOMEM`. Nothing has changed then.
    pub fn set(
        &mut self,
        region: &UserMemoryRegion,
        limit: Gpa,
        all_dirty: bool,
    ) -> Result<SlotChange, Errno> {
        check(region)?;
        let old = self.position(region.slot);
        if region.memory_size == 0 {
            let old = self.slots.remove(old.ok_or(Errno::EINVAL)?);
            return Ok(SlotChange::Unmap(old.range()));
        }
        if old.is_some_and(|index| !can_become(&self.slots[index].region, region)) {
            return Err(Errno::EINVAL);
        }
        let range = range(region);
        let overlaps = |slot: &Slot| slot.range().start < range.end && range.start < slot.range().end;
        if self.slots.iter().any(|slot| slot.number() != region.slot && overlaps(slot)) {
            return Err(Errno::EEXIST);
        }
        // The last page is a page like any other.
        if limit < range.end {
            return Err(Errno::EFAULT);
        }
        match old {
            Some(index) => self.change(index, region, all_dirty),
            None => self.create(region, all_dirty),
        }
    }

    fn create(&mut self, region: &UserMemoryRegion, all_dirty: bool) -> Result<SlotChange, Errno> {
        self.slots.try_reserve(1).map_err(|_| Errno::ENOMEM)?;
        let slot = Slot { region: *region, dirty: new_log(region, all_dirty)? };
        let at = self.slots.partition_point(|other| other.range().start < slot.range().start);
        self.slots.insert(at, slot);
        Ok(SlotChange::None)
    }

    fn change(
        &mut self,
        index: usize,
        region: &UserMemoryRegion,
        all_dirty: bool,
    ) -> Result<SlotChange, Errno> {
        let slot = &mut self.slots[index];
        let log = region.flags & UserMemoryRegion::LOG_DIRTY_PAGES != 0;
        let before = slot.range();
        let starts = log && !slot.is_logged();
        let ends = !log && slot.is_logged();
        // A log goes on where the slot moves.
        let dirty = if starts { new_log(region, all_dirty)? } else { None };
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
        let next = self.slots.partition_point(|slot| slot.range().start <= gpa);
        self.slots.get(next.checked_sub(1)?).filter(|slot| slot.range().contains(&gpa))
    }

    /// The slot with a number.
    pub fn get(&self, number: u32) -> Option<&Slot> {
        self.slots.get(self.position(number)?)
    }

    /// The log of the slot with a number, and where its first page is.
    ///
    /// # Errors
    /// `EINVAL` where no slot can have the number; `ENOENT` where none has, or nothing is logged.
    pub fn log(&self, number: u32) -> Result<(Gpa, &Dirty), Errno> {
        if number >= MOST_SLOTS {
            return Err(Errno::EINVAL);
        }
        let slot = self.get(number).ok_or(Errno::ENOENT)?;
        Ok((slot.range().start, slot.dirty().ok_or(Errno::ENOENT)?))
    }

    /// The slots, in the order of their addresses.
    pub fn iter(&self) -> impl Iterator<Item = &Slot> {
        self.slots.iter()
    }

    /// The pages in which the guest sees what lies in a range of user addresses, all those of which a byte does: several
    /// slots can have the same memory.
    pub fn by_user_address(&self, range: Range<Hva>) -> impl Iterator<Item = Range<Gpa>> {
        self.slots.iter().filter_map(move |slot| {
            let (first, size) = (slot.region.userspace_addr, slot.region.memory_size);
            let start = range.start.0.max(first);
            let end = range.end.0.min(first + size);
            let page = |address: u64| slot.range().start.offset(address - first);
            // A slot begins and ends where pages do, so that rounding does not lead out of it.
            (start < end).then(|| page(start).page()..page(end.next_multiple_of(PAGE_SIZE)))
        })
    }

    fn position(&self, number: u32) -> Option<usize> {
        self.slots.iter().position(|slot| slot.number() == number)
    }
}

/// Refuses what no region can be.
fn check(region: &UserMemoryRegion) -> Result<(), Errno> {
    let UserMemoryRegion { slot, flags, guest_phys_addr, memory_size, userspace_addr } = *region;
    let known = UserMemoryRegion::LOG_DIRTY_PAGES | UserMemoryRegion::READONLY;
    let is_aligned = (guest_phys_addr | memory_size | userspace_addr) & (PAGE_SIZE - 1) == 0;
    let is_user = userspace_addr.checked_add(memory_size).is_some_and(|end| end <= USER_END);
    let is_guest = guest_phys_addr.checked_add(memory_size).is_some();
    // The upper half of the number is that of an address space, of which there is one.
    let is_region = slot < MOST_SLOTS && flags & !known == 0 && memory_size / PAGE_SIZE <= MOST_PAGES;
    if is_region && is_aligned && is_user && is_guest { Ok(()) } else { Err(Errno::EINVAL) }
}

/// Whether a slot can be changed so: it can move, and be logged or not.
fn can_become(old: &UserMemoryRegion, new: &UserMemoryRegion) -> bool {
    (old.flags ^ new.flags) & UserMemoryRegion::READONLY == 0
        && old.memory_size == new.memory_size
        && old.userspace_addr == new.userspace_addr
}

/// Where the guest sees a region.
fn range(region: &UserMemoryRegion) -> Range<Gpa> {
    let start = Gpa(region.guest_phys_addr);
    start..start.offset(region.memory_size)
}

fn new_log(region: &UserMemoryRegion, all_dirty: bool) -> Result<Option<Dirty>, Errno> {
    if region.flags & UserMemoryRegion::LOG_DIRTY_PAGES == 0 {
        return Ok(None);
    }
    Dirty::new(region.memory_size / PAGE_SIZE, all_dirty).map(Some)
}

#[cfg(test)]
mod tests;
