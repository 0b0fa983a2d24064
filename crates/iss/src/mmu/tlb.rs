//! The translation cache: what the hart may remember of page tables, until a fence.
//!
//! Entries are architectural state, since software can see them when it forgets a fence. A bank holds the
//! translations of one context; changing `satp`, `vsatp`, `hgatp`, V or privilege selects another bank
//! and flushes nothing. Permissions are checked at each use, so SUM, MXR, MPRV and SPVP need no fence.
//! Privileged ISA, "Supervisor Memory-Management Fence Instruction" and "Hypervisor Memory-Management
//! Fence Instructions".

mod state;

use std::collections::HashMap;

use isa::csr::{hgatp, satp};
use isa::paging::{PAGE_BITS, Pte};
use serde::{Deserialize, Serialize};

pub(crate) use state::TlbState;

use super::{Access, Translation};
use crate::hart::Hart;
use crate::observe::AccessKind;
use crate::variant::TlbPolicy;

/// Pages that a bank of the exact policy remembers for data, one for each value of the low page-number bits: as many as
/// the engine's views have. With 512, Debian and a guest under its KVM took a sixth more time.
const DATA_PAGES: usize = 2048;
/// Pages that a bank of the exact policy remembers for fetches.
const FETCH_PAGES: usize = 1024;
/// Contexts that the exact policy remembers; the one that has learnt nothing for longest makes room.
const BANKS: usize = 16;

/// What a translation depends on beside the page tables: modes, address space and virtual machine, but not
/// the root, which a hart may go on using until a fence.
///
/// The modes and numbers of `satp` or `vsatp` and of `hgatp`, and V, packed so that comparing is one comparison.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize, Deserialize)]
pub(crate) struct Context(u64);

impl Context {
    /// Bits from this one on are always zero.
    pub(crate) const BITS: u32 = 39;

    fn new(virt: bool, atp: u64, guest: u64) -> Context {
        let first = satp::MODE.get(atp) << 16 | satp::ASID.get(atp);
        let second = hgatp::MODE.get(guest) << 14 | hgatp::VMID.get(guest);
        Context(u64::from(virt) << 38 | second << 20 | first)
    }

    /// The packed bits, of which there are [`BITS`](Context::BITS).
    pub(crate) fn bits(self) -> u64 {
        self.0
    }

    fn virt(self) -> bool {
        self.0 >> 38 != 0
    }

    fn asid(self) -> u64 {
        self.0 & 0xffff
    }

    fn vmid(self) -> u64 {
        self.0 >> 20 & 0x3fff
    }
}

/// The translations of one context. Fetches have a half of their own, so that data never displaces the page
/// that is being executed.
#[derive(Clone, Debug)]
struct Bank {
    context: Context,
    /// When it last learnt something.
    learnt: u64,
    data: Pages,
    fetch: Pages,
}

/// Translations by page number.
#[derive(Clone, Debug)]
enum Pages {
    /// One for each value of the low page-number bits: the whole page number and the translation in no order, and for
    /// each slot the place of its own among them, counted from 1.
    Bounded { slots: Vec<u16>, used: Vec<(u64, Translation)> },
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

/// Something that the cache has forgotten.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Forgotten {
    /// The page with this number, as loads and stores find it.
    Data(Context, u64),
    /// The page with this number, as fetches find it.
    Fetch(Context, u64),
    /// Everything about a context.
    Context(Context),
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
    /// The context that `access`, which some stage translates, is made in.
    pub(crate) fn context(&self, access: &Access) -> Context {
        if access.virt {
            Context::new(true, self.csr.vsatp, self.csr.hgatp)
        } else {
            Context::new(false, self.csr.satp, 0)
        }
    }

    /// The remembered translation of the page of `va`.
    pub(super) fn tlb_lookup(&mut self, access: &Access, va: u64) -> Option<Translation> {
        let context = self.context(access);
        self.tlb.lookup(context, access.kind, va >> PAGE_BITS)
    }

    /// Remembers the translation of the page of `va`.
    pub(super) fn tlb_fill(&mut self, access: &Access, va: u64, translation: Translation) {
        let context = self.context(access);
        let engine = &mut self.engine;
        self.tlb
            .fill(context, access.kind, va >> PAGE_BITS, translation, |forgotten| engine.forget(forgotten));
    }

