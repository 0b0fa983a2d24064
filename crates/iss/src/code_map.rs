//! Which pages of main memory hold code that some hart has decoded, and what has happened to them since.
//!
//! Whoever decodes a page marks it here first. Every store to a marked page that does not come from code that
//! knows better is then written down, so that each hart can drop what it has decoded there before it executes
//! its next instruction. Stores to other pages cost one look at the mark.
//!
//! Harts that run at the same time follow the events: each shows how many it has taken note of, and so up to which
//! marks it knows. What it stores to a page with a younger mark may not be written down. A hart that decodes such a
//! page therefore drops what it has decoded there at its next FENCE.I, and goes on doing so until all others know
//! the mark. A hart that executes nothing shows that it knows everything, and takes note of what has happened before
//! it executes again.
//!
//! Marks change under the lock of the events, after the event has been counted. So whoever sees a mark, or sees that
//! there is none any more, also sees that there is an event that tells so; and whoever has taken note of the event
//! sees the mark.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering, fence};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

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
    /// How many events each hart that runs at the same time as others has taken note of.
    followers: Mutex<Vec<Arc<AtomicU64>>>,
}

/// A hart that runs at the same time as others, as these see it.
#[derive(Debug)]
pub(crate) struct Follower(Arc<AtomicU64>);

/// What a follower shows that executes nothing.
const RESTS: u64 = u64::MAX;

impl Follower {
    /// Shows that the first `seen` events have been taken note of.
    pub(crate) fn show(&self, seen: u64) {
        self.0.store(seen, Ordering::Release);
    }

    /// Shows that nothing is executed from now on.
    pub(crate) fn rest(&self) {
        self.show(RESTS);
    }

    /// Shows that something is executed from now on, by who has taken note of the first `seen` events. It has to look
    /// whether there are more before it executes anything.
    pub(crate) fn begin(&self, seen: u64) {
        self.show(seen);
        // Either we see the event of a mark, or who has made it sees us: this goes with the fence in `known`.
        fence(Ordering::SeqCst);
    }
}

impl Drop for Follower {
    fn drop(&mut self) {
        self.rest();
    }
}

impl CodeMap {
    /// No marks, for `len` bytes of main memory.
    pub(crate) fn new(len: u64) -> CodeMap {
        let pages = (len >> PAGE_BITS) as usize;
        CodeMap {
            marks: std::iter::repeat_with(AtomicU8::default).take(pages).collect(),
            count: AtomicU64::new(0),
            recent: Mutex::default(),
            followers: Mutex::default(),
        }
    }

    /// Whether `page` is marked.
    #[inline]
    pub(crate) fn is_marked(&self, page: u64) -> bool {
        self.marks.get(page as usize).is_some_and(|mark| mark.load(Ordering::Acquire) != 0)
    }

    /// Marks `page`.
    pub(crate) fn mark(&self, page: u64) {
        let Some(mark) = self.marks.get(page as usize) else { return };
        let mut recent = self.recent();
        if mark.load(Ordering::Relaxed) == 0 {
            self.tell(&mut recent, CodeEvent::Marked(page));
            mark.store(1, Ordering::Release);
        }
    }

    /// Takes the mark from `page` away.
    ///
    /// Another hart may be decoding the page. If it has found the mark there, it has not taken note of this event
    /// yet, and will drop what it has decoded when it does: before its FENCE.I comes to an end that is to make a
    /// store visible which was not written down because the mark was gone. If it has not, it marks the page anew.
    pub(crate) fn release(&self, page: u64) {
        let Some(mark) = self.marks.get(page as usize) else { return };
        let mut recent = self.recent();
        if mark.load(Ordering::Relaxed) != 0 {
            self.tell(&mut recent, CodeEvent::Released(page));
            mark.store(0, Ordering::Release);
        }
    }

    /// Makes a hart one that others wait for until it knows their marks. It rests.
    pub(crate) fn follow(&self) -> Follower {
        let seen = Arc::new(AtomicU64::new(RESTS));
        let mut followers = self.followers();
        followers.retain(|follower| Arc::strong_count(follower) > 1);
        followers.push(Arc::clone(&seen));
        Follower(seen)
    }

    /// Up to which event all harts but `own` that run at the same time know what has happened. All that they have
    /// stored before they did is visible.
    pub(crate) fn known(&self, own: &Follower) -> u64 {
        fence(Ordering::SeqCst);
        let followers = self.followers();
        let others = followers.iter().filter(|follower| !Arc::ptr_eq(follower, &own.0));
        others.map(|follower| follower.load(Ordering::Acquire)).min().unwrap_or(RESTS)
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
            self.tell(&mut self.recent(), CodeEvent::Stored(offset, bytes));
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

    fn tell(&self, recent: &mut VecDeque<CodeEvent>, event: CodeEvent) {
        if recent.len() == KEPT {
            recent.pop_front();
        }
        recent.push_back(event);
        self.count.fetch_add(1, Ordering::Release);
    }

    fn followers(&self) -> MutexGuard<'_, Vec<Arc<AtomicU64>>> {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner)
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
    fn what_is_known_to_all_is_what_the_slowest_hart_that_executes_knows() {
        let map = CodeMap::new(PAGE_SIZE);
        let [a, b, c] = [(); 3].map(|()| map.follow());
        assert_eq!(map.known(&a), u64::MAX, "the others execute nothing");
        b.begin(3);
        c.begin(5);
        assert_eq!((map.known(&a), map.known(&b)), (3, 5));
        b.show(7);
        assert_eq!(map.known(&a), 5);
        c.rest();
        assert_eq!(map.known(&a), 7);
        drop(b);
        assert_eq!(map.known(&a), u64::MAX);
        map.follow();
        assert_eq!(map.followers().len(), 3, "who is gone makes room");
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
