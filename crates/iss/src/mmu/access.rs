//! Loads, stores, atomics and fetches: translation, protection, and the access itself.
//!
//! Misaligned loads and stores to main memory are one access that either happens or faults as a whole, or,
//! on a hart that does not do them, an address-misaligned exception; misaligned atomics and misaligned
//! accesses to I/O regions always trap.

use std::{iter, mem};

use isa::paging::PAGE_SIZE;
use isa::{Inst, tinst};

use super::walk::Walker;
use super::{Access, Fault};
use crate::bus::{CACHE_BLOCK_SIZE, Width};
use crate::event::Event;
use crate::exec::Cpu;
use crate::observe::{AccessKind, MemoryAccess, Observer};
use crate::trap::Trap;
use crate::variant::{Misaligned, MisalignedAtomic};

/// A part of an access that lies in one page.
#[derive(Clone, Copy)]
struct Part {
    va: u64,
    pa: u64,
    /// Where it starts in the access.
    offset: u64,
    bytes: u64,
}

/// The parts of an access: one, or two where it crosses a page.
#[derive(Clone, Copy)]
struct Parts {
    first: Part,
    second: Option<Part>,
}

impl Parts {
    fn iter(self) -> impl Iterator<Item = Part> {
        iter::once(self.first).chain(self.second)
    }
}

