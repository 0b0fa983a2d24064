//! The page-table walk, in one stage and in two.
//!
//! Privileged ISA, "Virtual Address Translation Process" and "Two-Stage Address Translation". The steps
//! named in comments are those of the former.

use isa::csr;
use isa::ext::Ext;
use isa::paging::{self, PAGE_BITS, PAGE_SIZE, Pte, Scheme};
use isa::{Mode, Privilege};

use super::guest_cache::GuestCache;
use super::{Access, Fault, Leaf, Translation};
use crate::bus::Width;
use crate::hart::Hart;
use crate::observe::{AccessKind, Observer, Stage, WalkStep};
use crate::ram::Ram;

/// A walker of page tables. It changes nothing but A and D bits in memory and the cache of the G stage, and those not
/// when probing.
pub(super) struct Walker<'a, O> {
    pub(super) hart: &'a Hart,
    pub(super) ram: &'a Ram,
    pub(super) obs: &'a mut O,
    pub(super) guest_cache: &'a mut GuestCache,
    pub(super) probing: bool,
}

/// The tables of one stage, and what the environment configuration says about them.
struct Tables {
    stage: Stage,
    scheme: &'static Scheme,
    root: u64,
    /// Whether PBMT fields are in use.
    pbmte: bool,
    /// Whether the hart updates A and D bits itself.
    updates_ad: bool,
}

impl Hart {
    /// The first stage of `access`; `None` where it is Bare.
    fn first_stage(&self, access: &Access) -> Option<Tables> {
        let (satp, stage, envcfg) = match (access.virt, access.privilege) {
            (true, _) => (self.csr.vsatp, Stage::Vs, self.csr.henvcfg),
            (false, Privilege::M) => return None,
            (false, _) => (self.csr.satp, Stage::Single, self.csr.menvcfg),
        };
        let scheme = Scheme::find(paging::Stage::First, 64, csr::satp::MODE.get(satp))?;
        Some(Tables {
            stage,
            scheme,
            root: csr::satp::PPN.get(satp) << PAGE_BITS,
            pbmte: csr::menvcfg::PBMTE.is_set(envcfg),
            updates_ad: self.updates_ad(envcfg),
        })
    }

    /// The G stage; `None` where it is Bare.
    fn guest_stage(&self) -> Option<Tables> {
        let hgatp = self.csr.hgatp;
        Some(Tables {
            stage: Stage::G,
            scheme: Scheme::find(paging::Stage::Guest, 64, csr::hgatp::MODE.get(hgatp))?,
            root: csr::hgatp::PPN.get(hgatp) << PAGE_BITS,
            pbmte: csr::menvcfg::PBMTE.is_set(self.csr.menvcfg),
            updates_ad: self.updates_ad(self.csr.menvcfg),
        })
    }

    /// Whether the hart itself sets A and D in a stage with this environment configuration.
    fn updates_ad(&self, envcfg: u64) -> bool {
        let v = self.variant();
        if v.has(Ext::Svadu) { csr::menvcfg::ADUE.is_set(envcfg) } else { v.updates_ad }
    }

    /// Whether any stage translates the addresses of `access`.
    #[inline]
    pub(crate) fn is_translated(&self, access: &Access) -> bool {
        if access.virt {
            csr::vsatp::MODE.is_set(self.csr.vsatp) || csr::hgatp::MODE.is_set(self.csr.hgatp)
        } else {
            access.privilege != Privilege::M && csr::satp::MODE.is_set(self.csr.satp)
        }
    }

    /// Whether the leaves of a remembered translation of `va` allow `access`.
    pub(crate) fn leaves_permit(&self, access: &Access, known: &Translation, va: u64) -> Result<(), Fault> {
        if known.first.is_some_and(|leaf| !self.first_permits(access, leaf.pte)) {
            return Err(Fault::Page);
        }
        let mxr = csr::mstatus::MXR.is_set(self.csr.mstatus);
        if known.guest.is_some_and(|leaf| !guest_permits(access, leaf.pte, mxr)) {
            return Err(Fault::GuestPage { gpa: known.gpa | (va % PAGE_SIZE), implicit: None });
        }
        Ok(())
    }

    /// Steps 5 to 7 for a leaf of the first stage: permissions by kind of access and privilege.
    fn first_permits(&self, access: &Access, pte: Pte) -> bool {
        let status = self.csr.mstatus;
        let own_status = if access.virt { self.csr.vsstatus } else { status };
        // The MXR of HS-level sstatus holds in both stages; that of vsstatus in the VS stage alone.
        let mxr = csr::sstatus::MXR.is_set(status | own_status);
        let sum = csr::sstatus::SUM.is_set(own_status);
        let user_page = Pte::U.is_set(pte.0);
        let reachable = match access.privilege {
            Privilege::U => user_page,
            _ => !user_page || sum && access.kind != AccessKind::Fetch,
        };
        reachable && kind_permits(access, pte, mxr)
    }
}

/// Whether a leaf of the G stage, where every access is judged as if in U-mode, allows `access`.
fn guest_permits(access: &Access, pte: Pte, mxr: bool) -> bool {
    Pte::U.is_set(pte.0) && kind_permits(access, pte, mxr)
}

fn kind_permits(access: &Access, pte: Pte, mxr: bool) -> bool {
    match access.kind {
        AccessKind::Fetch => Pte::X.is_set(pte.0),
        AccessKind::Load if access.hlvx => Pte::X.is_set(pte.0),
        // A page that can be written can be read, so that what either permits is what a load permits.
        AccessKind::Load | AccessKind::Manage => Pte::R.is_set(pte.0) || mxr && Pte::X.is_set(pte.0),
        AccessKind::Store | AccessKind::Amo => Pte::W.is_set(pte.0),
    }
}

