//! Fences of VS-stage translations that one virtual hart asks of another. SBI, "RFENCE Extension".
//!
//! They wait in a queue for the virtual hart, which carries them out before it runs on, where its VMID is in `hgatp`.

use isa::paging::PAGE_SIZE;

use crate::addr::Gva;
use crate::hart::Hart;
use crate::museum::{Mistake, is_repeated};

/// More pages than this are not worth a fence each.
const MOST_PAGES: u64 = 512;

/// How many fences wait before all of them become one of everything.
const QUEUE: usize = 64;

/// A range of guest virtual addresses to forget.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Fence {
    start: Gva,
    /// Bytes; `None` for every address.
    size: Option<u64>,
    asid: Option<u16>,
}

impl Fence {
    /// The range of an SBI call, where a size of 0 with a start of 0, and a size of all ones, stand for every address;
    /// so does a range that wraps.
    pub(crate) fn new(start: u64, size: u64, asid: Option<u16>) -> Fence {
        if is_repeated(Mistake::B23) {
            return Fence { start: Gva(start), size: Some(size & 0xffff_ffff_f000), asid };
        }
        let every = start == 0 && size == 0 || size == u64::MAX || start.checked_add(size).is_none();
        Fence { start: Gva(start), size: (!every).then_some(size), asid }
    }

    /// Carries it out on the hart that has the guest's VMID.
    pub(crate) fn run<H: Hart>(self, hart: &mut H) {
        let first = self.start.page();
        // A range that ends within a page concerns all of it.
        let pages = self.size.map(|size| (self.start.page_offset() + size).div_ceil(PAGE_SIZE));
        match pages {
            Some(pages) if pages <= MOST_PAGES => {
                for page in 0..pages {
                    hart.hfence_vvma(Some(first.offset(page * PAGE_SIZE)), self.asid);
                }
            }
            _ => hart.hfence_vvma(None, self.asid),
        }
    }
}

/// Fences that wait.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Queue {
    fences: [Option<Fence>; QUEUE],
    length: usize,
}

impl Queue {
    pub(crate) const fn new() -> Queue {
        Queue { fences: [None; QUEUE], length: 0 }
    }

    /// Adds a fence; `false` where there is no room, and everything must be forgotten in its place.
    pub(crate) fn add(&mut self, fence: Fence) -> bool {
        let Some(slot) = self.fences.get_mut(self.length) else { return false };
        *slot = Some(fence);
        self.length += 1;
        true
    }

    /// Takes all that wait.
    pub(crate) fn take(&mut self) -> impl Iterator<Item = Fence> + use<> {
        let taken = core::mem::replace(self, Queue::new());
        taken.fences.into_iter().flatten()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Event, FakeHart};

    fn ran(start: u64, size: u64, asid: Option<u16>) -> Vec<Event> {
        let mut hart = FakeHart::default();
        Fence::new(start, size, asid).run(&mut hart);
        hart.take_events()
    }

    #[test]
    fn every_page_that_a_range_touches_is_forgotten() {
        let page = |gva| Event::HfenceVvma(Some(Gva(gva)), Some(3));
        assert_eq!(ran(0x1ff0, 0x20, Some(3)), [page(0x1000), page(0x2000)]);
        assert_eq!(ran(0x1000, 0x1000, Some(3)), [page(0x1000)]);
        assert_eq!(ran(0x1000, 0, Some(3)), []);
        assert_eq!(ran(0x1000, 512 << 12, None).len(), 512);
    }

    #[test]
    fn sizes_that_mean_everything_do_and_so_do_large_and_wrapping_ranges() {
        for (start, size) in
            [(0, 0), (0, u64::MAX), (0x1000, u64::MAX), (u64::MAX, 1), (u64::MAX - 5, 7), (0, 513 << 12)]
        {
            assert_eq!(ran(start, size, None), [Event::HfenceVvma(None, None)], "{start:#x} {size:#x}");
        }
        assert_eq!(ran(0, u64::MAX, Some(7)), [Event::HfenceVvma(None, Some(7))]);
    }

    #[test]
    fn a_full_queue_says_so_and_is_emptied() {
        let mut queue = Queue::new();
        let fence = Fence::new(0x1000, 1, None);
        assert!((0..QUEUE).all(|_| queue.add(fence)));
        assert!(!queue.add(fence));
        assert_eq!(queue.take().count(), QUEUE);
        assert_eq!(queue.take().count(), 0);
    }
}