impl<O: Observer> Cpu<'_, O> {
    /// Loads a zero-extended value for instruction `i` from `va`.
    pub(crate) fn load(&mut self, i: &Inst, va: u64, width: Width) -> Result<u64, Trap> {
        self.load_by(i, &self.hart.explicit(AccessKind::Load), va, width)
    }

    /// Stores the low bits of `value` for instruction `i` at `va`.
    pub(crate) fn store(&mut self, i: &Inst, va: u64, width: Width, value: u64) -> Result<(), Trap> {
        self.store_by(i, &self.hart.explicit(AccessKind::Store), va, width, value)
    }

    /// As [`load`](Self::load), in a mode that the caller has chosen.
    pub(crate) fn load_by(&mut self, i: &Inst, access: &Access, va: u64, width: Width) -> Result<u64, Trap> {
        let parts = self.resolve(i, access, va, width)?;
        let mut value = 0;
        for part in parts.iter() {
            let bits = self.load_physical(part.pa, part.bytes);
            let bits = bits.ok_or_else(|| trap_at(i, access, Fault::Access, part.va, part.offset))?;
            value |= bits << (8 * part.offset);
        }
        self.completed(access.kind, parts, width, value);
        Ok(value)
    }

    /// As [`store`](Self::store), in a mode that the caller has chosen.
    pub(crate) fn store_by(
        &mut self,
        i: &Inst,
        access: &Access,
        va: u64,
        width: Width,
        value: u64,
    ) -> Result<(), Trap> {
        let value = value & width.mask();
        let parts = self.resolve(i, access, va, width)?;
        for part in parts.iter() {
            let stored = self.store_physical(part.pa, part.bytes, value >> (8 * part.offset));
            stored.ok_or_else(|| trap_at(i, access, Fault::Access, part.va, part.offset))?;
        }
        self.completed(access.kind, parts, width, value);
        Ok(())
    }

    /// The physical address for an atomic instruction: aligned, in main memory, and permitted.
    pub(crate) fn resolve_atomic(
        &mut self,
        i: &Inst,
        kind: AccessKind,
        va: u64,
        bytes: u64,
    ) -> Result<u64, Trap> {
        let access = self.hart.explicit(kind);
        let va = self.hart.masked(&access, va);
        if !va.is_multiple_of(bytes) {
            if !self.hart.variant().misaligned_first {
                self.resolve_parts(i, &access, va, bytes)?;
            }
            let fault = match self.hart.variant().misaligned_atomic {
                MisalignedAtomic::Address => Fault::Misaligned,
                MisalignedAtomic::Access => Fault::Access,
            };
            return Err(trap_at(i, &access, fault, va, 0));
        }
        let pa = self.physical(&access, va, bytes);
        let pa = pa.and_then(|pa| self.in_ram(pa, bytes));
        pa.map_err(|fault| trap_at(i, &access, fault, va, 0))
    }

    /// Tells of an atomic access that is done.
    pub(crate) fn completed_atomic(&mut self, kind: AccessKind, va: u64, pa: u64, width: Width, value: u64) {
        if kind != AccessKind::Load {
            self.watch(pa, width);
        }
        self.hart.count(event_of(kind));
        let va = self.hart.masked(&self.hart.explicit(kind), va);
        self.obs.access(self.hart, &MemoryAccess { kind, va, pa, width, value });
    }

    /// Checks all of the cache block around `va` for a cache-block management instruction `i`.
    pub(crate) fn manage_block(&mut self, i: &Inst, va: u64) -> Result<(), Trap> {
        let access = self.hart.explicit(AccessKind::Manage);
        let va = self.hart.masked(&access, va);
        let block = self.block(&access, va);
        block.map(drop).map_err(|fault| trap_at(i, &access, fault, va, 0))
    }

    /// Stores zeros to all of the cache block around `va` for instruction `i`.
    pub(crate) fn zero_block(&mut self, i: &Inst, va: u64) -> Result<(), Trap> {
        let access = self.hart.explicit(AccessKind::Store);
        let va = self.hart.masked(&access, va);
        let block = self.block(&access, va).and_then(|block| self.in_ram(block, CACHE_BLOCK_SIZE));
        let block = block.map_err(|fault| trap_at(i, &access, fault, va, 0))?;
        let width = Width::D;
        for offset in (0..CACHE_BLOCK_SIZE).step_by(8) {
            let (va, pa) = ((va & !(CACHE_BLOCK_SIZE - 1)) + offset, block + offset);
            self.store_physical(pa, width.bytes(), 0);
            self.obs.access(self.hart, &MemoryAccess { kind: access.kind, va, pa, width, value: 0 });
        }
        self.hart.count(event_of(access.kind));
        Ok(())
    }

    /// The physical address of the cache block around `va`. A fault is one at `va` itself.
    fn block(&mut self, access: &Access, va: u64) -> Result<u64, Fault> {
        let block = self.physical(access, va, 1)? & !(CACHE_BLOCK_SIZE - 1);
        let is_there =
            self.bus.ram().contains(block, CACHE_BLOCK_SIZE) || self.bus.has_device(block, CACHE_BLOCK_SIZE);
        if is_there && self.hart.pmp_permits(access, block, CACHE_BLOCK_SIZE) {
            Ok(block)
        } else {
            Err(Fault::Access)
        }
    }

    /// Fetches the instruction word at the program counter; of a 16-bit instruction at least the low half.
    ///
    /// Four aligned bytes are one access: they lie in one page and in one granule of memory protection.
    pub(crate) fn fetch(&mut self) -> Result<u32, Trap> {
        let access = self.hart.fetching();
        let pc = self.hart.pc();
        if pc.is_multiple_of(4) {
            return self.fetch_part(&access, pc, Width::W);
        }
        let low = self.fetch_part(&access, pc, Width::H)?;
        if low & 3 != 3 {
            return Ok(low);
        }
        Ok((self.fetch_part(&access, pc.wrapping_add(2), Width::H)? << 16) | low)
    }

    fn fetch_part(&mut self, access: &Access, va: u64, width: Width) -> Result<u32, Trap> {
        let trap = |fault: Fault| fault.trap(access, va, 0);
        let pa = self.physical(access, va, width.bytes()).map_err(trap)?;
        let value = self.bus.ram().load(pa, width).ok_or_else(|| trap(Fault::Access))?;
        self.obs.access(self.hart, &MemoryAccess { kind: access.kind, va, pa, width, value });
        Ok(value as u32)
    }

    /// Translates and checks all of an access before any of it is done.
    fn resolve(&mut self, i: &Inst, access: &Access, va: u64, width: Width) -> Result<Parts, Trap> {
        let va = self.hart.masked(access, va);
        let v = self.hart.variant();
        if va.is_multiple_of(width.bytes()) || v.misaligned == Misaligned::Hardware {
            return self.resolve_parts(i, access, va, width.bytes());
        }
        if !v.misaligned_first {
            self.resolve_parts(i, access, va, width.bytes())?;
        }
        Err(trap_at(i, access, Fault::Misaligned, va, 0))
    }

    fn resolve_parts(&mut self, i: &Inst, access: &Access, va: u64, size: u64) -> Result<Parts, Trap> {
        let misaligned = !va.is_multiple_of(size);
        let first = size.min(PAGE_SIZE - va % PAGE_SIZE);
        let mut part = |offset, bytes| {
            let va = self.hart.masked(access, va.wrapping_add(offset));
            let pa = self.physical(access, va, bytes);
            let pa = pa.and_then(|pa| if misaligned { self.in_ram(pa, bytes) } else { Ok(pa) });
            let pa = pa.map_err(|fault| trap_at(i, access, fault, va, offset))?;
            Ok(Part { va, pa, offset, bytes })
        };
        let rest = size - first;
        Ok(Parts { first: part(0, first)?, second: if rest == 0 { None } else { Some(part(first, rest)?) } })
    }

    fn in_ram(&self, pa: u64, bytes: u64) -> Result<u64, Fault> {
        if self.bus.ram().contains(pa, bytes) { Ok(pa) } else { Err(Fault::Access) }
    }

    /// Translates and checks `bytes` at `va`, which lie in one page.
    #[inline]
    fn physical(&mut self, access: &Access, va: u64, bytes: u64) -> Result<u64, Fault> {
        let pa = if self.hart.is_translated(access) { self.translate(access, va)? } else { va };
        if self.hart.pmp_permits(access, pa, bytes) { Ok(pa) } else { Err(Fault::Access) }
    }

    /// Translates `va`, which some stage does, by what is remembered of an earlier walk where that suffices.
    ///
    /// Never inlined, so that accesses that no stage translates do without its stack frame.
    #[inline(never)]
    fn translate(&mut self, access: &Access, va: u64) -> Result<u64, Fault> {
        let known = self.hart.tlb_lookup(access, va).filter(|known| known.is_dirty_enough(access));
        if let Some(known) = known {
            self.hart.leaves_permit(access, &known, va)?;
            return Ok(known.page | (va % PAGE_SIZE));
        }
        self.hart.count(Event::Walk);
        // Lent to the walker, which looks at the rest of the hart as well.
        let mut guest_cache = mem::take(&mut self.hart.guest_cache);
        let mut walker = Walker {
            hart: self.hart,
            ram: self.bus.ram(),
            obs: &mut self.obs,
            guest_cache: &mut guest_cache,
            probing: false,
        };
        let translation = walker.translate(access, va);
        self.hart.guest_cache = guest_cache;
        let translation = translation?;
        self.hart.tlb_fill(access, va, translation);
        Ok(translation.page | (va % PAGE_SIZE))
    }

    fn load_physical(&mut self, pa: u64, bytes: u64) -> Option<u64> {
        let ram = self.bus.ram();
        if let Some(width) = Width::from_bytes(bytes) {
            if let Some(value) = ram.load(pa, width) {
                return Some(value);
            }
            if !ram.contains(pa, 1) {
                self.touch_io();
                return self.bus.load(pa, width).ok().map(|value| value & width.mask());
            }
        }
        (0..bytes).try_fold(0, |value, n| Some(value | ram.load(pa.checked_add(n)?, Width::B)? << (8 * n)))
    }

    fn store_physical(&mut self, pa: u64, bytes: u64, value: u64) -> Option<()> {
        let ram = self.bus.ram();
        if let Some(width) = Width::from_bytes(bytes) {
            let value = value & width.mask();
            if ram.store(pa, width, value).is_some() {
                self.watch(pa, width);
                return Some(());
            }
            if !ram.contains(pa, 1) {
                self.touch_io();
                return self.bus.store(pa, width, value).ok();
            }
        }
        (0..bytes).try_for_each(|n| ram.store(pa.checked_add(n)?, Width::B, value >> (8 * n)))
    }

    /// Lets the bus look at a store to the part of main memory that it watches.
    fn watch(&mut self, pa: u64, width: Width) {
        let watched = self.bus.watched();
        if pa < watched.end && pa.saturating_add(width.bytes()) > watched.start {
            self.touch_io();
            self.bus.watched_store(pa, width);
        }
    }

    /// Prepares for an access to an I/O region, after which the wires may have changed.
    fn touch_io(&mut self) {
        self.touched_io = true;
        self.bus.set_time(self.hart.lines.time);
    }

    fn completed(&mut self, kind: AccessKind, parts: Parts, width: Width, value: u64) {
        let Part { va, pa, .. } = parts.first;
        self.hart.count(event_of(kind));
        self.obs.access(self.hart, &MemoryAccess { kind, va, pa, width, value });
    }
}

/// What an event counter sees of an access that is done.
fn event_of(kind: AccessKind) -> Event {
    if kind == AccessKind::Load { Event::Load } else { Event::Store }
}

/// The trap of instruction `i` for a fault in the part of its access that starts `offset` bytes in, at `va`.
fn trap_at(i: &Inst, access: &Access, fault: Fault, va: u64, offset: u64) -> Trap {
    fault.trap(access, va, tinst::transform(i, offset))
}
