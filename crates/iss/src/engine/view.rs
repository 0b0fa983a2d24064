//! Views: memory as one mode in one context sees it, in a form that an access can be looked up in by one comparison.
//!
//! A view never says more than the translation cache and memory protection do at the moment: what the former
//! forgets is taken out of the views at once, and when the latter changes they are all emptied. So nothing that
//! a guest can observe depends on what is in them.

use isa::paging::{PAGE_BITS, PAGE_SIZE};
use isa::{Privilege, csr};

use super::op::Op;
use crate::bus::Bus;
use crate::hart::Hart;
use crate::mmu::Access;
use crate::mmu::tlb::{Context, Forgotten};
use crate::observe::AccessKind;

/// Lines of a view, one for each value of the low page-number bits.
pub(super) const LINES: usize = 2048;

/// Views that are kept; one that has not been selected for long makes room.
const VIEWS: usize = 48;

/// A tag that no address has: those compared with it have zeros in some of their low bits.
const NONE: u64 = u64::MAX;

/// Loads and stores to one page of main memory.
///
/// A tag is the page's virtual address where the access may be made right away, and [`NONE`] where it needs a
/// closer look. It is compared with the address of the access less its offset into the page but for the bits
/// that are to be zero, so that misaligned accesses need the closer look.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    /// The tag for loads.
    pub(super) read: u64,
    /// The tag for stores.
    pub(super) write: u64,
    /// What to add to a virtual address to get the host's.
    pub(super) to_host: u64,
    unused: u64,
}

/// Fetches from one page of main memory.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct FetchLine {
    /// The page's virtual address, or [`NONE`].
    pub(super) tag: u64,
    /// For each halfword of the page the slot of the block that starts there.
    pub(super) entries: *const u32,
}

/// Blocks that were jumped to lately, so that they can be found by one look.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(super) struct Known {
    /// The block's virtual address, or [`NONE`].
    pub(super) va: u64,
    /// Its first op.
    pub(super) op: *const Op,
}

/// Where `va` is looked for among the blocks that were jumped to lately: those of one page lie in
/// [`KNOWN_OF_PAGE`] places one after another.
#[inline(always)]
pub(super) const fn place(va: u64) -> usize {
    ((va >> 1) as usize & (KNOWN_OF_PAGE - 1)) | ((va >> 6) as usize & (LINES - KNOWN_OF_PAGE))
}

/// Places that the blocks of one page share.
const KNOWN_OF_PAGE: usize = 64;

const NOT_KNOWN: Known = Known { va: NONE, op: std::ptr::null() };
const NO_LINE: Line = Line { read: NONE, write: NONE, to_host: 0, unused: 0 };
const NO_FETCH_LINE: FetchLine = FetchLine { tag: NONE, entries: std::ptr::null() };

/// A table with an address that stays.
struct Table<T> {
    start: *mut T,
}

impl<T: Copy> Table<T> {
    fn new(empty: T) -> Table<T> {
        let lines: Box<[T]> = vec![empty; LINES].into();
        Table { start: Box::into_raw(lines).cast() }
    }

    /// The line that `page` has.
    fn line(&mut self, page: u64) -> &mut T {
        // SAFETY: the table has LINES lines and is reached through nothing else while the engine's ops do not run.
        unsafe { &mut *self.start.add(page as usize % LINES) }
    }

    fn lines(&mut self) -> &mut [T] {
        // SAFETY: as for `line`.
        unsafe { std::slice::from_raw_parts_mut(self.start, LINES) }
    }
}

impl<T> Drop for Table<T> {
    fn drop(&mut self) {
        // SAFETY: it was made by `Box::into_raw` from so many lines.
        drop(unsafe { Box::from_raw(std::ptr::slice_from_raw_parts_mut(self.start, LINES)) });
    }
}

/// What a view depends on beside the translation cache and memory protection, packed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Key(u64);

impl Key {
    const FETCH: u64 = 1 << 63;
    const TRANSLATED: u64 = 1 << 62;

    fn context(self) -> u64 {
        self.0 & ((1 << Context::BITS) - 1)
    }

    fn is_of(self, context: Context) -> bool {
        self.0 & Key::TRANSLATED != 0 && self.context() == context.bits()
    }
}

enum Lines {
    Data(Table<Line>),
    Fetch(Table<FetchLine>, Table<Known>),
}

struct View {
    key: Key,
    selected: u64,
    lines: Lines,
}

