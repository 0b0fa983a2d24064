//! The code cache of a hart: blocks by the page of main memory that they were decoded from.
//!
//! A block depends on the bytes of its page and on nothing else, so it outlives every trap, fence and change of
//! address space, and serves every virtual address that its page is mapped at.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU16, AtomicU32, Ordering};

use isa::paging::{PAGE_BITS, PAGE_SIZE};

use super::arena::Arena;
use super::handler::control;
use super::op::{Handler, Header, MAX_LEN, Op, header};
use super::view::Views;
use crate::code_map::{CodeEvent, Follower};
use crate::ram::Ram;

/// Halfwords in a page: places where a block can start.
const PLACES: usize = (PAGE_SIZE / 2) as usize;

/// Bytes of a page that are dropped together.
const PIECE: u64 = PAGE_SIZE / 64;

/// Slots that are always there, and what they do: see [`control`].
pub(super) const MISSING: u32 = 1;
pub(super) const STEP: u32 = 3;
pub(super) const LINK: u32 = 5;
pub(super) const LEAVE_PAGE: u32 = 7;
const FIXED_SLOTS: usize = 8;

/// Instructions that are executed, for each slot, between two times at which the arena is full; where it is fewer, it
/// is too small. To decode what has been dropped takes a few hundredths of the time that these take.
pub(super) const STEPS_PER_SLOT: u64 = 512;

/// Where a page of main memory is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    /// Its physical address.
    pub(super) address: u64,
    /// Its address in the host's memory.
    host: *const u8,
}

impl Place {
    /// The halfword at `offset`, which is less than the size of a page and even.
    pub(super) fn half(self, offset: u64) -> u32 {
        // SAFETY: the page lies in main memory, which is only accessed by atomics.
        let half = unsafe { AtomicU16::from_ptr(self.host.add(offset as usize).cast_mut().cast()) };
        u16::from_le(half.load(Ordering::Relaxed)).into()
    }

    /// The word of the instruction at `offset`, in which a 16-bit one has zeros above; `None` where it does not end in
    /// the page. As Ziccif has it, four aligned bytes are one access, which sees no part of another hart's store.
    pub(super) fn instruction(self, offset: u64) -> Option<u32> {
        if offset.is_multiple_of(4) {
            // SAFETY: as for `half`.
            let word = unsafe { AtomicU32::from_ptr(self.host.add(offset as usize).cast_mut().cast()) };
            let word = u32::from_le(word.load(Ordering::Relaxed));
            return Some(if word & 3 == 3 { word } else { word & 0xffff });
        }
        let low = self.half(offset);
        if low & 3 != 3 {
            return Some(low);
        }
        (offset + 4 <= PAGE_SIZE).then(|| low | self.half(offset + 2) << 16)
    }
}

/// A page with blocks.
pub(super) struct CodePage {
    /// Where the page is.
    pub(super) place: Place,
    /// The slot of the first op of the block that starts at each place; [`MISSING`] or [`STEP`] where none does.
    entries: Box<[u32; PLACES]>,
    /// Bit n is set where something in piece n may have been decoded.
    pieces: u64,
    /// It has been asked whether all harts know the page's mark.
    asked: bool,
}

/// The code cache.
pub(super) struct Code {
    pub(super) arena: Arena,
    pages: Vec<CodePage>,
    by_number: HashMap<u64, u32>,
    /// The memory that the code is in.
    ram: u64,
    /// How many of its events have been taken note of.
    seen: u64,
    /// What shows that to harts that run at the same time.
    follower: Option<Follower>,
    /// Pages, by their number, whose marks some of these may not know, so that stores may go unnoticed; and the event
    /// from which on they do.
    unsettled: Vec<(u64, u64)>,
    /// How many instructions the hart had retired when the arena was full last.
    full: u64,
}

impl Code {
    pub(super) fn new() -> Code {
        let mut code = Code {
            arena: Arena::new(),
            pages: Vec::new(),
            by_number: HashMap::new(),
            ram: 0,
            seen: 0,
            follower: None,
            unsettled: Vec::new(),
            full: 0,
        };
        code.add_fixed_slots();
        code
    }

