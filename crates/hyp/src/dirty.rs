//! Which pages of a slot have been written. Linux, "The Definitive KVM API Documentation", `KVM_GET_DIRTY_LOG` and
//! `KVM_CLEAR_DIRTY_LOG`.

use alloc::vec::Vec;
use core::ops::Range;

use kvm::Errno;

/// Pages in a word of the log.
const WORD: u64 = 64;

/// A bit for each page.
#[derive(Debug)]
pub struct Dirty {
    words: Vec<u64>,
    pages: u64,
}

impl Dirty {
    /// A log of so many pages, in which none or all are written.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new(pages: u64, all: bool) -> Result<Dirty, Errno> {
        let mut words = Vec::new();
        let length = pages.div_ceil(WORD) as usize;
        words.try_reserve_exact(length).map_err(|_| Errno::ENOMEM)?;
        words.resize(length, if all { u64::MAX } else { 0 });
        let rest = pages % WORD;
        if let Some(last) = words.last_mut().filter(|_| rest != 0) {
            *last &= (1 << rest) - 1;
        }
        Ok(Dirty { words, pages })
    }

    /// Logs that a page has been written.
    pub fn mark(&mut self, page: u64) {
        if page < self.pages {
            self.words[(page / WORD) as usize] |= 1 << (page % WORD);
        }
    }

    /// The log, a bit for each page, rounded up to 64.
    pub fn words(&self) -> &[u64] {
        &self.words
    }

    /// Takes what is logged of 64 pages, and of those the bits of `mask` only; returns the pages from the first to the last
    /// that were, whose writes are to be known again.
    fn take_word(&mut self, index: usize, mask: u64) -> Option<Range<u64>> {
        let taken = self.words[index] & mask;
        self.words[index] &= !taken;
        if taken == 0 {
            return None;
        }
        let first = index as u64 * WORD;
        Some(first + u64::from(taken.trailing_zeros())..first + WORD - u64::from(taken.leading_zeros()))
    }

    /// Takes the whole log, and calls `protect` for each range of pages whose writes are to be known again.
    ///
    /// # Errors
    /// `EINVAL` where `log` has not a word for each 64 pages.
    pub fn take(&mut self, log: &mut [u64], mut protect: impl FnMut(Range<u64>)) -> Result<(), Errno> {
        if log.len() != self.words.len() {
            return Err(Errno::EINVAL);
        }
        log.copy_from_slice(&self.words);
        (0..self.words.len()).filter_map(|index| self.take_word(index, u64::MAX)).for_each(&mut protect);
        Ok(())
    }

    /// Forgets that pages have been written: `count` from `first` on, by the bits of `log`; and calls `protect` as
    /// [`take`](Dirty::take) does.
    ///
    /// # Errors
    /// `EINVAL` where the pages do not begin and end at multiples of 64 (but for the slot's end), or there are not so many,
    /// or `log` has not a word for each 64.
    pub fn clear(
        &mut self,
        first: u64,
        count: u64,
        log: &[u64],
        mut protect: impl FnMut(Range<u64>),
    ) -> Result<(), Errno> {
        let end = first.checked_add(count).filter(|end| *end <= self.pages).ok_or(Errno::EINVAL)?;
        let is_aligned = first % WORD == 0 && (count % WORD == 0 || end == self.pages);
        if !is_aligned || log.len() as u64 != count.div_ceil(WORD) {
            return Err(Errno::EINVAL);
        }
        for (index, mask) in ((first / WORD) as usize..).zip(log) {
            if let Some(pages) = self.take_word(index, *mask) {
                protect(pages);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