/// The views of a hart.
pub(super) struct Views {
    views: Vec<View>,
    clock: u64,
    /// A view of nothing.
    empty: Table<Line>,
}

impl Views {
    pub(super) fn new() -> Views {
        Views { views: Vec::new(), clock: 0, empty: Table::new(NO_LINE) }
    }

    /// A view in which every access needs a closer look.
    pub(super) fn empty(&self) -> *const Line {
        self.empty.start
    }

    fn select(&mut self, key: Key) -> &mut View {
        self.clock += 1;
        let i = match self.views.iter().position(|view| view.key == key) {
            Some(i) => i,
            None => self.add(key),
        };
        let view = &mut self.views[i];
        view.selected = self.clock;
        view
    }

    #[cold]
    fn add(&mut self, key: Key) -> usize {
        let lines = if key.0 & Key::FETCH == 0 {
            Lines::Data(Table::new(NO_LINE))
        } else {
            Lines::Fetch(Table::new(NO_FETCH_LINE), Table::new(NOT_KNOWN))
        };
        if self.views.len() == VIEWS {
            let oldest = (0..VIEWS).min_by_key(|i| self.views[*i].selected).unwrap_or(0);
            self.views.swap_remove(oldest);
        }
        self.views.push(View { key, selected: 0, lines });
        self.views.len() - 1
    }

    /// Takes out what the translation cache has forgotten, and says whether fetches are concerned.
    pub(super) fn forget(&mut self, forgotten: Forgotten) -> bool {
        match forgotten {
            Forgotten::Data(context, page) => {
                for view in self.views.iter_mut().filter(|view| view.key.is_of(context)) {
                    if let Lines::Data(table) = &mut view.lines {
                        *table.line(page) = NO_LINE;
                    }
                }
                false
            }
            Forgotten::Fetch(context, page) => {
                for view in self.views.iter_mut().filter(|view| view.key.is_of(context)) {
                    if let Lines::Fetch(table, known) = &mut view.lines {
                        *table.line(page) = NO_FETCH_LINE;
                        let first = place(page << PAGE_BITS);
                        known.lines()[first..first + KNOWN_OF_PAGE].fill(NOT_KNOWN);
                    }
                }
                true
            }
            Forgotten::Context(context) => {
                for view in self.views.iter_mut().filter(|view| view.key.is_of(context)) {
                    view.empty();
                }
                true
            }
        }
    }

    /// Empties every view.
    pub(super) fn forget_all(&mut self) {
        self.views.iter_mut().for_each(View::empty);
    }

    /// Lets no store reach the page at this address of the host without a closer look.
    pub(super) fn forbid_stores(&mut self, host: u64) {
        for view in &mut self.views {
            let Lines::Data(table) = &mut view.lines else { continue };
            for line in table.lines() {
                if line.write != NONE && line.write.wrapping_add(line.to_host) == host {
                    line.write = NONE;
                }
            }
        }
    }
}

impl View {
    fn empty(&mut self) {
        match &mut self.lines {
            Lines::Data(table) => table.lines().fill(NO_LINE),
            Lines::Fetch(table, known) => {
                table.lines().fill(NO_FETCH_LINE);
                known.lines().fill(NOT_KNOWN);
            }
        }
    }
}

impl Hart {
    /// What the view for `access` depends on.
    fn key(&self, access: &Access) -> Key {
        let is_fetch = access.kind == AccessKind::Fetch;
        let fetch = if is_fetch { Key::FETCH } else { 0 };
        let is_machine = access.privilege == Privilege::M && !access.virt;
        if !self.is_translated(access) {
            return Key(fetch | u64::from(is_machine) << Context::BITS);
        }
        let bit = |set: bool, n: u32| u64::from(set) << (Context::BITS + n);
        let c = &self.csr;
        let own_status = if access.virt { c.vsstatus } else { c.mstatus };
        let seen_by_data = if is_fetch {
            0
        } else {
            bit(csr::sstatus::SUM.is_set(own_status), 1)
                | bit(csr::sstatus::MXR.is_set(own_status), 2)
                | bit(csr::sstatus::MXR.is_set(c.mstatus), 3)
        };
        let user = bit(access.privilege == Privilege::U, 4);
        Key(Key::TRANSLATED | fetch | self.context(access).bits() | user | seen_by_data)
    }

