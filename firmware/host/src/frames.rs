//! Frames of memory: what lies above the kernel, handed out in powers of two.

use core::ops::Range;
use core::ptr::{copy_nonoverlapping, write_bytes};

use hyp::{Frames, Hpa};
use isa::paging::PAGE_SIZE;

/// The largest frame: a root page table.
const LARGEST: u64 = 4 * PAGE_SIZE;

/// The frames of the machine. Free ones form a list for each size, linked through their first doubleword.
pub(crate) struct Memory {
    free: [Option<Hpa>; 3],
    /// What was never handed out.
    rest: Range<u64>,
}

impl Memory {
    /// Hands out `range`.
    ///
    /// # Safety
    /// The range is RAM that nobody else uses.
    pub(crate) unsafe fn new(range: Range<u64>) -> Memory {
        Memory { free: [None; 3], rest: range.start.next_multiple_of(LARGEST)..range.end }
    }

    /// How many bytes were never handed out.
    pub(crate) fn untouched(&self) -> u64 {
        self.rest.end.saturating_sub(self.rest.start)
    }
}

/// The list of frames of `size`: pages, pairs of pages and fours of them.
fn list(size: u64) -> usize {
    assert!(size.is_power_of_two() && (PAGE_SIZE..=LARGEST).contains(&size), "frames have three sizes");
    (size / PAGE_SIZE).ilog2() as usize
}

impl Frames for Memory {
    fn allocate(&mut self, size: u64) -> Option<Hpa> {
        let list = list(size);
        let frame = match self.free[list] {
            Some(frame) => {
                let next = self.read_entry(frame);
                self.free[list] = (next != 0).then_some(Hpa(next));
                frame
            }
            None => {
                let frame = self.rest.start.next_multiple_of(size);
                let end = frame.checked_add(size).filter(|end| *end <= self.rest.end)?;
                self.rest.start = end;
                Hpa(frame)
            }
        };
        // SAFETY: the frame is RAM that was given to this allocator and is in nobody's hands.
        unsafe { write_bytes(frame.0 as *mut u8, 0, size as usize) };
        Some(frame)
    }

    fn free(&mut self, frame: Hpa, size: u64) {
        let list = list(size);
        let next = self.free[list].map_or(0, |next| next.0);
        self.write_entry(frame, next);
        self.free[list] = Some(frame);
    }

    fn read_entry(&self, at: Hpa) -> u64 {
        // SAFETY: the caller names a doubleword of a frame of ours; a hart may walk it at the same time.
        unsafe { (at.0 as *const u64).read_volatile() }
    }

    fn write_entry(&mut self, at: Hpa, value: u64) {
        // SAFETY: as for `read_entry`.
        unsafe { (at.0 as *mut u64).write_volatile(value) }
    }

    fn read_bytes(&self, from: Hpa, to: &mut [u8]) {
        // SAFETY: the caller names bytes of one frame of ours, which no slice of the kernel shares; the guest
        // that could change them is not running.
        unsafe { copy_nonoverlapping(from.0 as *const u8, to.as_mut_ptr(), to.len()) }
    }

    fn write_bytes(&mut self, to: Hpa, from: &[u8]) {
        // SAFETY: as for `read_bytes`.
        unsafe { copy_nonoverlapping(from.as_ptr(), to.0 as *mut u8, from.len()) }
    }
}
