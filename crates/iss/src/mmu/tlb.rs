//! The translation cache: what the hart may remember of page tables, until a fence.
//!
//! Entries are architectural state, since software can see them when it forgets a fence. A bank holds the
//! translations of one context; changing `satp`, `vsatp`, `hgatp`, V or privilege selects another bank
//! and flushes nothing. Permissions are checked at each use, so SUM, MXR, MPRV and SPVP need no fence.
//! Privileged ISA, "Supervisor Memory-Management Fence Instruction" and "Hypervisor Memory-Management
//! Fence Instructions".

use std::collections::HashMap;

use isa::csr::{hgatp, satp};
use isa::paging::{PAGE_BITS, Pte};

use super::{Access, Translation};
use crate::hart::Hart;
use crate::variant::TlbPolicy;

/// Pages that a bank of the exact policy remembers, one for each value of the low page-number bits.
const BANK_PAGES: u64 = 512;
/// Contexts that the exact policy remembers; the least recently selected makes room.
const BANKS: usize = 16;

/// What a translation depends on beside the page tables: modes, address space and virtual machine, but not
/// the root, which a hart may go on using until a fence.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Context {
    virt: bool,
    mode: u64,
    asid: u64,
    guest_mode: u64,
    vmid: u64,
}

#[derive(Clone, Debug)]
struct Bank {
    context: Context,
    selected: u64,
    pages: Pages,
}

/// Translations by page number.
#[derive(Clone, Debug)]
enum Pages {
    /// One for each value of the low page-number bits; each with the whole page number.
    Bounded(Vec<Option<(u64, Translation)>>),
    /// All of them.
    Unbounded(HashMap<u64, Translation>),
}

/// The translation cache of a hart.
#[derive(Clone, Debug)]
pub(crate) struct Tlb {
    policy: TlbPolicy,
    banks: Vec<Bank>,
    /// The bank that was looked at last.
    current: usize,
    clock: u64,
}

/// Which translations a fence is about; `None` means all.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct FenceScope {
    /// A virtual address, or for the G stage a guest physical one.
    pub(crate) address: Option<u64>,
    /// An ASID, or for the G stage a VMID.
    pub(crate) id: Option<u64>,
}

impl Hart {
    fn context(&self, access: &Access) -> Context {
        let atp = if access.virt { self.csr.vsatp } else { self.csr.satp };
        let guest = if access.virt { self.csr.hgatp } else { 0 };
        Context {
            virt: access.virt,
            mode: satp::MODE.get(atp),
            asid: satp::ASID.get(atp),
            guest_mode: hgatp::MODE.get(guest),
            vmid: hgatp::VMID.get(guest),
        }
    }

    /// The remembered translation of the page of `va`.
    pub(super) fn tlb_lookup(&mut self, access: &Access, va: u64) -> Option<Translation> {
        let context = self.context(access);
        self.tlb.lookup(context, va >> PAGE_BITS)
    }

    /// Remembers the translation of the page of `va`.
    pub(super) fn tlb_fill(&mut self, access: &Access, va: u64, translation: Translation) {
        let context = self.context(access);
        self.tlb.fill(context, va >> PAGE_BITS, translation);
    }

    /// SFENCE.VMA at V=0: forgets what `satp` tables said.
    pub(crate) fn fence_single_stage(&mut self, scope: FenceScope) {
        self.tlb.retain(|context, page, t| context.virt || !first_in_scope(scope, context, page, t));
    }

    /// SFENCE.VMA at V=1 and HFENCE.VVMA: forgets what `vsatp` tables of the current VMID said.
    pub(crate) fn fence_vs_stage(&mut self, scope: FenceScope) {
        let vmid = hgatp::VMID.get(self.csr.hgatp);
        self.tlb.retain(|context, page, t| {
            !context.virt || context.vmid != vmid || !first_in_scope(scope, context, page, t)
        });
    }