    /// What the translation cache remembers, a line for each translation, for comparing it with another hart's.
    pub fn translations(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for bank in &self.tlb.banks {
            for (kind, half) in [("data", &bank.data), ("fetch", &bank.fetch)] {
                let line = |(page, t): (u64, Translation)| {
                    format!("{:x?}, learnt {}, {kind} {page:x}: {t:x?}", bank.context, bank.learnt)
                };
                lines.extend(half.all().into_iter().map(line));
            }
        }
        lines.sort();
        lines
    }

    /// SFENCE.VMA at V=0: forgets what `satp` tables said.
    pub(crate) fn fence_single_stage(&mut self, scope: FenceScope) {
        self.fence(|context| !context.virt(), |context, page, t| first_in_scope(scope, context, page, t));
    }

    /// SFENCE.VMA at V=1 and HFENCE.VVMA: forgets what `vsatp` tables of the current VMID said.
    pub(crate) fn fence_vs_stage(&mut self, scope: FenceScope) {
        let vmid = hgatp::VMID.get(self.csr.hgatp);
        self.fence(
            |context| context.virt() && context.vmid() == vmid,
            |context, page, t| first_in_scope(scope, context, page, t),
        );
    }

    /// HFENCE.GVMA: forgets what `hgatp` tables said, also where combined with the VS stage.
    pub(crate) fn fence_g_stage(&mut self, scope: FenceScope) {
        self.guest_cache.fence(scope);
        self.fence(
            |context| context.virt() && scope.id.is_none_or(|vmid| vmid == context.vmid()),
            |_, _, t| {
                let hits = |gpa: u64, size_bits: u32| (gpa ^ t.gpa) >> size_bits == 0;
                t.guest.is_some_and(|leaf| scope.address.is_none_or(|gpa| hits(gpa, leaf.size_bits)))
            },
        );
    }

    /// Forgets what is in scope in the contexts that are concerned.
    fn fence(
        &mut self,
        concerns: impl Fn(Context) -> bool,
        in_scope: impl Fn(Context, u64, &Translation) -> bool,
    ) {
        let engine = &mut self.engine;
        for bank in self.tlb.banks.iter_mut().filter(|bank| concerns(bank.context)) {
            let context = bank.context;
            let in_scope = |page: u64, t: &Translation| in_scope(context, page, t);
            bank.data.forget(in_scope, |page| engine.forget(Forgotten::Data(context, page)));
            bank.fetch.forget(in_scope, |page| engine.forget(Forgotten::Fetch(context, page)));
        }
    }
}

/// Whether a fence of the first stage is about the translation of `page`. All pieces of a superpage are in
/// the scope of any address within; a fence for one ASID leaves global mappings alone. Where the first
/// stage is Bare, there is nothing that it could be about.
fn first_in_scope(scope: FenceScope, context: Context, page: u64, t: &Translation) -> bool {
    let Some(leaf) = t.first else { return false };
    let hit = scope.address.is_none_or(|va| (va ^ page << PAGE_BITS) >> leaf.size_bits == 0);
    hit && scope.id.is_none_or(|asid| asid == context.asid() && !Pte::G.is_set(leaf.pte.0))
}

impl Pages {
    /// Nothing yet, with room for this number of pages, a power of two, where the policy has a limit.
    fn new(policy: TlbPolicy, room: usize) -> Pages {
        match policy {
            TlbPolicy::Exact => Pages::Bounded { slots: vec![0; room], used: Vec::new() },
            TlbPolicy::None | TlbPolicy::Sticky => Pages::Unbounded(HashMap::new()),
        }
    }

    fn get(&self, page: u64) -> Option<Translation> {
        match self {
            Pages::Bounded { slots, used } => {
                let place = usize::from(slots[slot(page, slots)]).checked_sub(1)?;
                used.get(place).filter(|(whole, _)| *whole == page).map(|(_, t)| *t)
            }
            Pages::Unbounded(map) => map.get(&page).copied(),
        }
    }

    /// All pages and their translations.
    fn all(&self) -> Vec<(u64, Translation)> {
        match self {
            Pages::Bounded { used, .. } => used.clone(),
            Pages::Unbounded(map) => map.iter().map(|(page, t)| (*page, *t)).collect(),
        }
    }

