//! A virtual machine's memory: slots of user memory, and the G-stage tables that map what has been touched of them.
//!
//! All of it is under the machine's lock. What takes long, finding the memory behind a user address, is done without it;
//! [`Memory::is_current`] tells whether what was found may be believed. Privileged ISA, "Guest-Page Faults".

use alloc::vec::Vec;
use core::ops::Range;

use isa::paging::{PAGE_SIZE, Pte, Scheme};
use kvm::Errno;
use kvm::ioctl::{DIRTY_LOG_INITIALLY_SET, DIRTY_LOG_MANUAL_PROTECT_ENABLE, IoEventFd, UserMemoryRegion};

use crate::addr::{Gpa, Hpa, Hva};
use crate::gstage::{Change, Flush, GStage, Permissions, TableCache, Tables};
use crate::hart::{Hart, RemoteFence};
use crate::host::{Host, Resolved};
use crate::local::Local;
use crate::memslot::{Slot, SlotChange, Slots};
use crate::museum::{Mistake, is_repeated};
use crate::vcpu::Vcpu;
use crate::vm::Vm;

/// Page-table pages that one mapping can need at most.
const MOST_TABLES: usize = 4;

/// Slots and tables.
#[derive(Debug)]
pub(crate) struct Memory {
    pub(crate) slots: Slots,
    pub(crate) gstage: GStage,
    /// How many times user memory has been taken away from under the slots.
    pub(crate) invalidations: u64,
    /// How many such changes are under way.
    pub(crate) invalidating: u64,
    /// How logs are cleared: `KVM_DIRTY_LOG_*`.
    pub(crate) manual: u64,
}

/// What a fault has led to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Mapped {
    /// The guest can try again: the page is mapped, or has to be faulted in once more.
    Done,
    /// The guest has no memory there that it may access so.
    NoMemory,
}

/// What a fault needs to know of its slot while the lock is not held.
struct Wanted {
    hva: Hva,
    /// Whether the memory must be found for a store.
    write: bool,
    /// Whether the guest may ever store there.
    writable: bool,
    invalidations: u64,
}

impl Memory {
    /// Memory without slots, translated by `scheme`.
    pub(crate) fn new(tables: &impl Tables, scheme: &'static Scheme) -> Result<Memory, Errno> {
        let gstage = GStage::new(tables, scheme).map_err(|_| Errno::ENOMEM)?;
        Ok(Memory { slots: Slots::default(), gstage, invalidations: 0, invalidating: 0, manual: 0 })
    }

    /// The user address behind a guest physical address, and how many bytes on from there are behind it in a row.
    pub(crate) fn user_address(&self, gpa: Gpa) -> Option<(Hva, u64)> {
        let slot = self.slots.find(gpa)?;
        Some((slot.hva_of(gpa), slot.range().end.0 - gpa.0))
    }

    /// The same, where the guest may write.
    pub(crate) fn writable_user_address(&self, gpa: Gpa) -> Option<(Hva, u64)> {
        self.slots.find(gpa).filter(|slot| !slot.is_read_only())?;
        self.user_address(gpa)
    }

    /// Logs what has been written.
    pub(crate) fn mark_dirty(&self, gpa: Gpa, size: u64) {
        let mut at = gpa.page();
        while at.0 < gpa.0.saturating_add(size) {
            if let Some(slot) = self.slots.find(at) {
                slot.mark_dirty(at);
            }
            at = at.offset(PAGE_SIZE);
        }
    }

    /// Whether the tables map an address, for a store where `write`, so that no hart faults: one that leaves A to software
    /// does for a page that has been aged.
    pub(crate) fn is_mapped(&self, tables: &impl Tables, gpa: Gpa, write: bool) -> bool {
        let leaf = self.gstage.lookup(tables, gpa).leaf;
        leaf.is_some_and(|leaf| Pte::A.is_set(leaf.0) && (!write || Pte::W.is_set(leaf.0)))
    }

    /// Whether what was found behind a user address when there had been so many invalidations is still there.
    fn is_current(&self, invalidations: u64) -> bool {
        self.invalidating == 0 && self.invalidations == invalidations
    }

    /// What a fault at an address asks for; `None` where there is no memory that may be accessed so.
    fn wanted(&self, gpa: Gpa, write: bool) -> Option<Wanted> {
        let slot = self.slots.find(gpa)?;
        if write && slot.is_read_only() {
            return None;
        }
        Some(Wanted {
            hva: slot.hva_of(gpa),
            write,
            writable: !slot.is_read_only(),
            invalidations: self.invalidations,
        })
    }

