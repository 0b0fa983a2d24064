//! G-stage page tables in Sv39x4: building, looking up and taking down. Privileged ISA, "Guest Physical
//! Address Translation".

use isa::csr::hgatp;

use crate::addr::{Gpa, Hpa, PAGE_SIZE};
use crate::error::Error;
use crate::frames::Frames;
use crate::pte::Pte;

/// The value of `hgatp.MODE` for Sv39x4.
pub const MODE_SV39X4: u64 = 8;

/// The root table is four times as large as the others, and aligned to its size.
const ROOT_SIZE: u64 = 4 * PAGE_SIZE;

/// Guest physical addresses have this many bits.
const ADDRESS_BITS: u32 = 41;

/// The size of what one entry maps, by the level of its table.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u32)]
pub enum Level {
    /// A leaf maps 4 KiB.
    Page = 0,
    /// A leaf maps 2 MiB.
    Mega = 1,
    /// A leaf maps 1 GiB; the root table.
    Giga = 2,
}

impl Level {
    /// The size of what an entry maps, in bytes.
    pub const fn size(self) -> u64 {
        PAGE_SIZE << (9 * self as u32)
    }

    const fn below(self) -> Option<Level> {
        match self {
            Level::Giga => Some(Level::Mega),
            Level::Mega => Some(Level::Page),
            Level::Page => None,
        }
    }

    const fn entries(self) -> u64 {
        match self {
            Level::Giga => ROOT_SIZE / 8,
            Level::Mega | Level::Page => PAGE_SIZE / 8,
        }
    }
}

/// What the guest may do with a page.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Permission {
    /// Read and execute.
    ReadOnly,
    /// Read, write and execute.
    All,
}

/// What [`GStage::lookup`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Found {
    /// The leaf entry, or an invalid one.
    pub pte: Pte,
    /// The level of its table; when there is no leaf, nothing is mapped in all of that level's size.
    pub level: Level,
}

/// The G-stage page tables of one virtual machine.
#[derive(Debug)]
pub struct GStage {
    root: Hpa,
}

impl GStage {
    /// Tables that map nothing.
    ///
    /// # Errors
    /// [`Error::OutOfFrames`].
    pub fn new(frames: &mut impl Frames) -> Result<GStage, Error> {
        Ok(GStage { root: frames.allocate(ROOT_SIZE).ok_or(Error::OutOfFrames)? })
    }

    /// The value of `hgatp` that translates by these tables under `vmid`.
    pub fn hgatp(&self, vmid: u16) -> u64 {
        hgatp::MODE.of(MODE_SV39X4) | hgatp::VMID.of(vmid.into()) | hgatp::PPN.of(self.root.0 / PAGE_SIZE)
    }

    /// Maps what one entry of `level` covers. A and D are set beforehand, so that harts which do not set
    /// them never fault for their sake.
    ///
    /// The hart may still believe that nothing is mapped there, and fault once more, until it is fenced.
    ///
    /// # Errors
    /// [`Error::BadGuestAddress`], [`Error::AlreadyMapped`] or [`Error::OutOfFrames`]; then the address is
    /// as unmapped as before.
    pub fn map(
        &mut self,
        frames: &mut impl Frames,
        gpa: Gpa,
        hpa: Hpa,
        level: Level,
        permission: Permission,
    ) -> Result<(), Error> {
        if gpa.0 >> ADDRESS_BITS != 0 || (gpa.0 | hpa.0) & (level.size() - 1) != 0 {
            return Err(Error::BadGuestAddress(gpa));
        }
        let (mut table, mut at) = (self.root, Level::Giga);
        while at > level {
            let slot = slot(table, at, gpa);
            let pte = Pte(frames.read_entry(slot));
            table = if pte.is_table() {
                pte.address()
            } else if pte.is_leaf() {
                return Err(Error::AlreadyMapped(gpa));
            } else {
                let fresh = frames.allocate(PAGE_SIZE).ok_or(Error::OutOfFrames)?;
                frames.write_entry(slot, Pte::table(fresh).0);
                fresh
            };
            at = at.below().expect("a level above another has one below");
        }
        let slot = slot(table, level, gpa);
        if Pte(frames.read_entry(slot)).is_valid() {
            return Err(Error::AlreadyMapped(gpa));
        }
        frames.write_entry(slot, Pte::leaf(hpa, permission == Permission::All).0);
        Ok(())
    }