    /// Remembers a translation, and says which page was displaced or replaced by it.
    fn insert(&mut self, page: u64, translation: Translation) -> Option<u64> {
        match self {
            Pages::Bounded { slots, used } => {
                let slot = slot(page, slots);
                let place = usize::from(slots[slot]).checked_sub(1);
                if let Some(old) = place.and_then(|place| used.get_mut(place)) {
                    return Some(std::mem::replace(old, (page, translation)).0);
                }
                used.push((page, translation));
                slots[slot] = used.len() as u16;
                None
            }
            Pages::Unbounded(map) => map.insert(page, translation).map(|_| page),
        }
    }

    /// Forgets the pages in scope and tells of each.
    fn forget(&mut self, in_scope: impl Fn(u64, &Translation) -> bool, mut tell: impl FnMut(u64)) {
        match self {
            Pages::Bounded { slots, used } => {
                let mut place = 0;
                while let Some((page, t)) = used.get(place) {
                    if !in_scope(*page, t) {
                        place += 1;
                        continue;
                    }
                    let (page, _) = used.swap_remove(place);
                    let free = slot(page, slots);
                    slots[free] = 0;
                    if let Some((moved, _)) = used.get(place) {
                        let moved = slot(*moved, slots);
                        slots[moved] = place as u16 + 1;
                    }
                    tell(page);
                }
            }
            Pages::Unbounded(map) => map.retain(|page, t| {
                let forgotten = in_scope(*page, t);
                if forgotten {
                    tell(*page);
                }
                !forgotten
            }),
        }
    }
}

/// The slot that a page has, by its low bits.
fn slot<T>(page: u64, slots: &[T]) -> usize {
    page as usize & (slots.len() - 1)
}

impl Tlb {
    /// An empty cache.
    pub(crate) fn new(policy: TlbPolicy) -> Tlb {
        Tlb { policy, banks: Vec::new(), current: 0, clock: 0 }
    }

    fn lookup(&mut self, context: Context, kind: AccessKind, page: u64) -> Option<Translation> {
        if self.banks.get(self.current).is_none_or(|bank| bank.context != context) {
            self.current = self.banks.iter().position(|bank| bank.context == context)?;
        }
        self.banks[self.current].half(kind).get(page)
    }

    /// What a lookup would find; the same for every engine, because nothing but fills and fences changes it.
    pub(crate) fn peek(&self, context: Context, kind: AccessKind, page: u64) -> Option<Translation> {
        self.banks.iter().find(|bank| bank.context == context)?.half(kind).get(page)
    }

    fn fill(
        &mut self,
        context: Context,
        kind: AccessKind,
        page: u64,
        translation: Translation,
        mut tell: impl FnMut(Forgotten),
    ) {
        if self.policy == TlbPolicy::None {
            return;
        }
        let known = self.banks.iter().position(|bank| bank.context == context);
        let i = known.unwrap_or_else(|| self.add_bank(context, &mut tell));
        self.clock += 1;
        let bank = &mut self.banks[i];
        bank.learnt = self.clock;
        if kind == AccessKind::Fetch {
            bank.fetch.insert(page, translation).inspect(|page| tell(Forgotten::Fetch(context, *page)));
        } else {
            bank.data.insert(page, translation).inspect(|page| tell(Forgotten::Data(context, *page)));
        }
    }

    fn add_bank(&mut self, context: Context, tell: &mut impl FnMut(Forgotten)) -> usize {
        if self.policy == TlbPolicy::Exact && self.banks.len() == BANKS {
            let oldest = (0..BANKS).min_by_key(|i| self.banks[*i].learnt).unwrap_or(0);
            tell(Forgotten::Context(self.banks.swap_remove(oldest).context));
        }
        let (data, fetch) = (Pages::new(self.policy, DATA_PAGES), Pages::new(self.policy, FETCH_PAGES));
        self.banks.push(Bank { context, learnt: 0, data, fetch });
        self.banks.len() - 1
    }
}

impl Bank {
    fn half(&self, kind: AccessKind) -> &Pages {
        if kind == AccessKind::Fetch { &self.fetch } else { &self.data }
    }
}