    /// Gives the tables back.
    pub(crate) fn destroy(&mut self, tables: &impl Tables) {
        self.gstage.destroy(tables);
    }
}

impl Vcpu {
    /// Maps the page of the guest's memory at an address, so that the guest can access it as it wanted to.
    ///
    /// # Errors
    /// `EFAULT` where user space has no memory there; `ENOMEM` where there is none for page tables; `EINTR`.
    pub(crate) fn map<H: Hart, M: Host>(
        &mut self,
        local: &mut Local<H>,
        host: &M,
        gpa: Gpa,
        write: bool,
    ) -> Result<Mapped, Errno> {
        let vm = self.vm.clone();
        self.tables.fill(host, MOST_TABLES).map_err(|_| Errno::ENOMEM)?;
        let Some(wanted) = vm.memory.lock().wanted(gpa, write) else { return Ok(Mapped::NoMemory) };
        let page = host.resolve(wanted.hva, wanted.write)?;
        let mut memory = vm.memory.lock();
        if !memory.is_current(wanted.invalidations) {
            drop(memory);
            if !is_repeated(Mistake::B7) {
                host.release(page, false);
            }
            return Ok(Mapped::Done);
        }
        // The slots have not changed either: whoever changes them takes their memory away.
        let Some(slot) = memory.slots.find(gpa) else {
            drop(memory);
            host.release(page, false);
            return Ok(Mapped::Done);
        };
        // A page that has not been written is mapped for reading while writes are logged.
        let writable = wanted.writable && page.writable && (write || !slot.is_logged());
        let level = level(slot, gpa, page);
        if writable {
            slot.mark_dirty(gpa);
        }
        let size = vm.gstage_scheme().page_size(level);
        let (first, hpa) = (Gpa(gpa.0 & !(size - 1)), Hpa(page.hpa.0 & !(size - 1)));
        let permissions = Permissions { write: writable };
        let change = memory.gstage.map(host, &mut self.tables, first, hpa, level, permissions);
        drop(memory);
        let result = match change {
            Ok(change) => {
                // The hart may have cached that nothing is mapped there.
                local.hart.hfence_gvma(Some(gpa.page()), Some(vm.vmid.number()));
                vm.finish(local, host, change);
                Ok(Mapped::Done)
            }
            Err(_) => Err(Errno::ENOMEM),
        };
        host.release(page, writable);
        result
    }
}

/// The level of the page to be mapped at an address: as large as slot and memory allow, and the smallest while writes are
/// logged.
fn level(slot: &Slot, gpa: Gpa, page: Resolved) -> u32 {
    if slot.is_logged() && !is_repeated(Mistake::B5) { 0 } else { slot.largest_level(gpa).min(page.level) }
}

