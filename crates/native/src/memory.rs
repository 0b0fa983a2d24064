//! The machine's memory, for page tables and for users; a user's address of a byte is its physical address.

use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use hyp::gstage::LARGEST_LEVEL;
use hyp::{Hpa, Hva, Tables};
use isa::paging::SV39X4;
use iss::{Ram, Width};

use crate::board::{Board, FREE};

/// Memory that is handed out.
#[derive(Debug)]
pub struct Memory {
    ram: Arc<Ram>,
    frames: Mutex<Frames>,
}

#[derive(Debug)]
struct Frames {
    rest: Range<u64>,
    /// What has been given back, with its size.
    free: Vec<(u64, u64)>,
    /// Bytes that are in use.
    used: u64,
    /// How many more times memory can be had.
    left: usize,
}

impl Memory {
    /// The memory of a machine.
    pub fn new(board: &Board) -> Memory {
        let rest = FREE..board.ram.base() + board.ram.len();
        let frames = Frames { rest, free: Vec::new(), used: 0, left: usize::MAX };
        Memory { ram: Arc::clone(&board.ram), frames: Mutex::new(frames) }
    }

    /// Bytes that are in use.
    pub fn used(&self) -> u64 {
        self.frames().used
    }

    /// Has no more than `count` further allocations succeed.
    pub fn limit(&self, count: usize) {
        self.frames().left = count;
    }

    fn frames(&self) -> MutexGuard<'_, Frames> {
        self.frames.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Copies bytes out of user memory; `None` where there is none.
    pub fn read(&self, from: Hva, to: &mut [u8]) -> Option<()> {
        self.ram.read(from.0, to)
    }

    /// Copies bytes into user memory; `None` where there is none.
    pub fn write(&self, to: Hva, from: &[u8]) -> Option<()> {
        self.ram.write(to.0, from)
    }

    /// The level of the largest page around an address that there is memory for; `None` where there is none.
    pub(crate) fn largest_page(&self, hva: Hva) -> Option<u32> {
        let fits = |level: &u32| {
            let size = SV39X4.page_size(*level);
            self.ram.contains(hva.0 & !(size - 1), size)
        };
        (0..=LARGEST_LEVEL).rev().find(fits)
    }
}

impl Tables for Memory {
    fn allocate(&self, size: u64) -> Option<Hpa> {
        let mut frames = self.frames();
        frames.left = frames.left.checked_sub(1)?;
        let frame = match frames.free.iter().position(|(_, free)| *free == size) {
            Some(index) => frames.free.swap_remove(index).0,
            None => {
                let frame = frames.rest.start.next_multiple_of(size);
                let end = frame.checked_add(size).filter(|end| *end <= frames.rest.end)?;
                frames.rest.start = end;
                frame
            }
        };
        frames.used += size;
        drop(frames);
        self.ram.write(frame, &vec![0; size as usize])?;
        Some(Hpa(frame))
    }

    fn free(&self, frame: Hpa, size: u64) {
        let mut frames = self.frames();
        frames.free.push((frame.0, size));
        frames.used -= size;
    }

    fn read_entry(&self, at: Hpa) -> u64 {
        self.ram.load(at.0, Width::D).expect("tables are in memory")
    }

    fn write_entry(&self, at: Hpa, value: u64) {
        self.ram.store(at.0, Width::D, value).expect("tables are in memory");
    }

    fn exchange_entry(&self, at: Hpa, old: u64, new: u64) -> Result<(), u64> {
        match self.ram.compare_exchange(at.0, Width::D, old, new) {
            Some(true) => Ok(()),
            Some(false) | None => Err(self.read_entry(at)),
        }
    }
}