    /// HFENCE.GVMA: forgets what `hgatp` tables said, also where combined with the VS stage.
    pub(crate) fn fence_g_stage(&mut self, scope: FenceScope) {
        self.tlb.retain(|context, _, t| {
            let Some(leaf) = t.guest else { return true };
            let hit = scope.address.is_none_or(|gpa| (gpa ^ t.gpa) >> leaf.size_bits == 0);
            scope.id.is_some_and(|vmid| vmid != context.vmid) || !hit
        });
    }
}

/// Whether a fence of the first stage is about the translation of `page`. All pieces of a superpage are in
/// the scope of any address within; a fence for one ASID leaves global mappings alone. Where the first
/// stage is Bare, there is nothing that it could be about.
fn first_in_scope(scope: FenceScope, context: &Context, page: u64, t: &Translation) -> bool {
    let Some(leaf) = t.first else { return false };
    let hit = scope.address.is_none_or(|va| (va ^ page << PAGE_BITS) >> leaf.size_bits == 0);
    hit && scope.id.is_none_or(|asid| asid == context.asid && !Pte::G.is_set(leaf.pte.0))
}

impl Pages {
    fn get(&self, page: u64) -> Option<Translation> {
        match self {
            Pages::Bounded(slots) => slots[slot(page)].filter(|(whole, _)| *whole == page).map(|(_, t)| t),
            Pages::Unbounded(map) => map.get(&page).copied(),
        }
    }

    fn insert(&mut self, page: u64, translation: Translation) {
        match self {
            Pages::Bounded(slots) => slots[slot(page)] = Some((page, translation)),
            Pages::Unbounded(map) => drop(map.insert(page, translation)),
        }
    }

    fn retain(&mut self, keep: impl Fn(u64, &Translation) -> bool) {
        match self {
            Pages::Bounded(slots) => {
                for slot in slots {
                    slot.take_if(|(page, translation)| !keep(*page, translation));
                }
            }
            Pages::Unbounded(map) => map.retain(|page, translation| keep(*page, translation)),
        }
    }
}

fn slot(page: u64) -> usize {
    (page % BANK_PAGES) as usize
}

impl Tlb {
    /// An empty cache.
    pub(crate) fn new(policy: TlbPolicy) -> Tlb {
        Tlb { policy, banks: Vec::new(), current: 0, clock: 0 }
    }

    fn lookup(&mut self, context: Context, page: u64) -> Option<Translation> {
        if self.banks.get(self.current).is_none_or(|bank| bank.context != context) {
            self.current = self.banks.iter().position(|bank| bank.context == context)?;
            self.clock += 1;
            self.banks[self.current].selected = self.clock;
        }
        self.banks[self.current].pages.get(page)
    }

    fn fill(&mut self, context: Context, page: u64, translation: Translation) {
        if self.policy == TlbPolicy::None {
            return;
        }
        let known = self.banks.iter().position(|bank| bank.context == context);
        let i = known.unwrap_or_else(|| self.add_bank(context));
        self.banks[i].pages.insert(page, translation);
    }

    fn add_bank(&mut self, context: Context) -> usize {
        let bounded = self.policy == TlbPolicy::Exact;
        if bounded && self.banks.len() == BANKS {
            let oldest = (0..BANKS).min_by_key(|i| self.banks[*i].selected).unwrap_or(0);
            self.banks.swap_remove(oldest);
        }
        let pages = if bounded {
            Pages::Bounded(vec![None; BANK_PAGES as usize])
        } else {
            Pages::Unbounded(HashMap::new())
        };
        self.clock += 1;
        self.banks.push(Bank { context, selected: self.clock, pages });
        self.banks.len() - 1
    }

    fn retain(&mut self, keep: impl Fn(&Context, u64, &Translation) -> bool) {
        for bank in &mut self.banks {
            bank.pages.retain(|page, translation| keep(&bank.context, page, translation));
        }
    }
}