    /// Puts the code that is entered in place of a block where there is none.
    fn add_fixed_slots(&mut self) {
        if self.arena.take(FIXED_SLOTS).is_none() {
            return;
        }
        let fixed: [(u32, Handler); 4] = [
            (MISSING, control::missing),
            (STEP, control::missing),
            (LINK, control::link),
            (LEAVE_PAGE, control::leave_page),
        ];
        for (slot, run) in fixed {
            let none = Header { shorts: 0, page: 0, start: 0, len: 0 };
            // SAFETY: the slots have just been taken, and nothing refers to them yet.
            unsafe {
                self.arena.start().add(slot as usize - 1).cast::<Header>().write(none);
                self.arena.start().add(slot as usize).write(Op { run, imm: 0, rd: 0, a: 0, b: 0, n: 0 });
            }
        }
    }

    /// Whether there is room for blocks at all.
    pub(super) fn is_usable(&self) -> bool {
        !self.arena.start().is_null()
    }

    /// Takes the first look at another memory.
    fn adopt(&mut self, ram: &Ram, views: &mut Views) {
        let (_, number) = ram.host();
        if self.ram != number {
            views.forget_all();
            self.clear();
            self.pages.clear();
            self.by_number.clear();
            self.follower = None;
            (self.ram, self.seen) = (number, 0);
        }
    }

    /// Begins to execute at the same time as others.
    pub(super) fn join(&mut self, ram: &Ram, views: &mut Views) {
        self.adopt(ram, views);
        self.follower.get_or_insert_with(|| ram.code().follow()).begin(self.seen);
        self.catch_up(ram, views);
    }

    /// Executes nothing until it joins again.
    pub(super) fn rest(&self) {
        if let Some(follower) = &self.follower {
            follower.rest();
        }
    }

    /// Drops what is no longer as it was decoded. Says whether there was anything to take note of.
    pub(super) fn catch_up(&mut self, ram: &Ram, views: &mut Views) -> bool {
        self.adopt(ram, views);
        if self.seen == ram.code().count() {
            return false;
        }
        let (events, seen) = ram.code().since(self.seen);
        self.seen = seen;
        match events {
            Some(events) => events.into_iter().for_each(|event| self.hear(ram, views, event)),
            None => self.forget_blocks(views),
        }
        if let Some(follower) = &self.follower {
            follower.show(seen);
        }
        true
    }

    fn hear(&mut self, ram: &Ram, views: &mut Views, event: CodeEvent) {
        match event {
            CodeEvent::Marked(page) => {
                let (host, _) = ram.host();
                views.forbid_stores(host as u64 + (page << PAGE_BITS));
            }
            CodeEvent::Stored(offset, bytes) => self.stored(ram, offset, bytes),
            CodeEvent::Released(page) => {
                self.drop_range(page, 0, PAGE_SIZE);
                if let Some(i) = self.by_number.get(&page) {
                    self.pages[*i as usize].asked = false;
                    self.unsettled.retain(|(unsettled, _)| *unsettled != page);
                }
            }
        }
    }

    /// Drops what may have been changed by stores that went unnoticed.
    pub(super) fn settle(&mut self, ram: &Ram) {
        let Some(follower) = self.follower.as_ref().filter(|_| !self.unsettled.is_empty()) else { return };
        let known = ram.code().known(follower);
        for n in 0..self.unsettled.len() {
            let (page, _) = self.unsettled[n];
            self.drop_range(page, 0, PAGE_SIZE);
        }
        // From now on stores to these pages are noticed.
        self.unsettled.retain(|(_, event)| *event > known);
    }

    /// Drops the blocks that a store has changed, and the mark of a page that has none any more.
    fn stored(&mut self, ram: &Ram, offset: u64, bytes: u64) {
        for page in offset >> PAGE_BITS..=(offset + bytes - 1) >> PAGE_BITS {
            let start = page << PAGE_BITS;
            let first = offset.max(start) - start;
            let end = (offset + bytes).min(start + PAGE_SIZE) - start;
            self.drop_range(page, first, end);
            let is_empty = self.by_number.get(&page).is_none_or(|i| self.pages[*i as usize].pieces == 0);
            if is_empty && ram.code().is_marked(page) {
                ram.code().release(page);
            }
        }
    }