impl Vm {
    /// How the machine's addresses are translated.
    pub(crate) fn gstage_scheme(&self) -> &'static Scheme {
        self.hypervisor.features.gstage
    }

    /// Makes every hart forget what it has cached of a range of guest physical addresses.
    fn fence<H: Hart>(&self, local: &mut Local<H>, flush: Option<Flush>) {
        let Some(Flush { start, end }) = flush else { return };
        let (vmid, size) = (self.vmid.number(), end.0 - start.0);
        local.fence_guest(vmid, start, size);
        local.hart.remote_fence(RemoteFence::Guest { vmid, start, size });
    }

    /// Fences what has been changed, and frees the tables that have been taken away.
    fn finish<H: Hart>(&self, local: &mut Local<H>, tables: &impl Tables, change: Change) {
        self.fence(local, change.flush);
        local.hart.note_entries(change.written);
        change.free(self.gstage_scheme(), tables);
    }

    /// Makes, changes or takes away a region of memory: `KVM_SET_USER_MEMORY_REGION`. Guests may run meanwhile.
    ///
    /// # Errors
    /// As [`Slots::set`].
    pub fn set_user_memory_region<H: Hart>(
        &self,
        local: &mut Local<H>,
        tables: &impl Tables,
        region: &UserMemoryRegion,
    ) -> Result<(), Errno> {
        let mut memory = self.memory.lock();
        let Memory { slots, gstage, invalidations, manual, .. } = &mut *memory;
        let all_dirty = *manual & DIRTY_LOG_INITIALLY_SET != 0;
        let change = match slots.set(region, gstage.limit(), all_dirty)? {
            SlotChange::None => return Ok(()),
            SlotChange::Unmap(range) => {
                // What a fault has found meanwhile is the old slot's.
                *invalidations += 1;
                gstage.unmap_range(tables, range)
            }
            // With every page logged at first, writes are to be known when the log has been cleared.
            SlotChange::LogStarts(_) if all_dirty => return Ok(()),
            SlotChange::LogStarts(range) => {
                *invalidations += 1;
                gstage.write_protect_range(tables, range)
            }
            SlotChange::LogEnds(range) => gstage.make_room_for_large_pages(tables, range),
        };
        drop(memory);
        self.finish(local, tables, change);
        Ok(())
    }

    /// Turns on that reading a log clears nothing, and that logs begin with every page: `KVM_ENABLE_CAP` with
    /// `KVM_CAP_MANUAL_DIRTY_LOG_PROTECT2`.
    ///
    /// # Errors
    /// `EINVAL` for what is not known, or the second without the first.
    pub fn set_manual_dirty_log(&self, flags: u64) -> Result<(), Errno> {
        let known = DIRTY_LOG_MANUAL_PROTECT_ENABLE | DIRTY_LOG_INITIALLY_SET;
        if flags & !known != 0 || flags == DIRTY_LOG_INITIALLY_SET {
            return Err(Errno::EINVAL);
        }
        self.memory.lock().manual = flags;
        Ok(())
    }

    /// How many words the log of a slot has.
    ///
    /// # Errors
    /// As [`Slots::log`].
    pub fn dirty_log_words(&self, slot: u32) -> Result<usize, Errno> {
        self.memory.lock().slots.log(slot).map(|(_, dirty)| dirty.word_count())
    }

    /// Which pages of a slot have been written since the last time, a bit for each: `KVM_GET_DIRTY_LOG`.
    ///
    /// Before this returns, no hart can write any of them without its being logged again; unless
    /// [clearing](Vm::set_manual_dirty_log) is a call of its own.
    ///
    /// # Errors
    /// As [`Slots::log`]; and `EINVAL` where `log` has not as many words as the slot's log.
    pub fn get_dirty_log<H: Hart>(
        &self,
        local: &mut Local<H>,
        tables: &impl Tables,
        slot: u32,
        log: &mut [u64],
    ) -> Result<(), Errno> {
        let mut taken = Vec::new();
        taken.try_reserve_exact(log.len()).map_err(|_| Errno::ENOMEM)?;
        let mut memory = self.memory.lock();
        let is_manual = memory.manual != 0;
        let (base, dirty) = memory.slots.log(slot)?;
        if is_manual {
            return dirty.read(log);
        }
        dirty.take(log, |pages| taken.push(pages))?;
        let change = memory.protect_pages(tables, base, taken);
        drop(memory);
        self.finish(local, tables, change);
        Ok(())
    }

    /// Forgets that pages of a slot have been written: `count` from `first` on, by the bits of `log`:
    /// `KVM_CLEAR_DIRTY_LOG`.
    ///
    /// # Errors
    /// As [`Slots::log`] and [`Dirty::clear`](crate::dirty::Dirty::clear); and `EINVAL` where reading clears.
    pub fn clear_dirty_log<H: Hart>(
        &self,
        local: &mut Local<H>,
        tables: &impl Tables,
        slot: u32,
        first: u64,
        count: u64,
        log: &[u64],
    ) -> Result<(), Errno> {
        let mut cleared = Vec::new();
        cleared.try_reserve_exact(log.len()).map_err(|_| Errno::ENOMEM)?;
        let mut memory = self.memory.lock();
        if memory.manual == 0 {
            return Err(Errno::EINVAL);
        }
        let (base, dirty) = memory.slots.log(slot)?;
        dirty.clear(first, count, log, |pages| cleared.push(pages))?;
        let change = memory.protect_pages(tables, base, cleared);
        drop(memory);
        self.finish(local, tables, change);
        Ok(())
    }

    /// Learns that the memory behind a range of user addresses is about to be used for something else: an MMU notifier's
    /// beginning. When this returns, no guest can reach it; and none will find it until the [end](Vm::invalidate_end).
    pub fn invalidate_begin<H: Hart>(&self, local: &mut Local<H>, tables: &impl Tables, range: Range<Hva>) {
        let mut memory = self.memory.lock();
        memory.invalidating += 1;
        memory.invalidations += 1;
        let mut change = Change::default();
        let Memory { slots, gstage, .. } = &mut *memory;
        for guest in slots.by_user_address(range) {
            change.add(tables, gstage.unmap_range(tables, guest));
        }
        drop(memory);
        self.finish(local, tables, change);
    }

    /// Learns that a range of user addresses has its new memory: an MMU notifier's end, one for each beginning.
    pub fn invalidate_end(&self) {
        let mut memory = self.memory.lock();
        memory.invalidations += 1;
        memory.invalidating = memory.invalidating.saturating_sub(1);
    }

    /// Gives the guest memory of the host's that is no user's, as of a device: `size` bytes at `gpa`, which no slot has.
    ///
    /// # Errors
    /// `EINVAL` for what does not begin and end at pages or cannot be translated; `EEXIST` where a slot has any of it,
    /// or something is mapped there; `ENOMEM`. What has been mapped until then can be taken back by [`iounmap`](Vm::iounmap).
    pub fn ioremap<H: Hart>(
        &self,
        local: &mut Local<H>,
        tables: &impl Tables,
        gpa: Gpa,
        hpa: Hpa,
        size: u64,
        write: bool,
    ) -> Result<(), Errno> {
        let end = gpa.0.checked_add(size).ok_or(Errno::EINVAL)?;
        if (gpa.0 | hpa.0 | size) & (PAGE_SIZE - 1) != 0 || end > 1 << self.gstage_scheme().address_bits() {
            return Err(Errno::EINVAL);
        }
        let mut cache = TableCache::default();
        let mut mapped = Ok(());
        for offset in (0..size).step_by(PAGE_SIZE as usize) {
            let page = gpa.offset(offset);
            mapped = cache.fill(tables, MOST_TABLES).map_err(|_| Errno::ENOMEM);
            mapped = mapped.and_then(|()| {
                let mut memory = self.memory.lock();
                if memory.slots.find(page).is_some() || memory.is_mapped(tables, page, false) {
                    return Err(Errno::EEXIST);
                }
                let permissions = Permissions { write };
                let hpa = hpa.offset(offset);
                let change = memory.gstage.map(tables, &mut cache, page, hpa, 0, permissions);
                drop(memory);
                let change = change.map_err(|_| Errno::EINVAL)?;
                local.hart.hfence_gvma(Some(page), Some(self.vmid.number()));
                self.finish(local, tables, change);
                Ok(())
            });
            if mapped.is_err() {
                break;
            }
        }
        cache.drain(tables);
        mapped
    }

    /// Takes back what [`ioremap`](Vm::ioremap) has given.
    pub fn iounmap<H: Hart>(&self, local: &mut Local<H>, tables: &impl Tables, range: Range<Gpa>) {
        let change = self.memory.lock().gstage.unmap_range(tables, range);
        self.finish(local, tables, change);
    }

    /// Whether the guest has accessed memory behind a range of user addresses since this was last asked; what it accesses
    /// from now on counts the next time, where `clear`.
    pub fn age(&self, tables: &impl Tables, range: Range<Hva>, clear: bool) -> bool {
        let mut memory = self.memory.lock();
        let Memory { slots, gstage, .. } = &mut *memory;
        slots.by_user_address(range).fold(false, |young, guest| {
            young | if clear { gstage.age_range(tables, guest) } else { gstage.is_young(tables, guest) }
        })
    }

    /// Has stores of the guest's told by a count of the host's, or no longer: `KVM_IOEVENTFD`.
    ///
    /// # Errors
    /// As [`IoEventFds::set`].
    pub fn ioeventfd(&self, wanted: &IoEventFd, event: u64) -> Result<(), Errno> {
        self.events.lock().set(wanted, event)
    }

    /// Tells a store, if somebody wants to be told; says whether.
    pub(crate) fn notify_store(&self, host: &impl Host, address: Gpa, length: u32, value: u64) -> bool {
        let event = self.events.lock().find(address.0, length, value).copied();
        event.inspect(|event| host.signal(*event)).is_some()
    }
}

impl Memory {
    /// Takes the permission to write from pages of a slot that begins at `base`.
    fn protect_pages(&mut self, tables: &impl Tables, base: Gpa, pages: Vec<Range<u64>>) -> Change {
        let mut change = Change::default();
        for Range { start, end } in pages {
            let range = base.offset(start * PAGE_SIZE)..base.offset(end * PAGE_SIZE);
            change.add(tables, self.gstage.write_protect_range(tables, range));
        }
        // What a fault has found meanwhile may be mapped for reading alone.
        self.invalidations += 1;
        change
    }
}

#[cfg(test)]
mod tests;
