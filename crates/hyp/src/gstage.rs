//! G-stage page tables in Sv39x4: building, looking up and taking down. Privileged ISA, "Guest Physical
//! Address Translation".

use isa::csr::hgatp;
use isa::paging::{PAGE_SIZE, Pte, SV39X4};

use crate::addr::{Gpa, Hpa};
use crate::error::Error;
use crate::frames::Frames;

/// The level of the root table.
const ROOT: u32 = SV39X4.levels - 1;

/// What every leaf has: user mode, as which a guest counts in this stage, and A and D, so that harts which
/// do not set them never fault for their sake.
const LEAF: u64 = Pte::U.mask() | Pte::R.mask() | Pte::X.mask() | Pte::A.mask() | Pte::D.mask();

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
    /// The leaf that maps the address.
    pub leaf: Option<Pte>,
    /// The level at which the walk ended; without a leaf, nothing is mapped in all of its page size.
    pub level: u32,
    /// Where the last entry lies.
    slot: Hpa,
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
        Ok(GStage { root: frames.allocate(SV39X4.table_size(ROOT)).ok_or(Error::OutOfFrames)? })
    }

    /// The value of `hgatp` that translates by these tables under `vmid`.
    pub fn hgatp(&self, vmid: u16) -> u64 {
        hgatp::MODE.of(SV39X4.mode) | hgatp::VMID.of(vmid.into()) | hgatp::PPN.of(self.root.0 / PAGE_SIZE)
    }

    /// Maps the page of `level` at `gpa` to the one at `hpa`.
    ///
    /// Until it is fenced, a hart may still believe that nothing is mapped there, and fault once more.
    ///
    /// # Errors
    /// [`Error::BadGuestAddress`], [`Error::AlreadyMapped`] or [`Error::OutOfFrames`]; then the address is
    /// as unmapped as before.
    pub fn map(
        &mut self,
        frames: &mut impl Frames,
        gpa: Gpa,
        hpa: Hpa,
        level: u32,
        permission: Permission,
    ) -> Result<(), Error> {
        if !SV39X4.covers(gpa.0) || level > ROOT || (gpa.0 | hpa.0) & (SV39X4.page_size(level) - 1) != 0 {
            return Err(Error::BadGuestAddress(gpa));
        }
        let mut table = self.root;
        for at in (level + 1..=ROOT).rev() {
            let slot = slot(table, at, gpa);
            let pte = Pte(frames.read_entry(slot));
            table = if !pte.is_valid() {
                let fresh = frames.allocate(SV39X4.table_size(at - 1)).ok_or(Error::OutOfFrames)?;
                frames.write_entry(slot, Pte::pointer(fresh.0).0);
                fresh
            } else if pte.is_leaf() {
                return Err(Error::AlreadyMapped(gpa));
            } else {
                Hpa(pte.address())
            };
        }
        let slot = slot(table, level, gpa);
        if Pte(frames.read_entry(slot)).is_valid() {
            return Err(Error::AlreadyMapped(gpa));
        }
        let writable = Pte::W.of((permission == Permission::All).into());
        frames.write_entry(slot, Pte::leaf(hpa.0, LEAF | writable).0);
        Ok(())
    }

    /// The leaf that maps `gpa`, or how much around it is unmapped.
    pub fn lookup(&self, frames: &impl Frames, gpa: Gpa) -> Found {
        let mut table = self.root;
        let mut level = ROOT;
        loop {
            let slot = slot(table, level, gpa);
            let pte = Pte(frames.read_entry(slot));
            if !SV39X4.covers(gpa.0) || !pte.is_valid() {
                return Found { leaf: None, level, slot };
            }
            if pte.is_leaf() || level == 0 {
                return Found { leaf: pte.is_leaf().then_some(pte), level, slot };
            }
            table = Hpa(pte.address());
            level -= 1;
        }
    }

    /// The host physical address that `gpa` is mapped to.
    pub fn translate(&self, frames: &impl Frames, gpa: Gpa) -> Option<Hpa> {
        let Found { leaf, level, .. } = self.lookup(frames, gpa);
        leaf?.translate(&SV39X4, level, gpa.0).map(Hpa)
    }

    /// Unmaps `size` bytes from `start`, both multiples of the page size, and hands the memory and size of
    /// each leaf to `release`.
    ///
    /// Tables stay for later use. The caller fences before the memory is used again.
    ///
    /// # Errors
    /// [`Error::BadGuestAddress`]; and [`Error::WithinLargePage`] where the range ends within a leaf, when
    /// what lies before that leaf is unmapped.
    pub fn unmap(
        &mut self,
        frames: &mut impl Frames,
        start: Gpa,
        size: u64,
        mut release: impl FnMut(Hpa, u64),
    ) -> Result<(), Error> {
        let end = start.offset(size);
        let is_range = start <= end && SV39X4.covers(end.0.saturating_sub(1));
        if !is_range || start.page_offset() != 0 || end.page_offset() != 0 {
            return Err(Error::BadGuestAddress(start));
        }
        let mut gpa = start;
        while gpa < end {
            let Found { leaf, level, slot } = self.lookup(frames, gpa);
            let page_size = SV39X4.page_size(level);
            let first = Gpa(gpa.0 & !(page_size - 1));
            let next = first.offset(page_size);
            if let Some(leaf) = leaf {
                if first < gpa || end < next {
                    return Err(Error::WithinLargePage(gpa));
                }
                frames.write_entry(slot, 0);
                release(Hpa(leaf.address()), page_size);
            }
            gpa = next;
        }
        Ok(())
    }

    /// Gives back the tables and all the memory that they map. No hart may use them any more.
    pub fn destroy(self, frames: &mut impl Frames) {
        free_table(frames, self.root, ROOT);
    }
}

/// Frees `table` and what its entries point to.
fn free_table(frames: &mut impl Frames, table: Hpa, level: u32) {
    for index in 0..SV39X4.entries(level) {
        let pte = Pte(frames.read_entry(table.offset(index * SV39X4.pte_size)));
        if pte.is_valid() && pte.is_leaf() {
            frames.free(Hpa(pte.address()), SV39X4.page_size(level));
        } else if pte.is_valid() && level > 0 {
            free_table(frames, Hpa(pte.address()), level - 1);
        }
    }
    frames.free(table, SV39X4.table_size(level));
}

/// Where the entry for `gpa` lies in `table`.
fn slot(table: Hpa, level: u32, gpa: Gpa) -> Hpa {
    table.offset(SV39X4.index(gpa.0, level) * SV39X4.pte_size)
}

#[cfg(test)]
mod tests;