    /// Drops the blocks that have to do with the pieces that bytes `from..to` of a page are in.
    fn drop_range(&mut self, page: u64, from: u64, to: u64) {
        let Some(i) = self.by_number.get(&page) else { return };
        let arena = self.arena.start();
        let page = &mut self.pages[*i as usize];
        let (first, last) = (from / PIECE, (to - 1) / PIECE);
        let concerned = (u64::MAX >> (63 - (last - first))) << first;
        if page.pieces & concerned == 0 {
            return;
        }
        page.pieces &= !concerned;
        let (from, to) = (first * PIECE, (last + 1) * PIECE);
        let longest = 4 * MAX_LEN as u64;
        let places = from.saturating_sub(longest) / 2..to / 2;
        for entry in &mut page.entries[places.start as usize..places.end as usize] {
            if *entry == STEP {
                *entry = MISSING;
            }
            if *entry == MISSING {
                continue;
            }
            // SAFETY: entries that are no fixed slots are the first ops of blocks, and no handler is running.
            unsafe {
                let op = arena.add(*entry as usize);
                if (*header(op)).end() > from {
                    // Other blocks that are linked to this one find out when they get here.
                    (*op).run = control::dropped;
                    *entry = MISSING;
                }
            }
        }
    }

    /// Drops all blocks. The pages stay, because the blocks may be in use.
    fn clear(&mut self) {
        for page in &mut self.pages {
            page.entries.fill(MISSING);
            page.pieces = 0;
            page.asked = false;
        }
        self.unsettled.clear();
        self.arena.truncate(FIXED_SLOTS);
    }

    /// Drops all blocks because other ones are to be built.
    pub(super) fn forget_blocks(&mut self, views: &mut Views) {
        views.forget_all();
        self.clear();
    }

    /// Drops everything, while no block is in use, because the arena is full, and makes it larger if it was full not
    /// long ago. The hart has retired so many instructions.
    pub(super) fn make_room(&mut self, views: &mut Views, retired: u64) {
        if retired.saturating_sub(self.full) < STEPS_PER_SLOT * self.arena.room() as u64 {
            self.arena.grow();
        }
        self.full = retired;
        views.forget_all();
        self.pages.clear();
        self.by_number.clear();
        self.clear();
    }

    /// The index of the page of main memory with the address `pa`, which is marked from now on.
    pub(super) fn page(&mut self, ram: &Ram, pa: u64) -> u32 {
        let number = (pa - ram.base()) >> PAGE_BITS;
        let (start, _) = ram.host();
        let host = start.wrapping_add((number << PAGE_BITS) as usize).cast_const();
        let place = Place { address: pa & !(PAGE_SIZE - 1), host };
        if !ram.code().is_marked(number) {
            ram.code().mark(number);
        }
        let index = *self.by_number.entry(number).or_insert_with(|| {
            let entries = Box::new([MISSING; PLACES]);
            self.pages.push(CodePage { place, entries, pieces: 0, asked: false });
            (self.pages.len() - 1) as u32
        });
        self.ask(ram, number, index);
        index
    }

    /// Finds out, before a page is decoded for the first time since it was marked, whether all harts know the mark.
    fn ask(&mut self, ram: &Ram, number: u64, index: u32) {
        let Some(follower) = &self.follower else { return };
        if !std::mem::replace(&mut self.pages[index as usize].asked, true) {
            // The mark's own event is none of those after this one.
            let event = ram.code().count();
            if event > ram.code().known(follower) {
                self.unsettled.push((number, event));
            }
        }
    }

    /// The page with this index.
    pub(super) fn page_at(&self, index: u32) -> &CodePage {
        &self.pages[index as usize]
    }

    /// How many pages have entries.
    #[cfg(test)]
    pub(super) fn pages(&self) -> usize {
        self.pages.len()
    }

    /// Where the entries of the page with this index are. They stay there until room is made.
    pub(super) fn entries(&self, index: u32) -> *const u32 {
        self.pages[index as usize].entries.as_ptr()
    }

    /// Says that at `start` bytes into a page begins what is in `slot`, decoded from all before `end`.
    pub(super) fn enter(&mut self, page: u32, start: u64, end: u64, slot: u32) {
        let page = &mut self.pages[page as usize];
        page.entries[(start / 2) as usize] = slot;
        let (first, last) = (start / PIECE, (end - 1) / PIECE);
        page.pieces |= (u64::MAX >> (63 - (last - first))) << first;
    }
}

impl CodePage {
    /// The slot of what starts `offset` bytes into the page.
    pub(super) fn entry(&self, offset: u64) -> u32 {
        self.entries[(offset / 2) as usize]
    }
}
