//! Which pages of main memory hold code that some hart has decoded, and what has happened to them since.
//!
//! Whoever decodes a page marks it here first. Every store to a marked page that does not come from code that
//! knows better is then written down, so that each hart can drop what it has decoded there before it executes
//! its next instruction. Stores to other pages cost one look at the mark.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use isa::paging::{PAGE_BITS, PAGE_SIZE};

/// How many events are kept; a hart that has missed more drops everything it has decoded.
const KEPT: usize = 1024;

/// Something that concerns decoded code. Pages are numbers counted from the start of main memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CodeEvent {
    /// A hart is about to decode this page: the others must not store to it unnoticed from now on.
    Marked(u64),
    /// So many bytes at this offset from the start of main memory have been stored.
    Stored(u64, u64),
    /// Nobody may use what was decoded from this page any more; its mark is gone.
    Released(u64),
}

/// The marks, and the events since the beginning.
#[derive(Debug)]
pub(crate) struct CodeMap {
    marks: Box<[AtomicU8]>,
    /// Events so far.
    count: AtomicU64,
    recent: Mutex<VecDeque<CodeEvent>>,
}

impl CodeMap {
    /// No marks, for `len` bytes of main memory.
    pub(crate) fn new(len: u64) -> CodeMap {
        let pages = (len >> PAGE_BITS) as usize;
        CodeMap {
            marks: std::iter::repeat_with(AtomicU8::default).take(pages).collect(),
            count: AtomicU64::new(0),
            recent: Mutex::default(),
        }
    }

    /// Whether `page` is marked.
    #[inline]
    pub(crate) fn is_marked(&self, page: u64) -> bool {
        self.marks.get(page as usize).is_some_and(|mark| mark.load(Ordering::Relaxed) != 0)
    }

    /// Marks `page`.
    pub(crate) fn mark(&self, page: u64) {
        let Some(mark) = self.marks.get(page as usize) else { return };
        if mark.swap(1, Ordering::SeqCst) == 0 {
            self.tell(CodeEvent::Marked(page));
        }
    }

    /// Takes the mark from `page` away.
    pub(crate) fn release(&self, page: u64) {
        let Some(mark) = self.marks.get(page as usize) else { return };
        self.tell(CodeEvent::Released(page));
        mark.store(0, Ordering::SeqCst);
    }

    /// Notes that `bytes` bytes at `offset` into main memory have been stored.
    #[inline]
    pub(crate) fn stored(&self, offset: u64, bytes: u64) {
        if self.is_marked(offset >> PAGE_BITS) || offset % PAGE_SIZE + bytes > PAGE_SIZE {
            self.stored_to_marked(offset, bytes);
        }
    }

    #[cold]
    fn stored_to_marked(&self, offset: u64, bytes: u64) {
        let pages = offset >> PAGE_BITS..=(offset + bytes - 1) >> PAGE_BITS;
        if pages.into_iter().any(|page| self.is_marked(page)) {
            self.tell(CodeEvent::Stored(offset, bytes));
        }
    }

    /// Events so far.
    #[inline]
    pub(crate) fn count(&self) -> u64 {
        self.count.load(Ordering::Acquire)
    }

    /// The events after the first `seen`, and how many there are now; `None` where they are no longer known.
    pub(crate) fn since(&self, seen: u64) -> (Option<Vec<CodeEvent>>, u64) {
        let recent = self.recent();
        let count = self.count();
        let missed = (count - seen) as usize;
        let first = recent.len().checked_sub(missed);
        (first.map(|first| recent.range(first..).copied().collect()), count)
    }

    fn tell(&self, event: CodeEvent) {
        let mut recent = self.recent();
        if recent.len() == KEPT {
            recent.pop_front();
        }
        recent.push_back(event);
        self.count.fetch_add(1, Ordering::Release);
    }

    fn recent(&self) -> MutexGuard<'_, VecDeque<CodeEvent>> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stores_to_marked_pages_are_told_of() {
        let map = CodeMap::new(4 * PAGE_SIZE);
        map.stored(0x1000, 8);
        assert_eq!(map.count(), 0);
        map.mark(1);
        map.mark(1);
        map.stored(0x1ff8, 8);
        map.stored(0x2000, 8);
        map.stored(0x0ffc, 8);
        let events = vec![CodeEvent::Marked(1), CodeEvent::Stored(0x1ff8, 8), CodeEvent::Stored(0x0ffc, 8)];
        assert_eq!(map.since(0), (Some(events.clone()), 3));
        assert_eq!(map.since(2), (Some(events[2..].to_vec()), 3));
        map.release(1);
        map.stored(0x1000, 8);
        assert_eq!(map.since(3), (Some(vec![CodeEvent::Released(1)]), 4));
    }

    #[test]
    fn who_has_missed_too_much_is_told_so() {
        let map = CodeMap::new(PAGE_SIZE);
        map.mark(0);
        for _ in 0..KEPT {
            map.stored(0, 1);
        }
        assert_eq!(map.since(0), (None, 1 + KEPT as u64));
        assert_eq!(map.since(1).0.map(|events| events.len()), Some(KEPT));
    }
}