    /// The leaf entry that maps `gpa`, or how much around it is unmapped.
    pub fn lookup(&self, frames: &impl Frames, gpa: Gpa) -> Found {
        let (mut table, mut level) = (self.root, Level::Giga);
        if gpa.0 >> ADDRESS_BITS != 0 {
            return Found { pte: Pte(0), level };
        }
        loop {
            let pte = Pte(frames.read_entry(slot(table, level, gpa)));
            match level.below() {
                Some(below) if pte.is_table() => (table, level) = (pte.address(), below),
                _ => return Found { pte, level },
            }
        }
    }

    /// The host physical address that `gpa` is mapped to.
    pub fn translate(&self, frames: &impl Frames, gpa: Gpa) -> Option<Hpa> {
        let Found { pte, level } = self.lookup(frames, gpa);
        pte.is_leaf().then(|| pte.address().offset(gpa.0 & (level.size() - 1)))
    }

    /// Unmaps `size` bytes from `start` and hands each leaf's memory and size to `release`.
    ///
    /// Tables stay for later use. The caller fences before the memory is used again.
    ///
    /// # Errors
    /// [`Error::WithinLargePage`] where the range ends within a leaf, and [`Error::BadGuestAddress`]; what
    /// lies before it is unmapped.
    pub fn unmap(
        &mut self,
        frames: &mut impl Frames,
        start: Gpa,
        size: u64,
        mut release: impl FnMut(Hpa, u64),
    ) -> Result<(), Error> {
        let end = start.0.checked_add(size).filter(|end| end | start.0 & (PAGE_SIZE - 1) == *end);
        let end = end.filter(|end| end & (PAGE_SIZE - 1) == 0).ok_or(Error::BadGuestAddress(start))?;
        let mut gpa = start;
        while gpa.0 < end.min(1 << ADDRESS_BITS) {
            let (mut table, mut level) = (self.root, Level::Giga);
            let pte = loop {
                let pte = Pte(frames.read_entry(slot(table, level, gpa)));
                match level.below() {
                    Some(below) if pte.is_table() => (table, level) = (pte.address(), below),
                    _ => break pte,
                }
            };
            let first = gpa.0 & !(level.size() - 1);
            let next = first + level.size();
            if pte.is_leaf() {
                if first < gpa.0 || next > end {
                    return Err(Error::WithinLargePage(gpa));
                }
                frames.write_entry(slot(table, level, gpa), 0);
                release(pte.address(), level.size());
            }
            gpa = Gpa(next);
        }
        Ok(())
    }

    /// Gives back the tables and all the memory that they map. No hart may use them any more.
    pub fn destroy(self, frames: &mut impl Frames) {
        free_table(frames, self.root, Level::Giga);
        frames.free(self.root, ROOT_SIZE);
    }
}

/// Frees what the entries of `table` point to.
fn free_table(frames: &mut impl Frames, table: Hpa, level: Level) {
    for index in 0..level.entries() {
        let pte = Pte(frames.read_entry(table.offset(8 * index)));
        match level.below() {
            Some(below) if pte.is_table() => {
                free_table(frames, pte.address(), below);
                frames.free(pte.address(), PAGE_SIZE);
            }
            _ if pte.is_leaf() => frames.free(pte.address(), level.size()),
            _ => {}
        }
    }
}

/// Where the entry for `gpa` lies in `table`.
fn slot(table: Hpa, level: Level, gpa: Gpa) -> Hpa {
    table.offset(gpa.0 / level.size() % level.entries() * 8)
}
