//! Address translation and protection: from the address that an instruction names to memory.
//!
//! [`walk`] is the manual's algorithm and stands alone; [`tlb`] remembers its results, [`guest_cache`] those of the G stage, [`pmp`] protects
//! physical memory, [`mask`] drops upper bits of addresses, [`access`] puts them together for loads, stores, atomics and fetches.

mod access;
pub(crate) mod guest_cache;
mod mask;
mod pmp;
mod probe;
pub(crate) mod tlb;
mod walk;

use isa::Privilege;
use isa::cause::Exception;
use isa::csr;
use isa::paging::{PAGE_BITS, PAGE_SIZE, Pte};
use isa::tinst;
use serde::{Deserialize, Serialize};

use crate::hart::Hart;
use crate::observe::AccessKind;
use crate::trap::Trap;

/// A memory access as translation and protection judge it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Access {
    /// What it is for.
    pub(crate) kind: AccessKind,
    /// The effective privilege.
    pub(crate) privilege: Privilege,
    /// The effective virtualization mode: translate as the guest does.
    pub(crate) virt: bool,
    /// HLVX: execute permission stands in for read permission.
    pub(crate) hlvx: bool,
}

impl Access {
    /// Whether memory is to be written, so that pages must be dirty.
    fn is_write(&self) -> bool {
        matches!(self.kind, AccessKind::Store | AccessKind::Amo)
    }
}

impl Hart {
    /// An explicit access in the effective mode: that of MPP and MPV where MPRV is set in M-mode.
    pub(crate) fn explicit(&self, kind: AccessKind) -> Access {
        use csr::mstatus::{MPP, MPRV, MPV};
        let mode = self.mode();
        let status = self.csr.mstatus;
        if mode.privilege != Privilege::M || !MPRV.is_set(status) {
            return Access { kind, privilege: mode.privilege, virt: mode.virt, hlvx: false };
        }
        let privilege = Privilege::from_bits(MPP.get(status)).unwrap_or(Privilege::U);
        let virt = privilege != Privilege::M && MPV.is_set(status);
        Access { kind, privilege, virt, hlvx: false }
    }

    /// An access as the guest would make it, with the privilege that `hstatus.SPVP` names.
    pub(crate) fn as_guest(&self, kind: AccessKind) -> Access {
        let supervisor = csr::hstatus::SPVP.is_set(self.csr.hstatus);
        let privilege = if supervisor { Privilege::S } else { Privilege::U };
        Access { kind, privilege, virt: true, hlvx: false }
    }

    /// An instruction fetch in the current mode.
    pub(crate) fn fetching(&self) -> Access {
        let mode = self.mode();
        Access { kind: AccessKind::Fetch, privilege: mode.privilege, virt: mode.virt, hlvx: false }
    }
}

/// Why an access cannot be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Fault {
    /// The first stage forbids it.
    Page,
    /// The G stage forbids the access to `gpa`.
    GuestPage {
        /// The guest physical address that was to be accessed.
        gpa: u64,
        /// For an access to a VS-stage page-table entry at `gpa`, whether it was to be written.
        implicit: Option<bool>,
    },
    /// Physical memory protection or the absence of memory forbids it.
    Access,
    /// The hart does not do it where it is not aligned.
    Misaligned,
}

impl Fault {
    /// The trap for an access to `va` by `access`; `transformed` is its instruction for `xtinst`.
    fn trap(self, access: &Access, va: u64, transformed: u64) -> Trap {
        use Exception::{
            InstAccessFault, InstAddrMisaligned, InstGuestPageFault, InstPageFault, LoadAccessFault,
            LoadAddrMisaligned, LoadGuestPageFault, LoadPageFault, StoreAccessFault, StoreAddrMisaligned,
            StoreGuestPageFault, StorePageFault,
        };
        let by_kind = |fetch, load, store| match access.kind {
            AccessKind::Fetch => fetch,
            AccessKind::Load => load,
            AccessKind::Store | AccessKind::Amo | AccessKind::Manage => store,
        };
        let (cause, tval2, tinst) = match self {
            Fault::Page => (by_kind(InstPageFault, LoadPageFault, StorePageFault), 0, transformed),
            Fault::Access => (by_kind(InstAccessFault, LoadAccessFault, StoreAccessFault), 0, transformed),
            Fault::Misaligned => {
                (by_kind(InstAddrMisaligned, LoadAddrMisaligned, StoreAddrMisaligned), 0, transformed)
            }
            Fault::GuestPage { gpa, implicit } => {
                let tinst = match implicit {
                    None => transformed,
                    Some(false) => tinst::READ_RV64,
                    Some(true) => tinst::WRITE_RV64,
                };
                (by_kind(InstGuestPageFault, LoadGuestPageFault, StoreGuestPageFault), gpa >> 2, tinst)
            }
        };
        Trap { cause, tval: va, gva: access.virt, tval2, tinst }
    }
}

/// A leaf entry that took part in a translation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Leaf {
    #[serde(with = "crate::state::pte")]
    pub(crate) pte: Pte,
    /// The number of low address bits that the leaf leaves as they are: 12 for a page of 4 KiB.
    pub(crate) size_bits: u32,
}

/// The translation of one page of 4 KiB.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Translation {
    /// The physical address of the page.
    pub(crate) page: u64,
    /// The guest physical address of the page, where there is a G stage.
    pub(crate) gpa: u64,
    /// The leaf of the first stage, unless that is Bare.
    pub(crate) first: Option<Leaf>,
    /// The leaf of the G stage, unless that is Bare.
    pub(crate) guest: Option<Leaf>,
}

impl Leaf {
    /// Whether a walk can have ended with it: it is valid and accessed, and its size is that of some page.
    fn is_possible(&self) -> bool {
        let is_leaf = self.pte.is_valid() && self.pte.is_leaf() && Pte::A.is_set(self.pte.0);
        is_leaf && LEAF_SIZE_BITS.contains(&self.size_bits)
    }
}

/// The bits that leaves leave as they are: from pages of 4 KiB to the largest of Sv57.
const LEAF_SIZE_BITS: core::ops::RangeInclusive<u32> = PAGE_BITS..=PAGE_BITS + 4 * 9;

/// Whether this is the address of a page of physical memory.
fn is_physical_page(pa: u64) -> bool {
    pa.is_multiple_of(PAGE_SIZE) && pa >> PHYSICAL_BITS == 0
}

/// The width of a physical address. Privileged ISA, "Sv39: Page-Based 39-bit Virtual-Memory System".
const PHYSICAL_BITS: u32 = 56;

impl Translation {
    /// Whether a walk can have had this result.
    fn is_possible(&self) -> bool {
        let leaves = [self.first, self.guest];
        let pages = is_physical_page(self.page) && self.gpa.is_multiple_of(PAGE_SIZE);
        pages && leaves.iter().flatten().all(Leaf::is_possible)
    }

    /// Whether every leaf has D set where `access` writes; otherwise a walk has to see to it.
    pub(crate) fn is_dirty_enough(&self, access: &Access) -> bool {
        let dirty = |leaf: Option<Leaf>| leaf.is_none_or(|leaf| Pte::D.is_set(leaf.pte.0));
        !access.is_write() || dirty(self.first) && dirty(self.guest)
    }
}