    /// Selects the views for the state that the hart is in.
    pub(super) fn select_views(&mut self) {
        let load = self.explicit(AccessKind::Load);
        let data = self.data_lines(&load, true);
        let may_look_into_guest = !self.mode().virt && self.mode().privilege != Privilege::U;
        let guest = self.data_lines(&self.as_guest(AccessKind::Load), may_look_into_guest);
        let fetch = self.key(&self.fetching());
        let engine = &mut self.engine;
        engine.hot.lines = data;
        engine.hot.guest_lines = guest;
        if let Lines::Fetch(table, known) = &engine.views.select(fetch).lines {
            engine.hot.fetch_lines = table.start;
            engine.hot.known = known.start;
        }
    }

    fn data_lines(&mut self, access: &Access, allowed: bool) -> *const Line {
        let is_masked = self.csr.masks_pointers && self.pmlen(access) != 0;
        if is_masked || !allowed {
            return self.engine.views.empty();
        }
        let key = self.key(access);
        match &self.engine.views.select(key).lines {
            Lines::Data(table) => table.start,
            Lines::Fetch(..) => self.engine.views.empty(),
        }
    }

    /// After an access to `va` has been made: whether such accesses can do without a closer look from now on.
    pub(super) fn learn(&mut self, bus: &dyn Bus, access: &Access, va: u64) {
        if access.hlvx || self.csr.masks_pointers && self.pmlen(access) != 0 {
            return;
        }
        let va = va & !(PAGE_SIZE - 1);
        let load = Access { kind: AccessKind::Load, ..*access };
        let store = Access { kind: AccessKind::Store, ..*access };
        let Some((page, [may_load, may_store])) = self.peek(va, [&load, &store]) else { return };
        let ram = bus.ram();
        if !ram.contains(page, PAGE_SIZE) || self.is_page_watched(va) {
            return;
        }
        let (host, _) = ram.host();
        let host = host as u64 + (page - ram.base());
        let watched = bus.watched();
        let is_watched = page < watched.end && page + PAGE_SIZE > watched.start;
        let is_code = ram.code().is_marked((page - ram.base()) >> PAGE_BITS);
        let tag = |set: bool| if set { va } else { NONE };
        let line = Line {
            read: tag(may_load),
            write: tag(may_store && !is_watched && !is_code),
            to_host: host.wrapping_sub(va),
            unused: 0,
        };
        let key = self.key(&load);
        if let Lines::Data(table) = &mut self.engine.views.select(key).lines {
            *table.line(va >> PAGE_BITS) = line;
        }
    }

    /// Whether an observer wants to be told of accesses to the page at `va`.
    fn is_page_watched(&self, va: u64) -> bool {
        let hot = &self.engine.hot;
        // SAFETY: the observer is lent to the run that this access is part of, and is not in use now.
        hot.watches
            && hot
                .observer
                .is_some_and(|observer| unsafe { (*observer).watches(&(va..va.saturating_add(PAGE_SIZE))) })
    }

    /// The page of main memory that code at `pc` is in, where it can be fetched without a closer look.
    pub(super) fn code_page(&self, bus: &dyn Bus, pc: u64) -> Option<u64> {
        let (page, [may_fetch]) = self.peek(pc & !(PAGE_SIZE - 1), [&self.fetching()])?;
        (may_fetch && bus.ram().contains(page, PAGE_SIZE)).then_some(page)
    }

    /// Lets fetches from the page of `pc` find the blocks in `entries`.
    pub(super) fn learn_code(&mut self, pc: u64, entries: *const u32) {
        let key = self.key(&self.fetching());
        if let Lines::Fetch(table, _) = &mut self.engine.views.select(key).lines {
            *table.line(pc >> PAGE_BITS) = FetchLine { tag: pc & !(PAGE_SIZE - 1), entries };
        }
    }

    /// The physical page of `va` as far as no walk is needed, and which of `accesses`, which differ in kind
    /// alone, may be made to all of it.
    fn peek<const N: usize>(&self, va: u64, accesses: [&Access; N]) -> Option<(u64, [bool; N])> {
        let any = accesses[0];
        if !self.is_translated(any) {
            return Some((va, accesses.map(|access| self.pmp_permits(access, va, PAGE_SIZE))));
        }
        let known = self.tlb.peek(self.context(any), any.kind, va >> PAGE_BITS)?;
        Some((
            known.page,
            accesses.map(|access| {
                known.is_dirty_enough(access)
                    && self.leaves_permit(access, &known, va).is_ok()
                    && self.pmp_permits(access, known.page, PAGE_SIZE)
            }),
        ))
    }
}