impl<O: Observer> Walker<'_, O> {
    /// Translates the page of `va` for `access`, setting A and D bits where the hart does that.
    pub(super) fn translate(&mut self, access: &Access, va: u64) -> Result<Translation, Fault> {
        let (gpa, first) = match self.hart.first_stage(access) {
            None => (va, None),
            Some(tables) => {
                let hart = self.hart;
                let (pa, leaf) = self.walk(&tables, va, access, &|pte| hart.first_permits(access, pte))?;
                (pa, Some(leaf))
            }
        };
        let (pa, guest) = if access.virt { self.translate_guest(access, gpa, None)? } else { (gpa, None) };
        let page = |address: u64| address & !(PAGE_SIZE - 1);
        Ok(Translation { page: page(pa), gpa: page(gpa), first, guest })
    }

    /// The G stage: translates `gpa` for `access`, or for an implicit access to a VS-stage entry.
    fn translate_guest(
        &mut self,
        access: &Access,
        gpa: u64,
        implicit: Option<bool>,
    ) -> Result<(u64, Option<Leaf>), Fault> {
        let Some(tables) = self.hart.guest_stage() else {
            return Ok((gpa, None));
        };
        let mxr = implicit.is_none() && csr::mstatus::MXR.is_set(self.hart.csr.mstatus);
        let hgatp = self.hart.csr.hgatp;
        let known = self.guest_cache.get(hgatp, gpa).filter(|(_, leaf)| {
            let dirty = !access.is_write() || Pte::D.is_set(leaf.pte.0);
            dirty && guest_permits(access, leaf.pte, mxr)
        });
        if let Some((pa, leaf)) = known {
            return Ok((pa, Some(leaf)));
        }
        match self.walk(&tables, gpa, access, &|pte| guest_permits(access, pte, mxr)) {
            Ok((pa, leaf)) => {
                if !self.probing {
                    self.guest_cache.put(hgatp, gpa, pa, leaf);
                }
                Ok((pa, Some(leaf)))
            }
            Err(Fault::Page) => Err(Fault::GuestPage { gpa, implicit }),
            Err(other) => Err(other),
        }
    }

    /// One stage: from `address` to the address in the next stage, and the leaf that says so.
    fn walk(
        &mut self,
        tables: &Tables,
        address: u64,
        access: &Access,
        permits: &dyn Fn(Pte) -> bool,
    ) -> Result<(u64, Leaf), Fault> {
        let scheme = tables.scheme;
        if !scheme.covers(address) {
            return Err(Fault::Page);
        }
        // Step 1.
        let mut table = tables.root;
        for level in (0..scheme.levels).rev() {
            // Step 2.
            let entry = table + scheme.index(address, level) * scheme.pte_size;
            let entry_pa = self.locate_entry(tables.stage, access, entry, false)?;
            let pte = Pte(self.ram.load(entry_pa, Width::D).ok_or(Fault::Access)?);
            let step = WalkStep { stage: tables.stage, address, level, pte_pa: entry_pa, pte: pte.0 };
            self.obs.walk(self.hart, &step);
            // Step 3.
            if !pte.is_valid() || pte.is_reserved(level, self.hart.variant().has(Ext::Svnapot), tables.pbmte)
            {
                return Err(Fault::Page);
            }
            // Step 4.
            if !pte.is_leaf() {
                table = pte.address();
                continue;
            }
            // Steps 5 to 8.
            let pa = pte.translate(scheme, level, address).filter(|_| permits(pte)).ok_or(Fault::Page)?;
            // Step 9.
            let Some(pte) = self.update_accessed_dirty(tables, access, entry, pte)? else {
                return self.walk(tables, address, access, permits);
            };
            // Step 10.
            let size_bits = scheme.page_size(level).trailing_zeros() + pte.napot_bits(level).unwrap_or(0);
            return Ok((pa, Leaf { pte, size_bits }));
        }
        // Step 4 at the last level: a pointer where a leaf must be.
        Err(Fault::Page)
    }

    /// Sets A, and for a write D, in the leaf `pte` at `entry`, or faults where that is software's task.
    ///
    /// `None` where the entry is no longer `pte`, so that the walk has to look at it again.
    fn update_accessed_dirty(
        &mut self,
        tables: &Tables,
        access: &Access,
        entry: u64,
        pte: Pte,
    ) -> Result<Option<Pte>, Fault> {
        let dirty = if access.is_write() { Pte::D.mask() } else { 0 };
        let new = Pte(pte.0 | Pte::A.mask() | dirty);
        if new == pte || self.probing {
            return Ok(Some(pte));
        }
        if !tables.updates_ad {
            return Err(Fault::Page);
        }
        let entry_pa = self.locate_entry(tables.stage, access, entry, true)?;
        let replaced = self.ram.compare_exchange(entry_pa, Width::D, pte.0, new.0).ok_or(Fault::Access)?;
        Ok(replaced.then_some(new))
    }

    /// The physical address of a page-table entry, of which the hart may read or write the eight bytes.
    ///
    /// A VS-stage entry lies in guest physical memory: the G stage translates the implicit access to it.
    fn locate_entry(&mut self, stage: Stage, access: &Access, entry: u64, write: bool) -> Result<u64, Fault> {
        let kind = if write { AccessKind::Store } else { AccessKind::Load };
        let implicit = Access { kind, privilege: Mode::HS.privilege, virt: access.virt, hlvx: false };
        let pa = match stage {
            Stage::Vs => self.translate_guest(&implicit, entry, Some(write))?.0,
            Stage::Single | Stage::G => entry,
        };
        if self.hart.pmp_permits(&implicit, pa, Width::D.bytes()) { Ok(pa) } else { Err(Fault::Access) }
    }
}
