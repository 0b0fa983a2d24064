//! Which pages of a slot have been written. Linux, "The Definitive KVM API Documentation", `KVM_GET_DIRTY_LOG` and
//! `KVM_CLEAR_DIRTY_LOG`.

use alloc::vec::Vec;
use core::iter::repeat_with;
use core::ops::Range;

use kvm::Errno;

use crate::sync::{AtomicU64, Ordering};

/// Pages in a word of the log.
const WORD: u64 = 64;

/// A bit for each page, which any virtual CPU can set while another thread takes them.
///
/// Whoever takes a page's bit sees what had been written to the page when the bit was set.
#[derive(Debug)]
pub struct Dirty {
    words: Vec<AtomicU64>,
    pages: u64,
}

impl Dirty {
    /// A log of so many pages, in which none or all are written.
    ///
    /// # Errors
    /// `ENOMEM`.
    pub fn new(pages: u64, all: bool) -> Result<Dirty, Errno> {
        let mut words = Vec::new();
        let length = usize::try_from(pages.div_ceil(WORD)).map_err(|_| Errno::ENOMEM)?;
        words.try_reserve_exact(length).map_err(|_| Errno::ENOMEM)?;
        words.extend(repeat_with(|| AtomicU64::new(if all { u64::MAX } else { 0 })).take(length));
        if let Some(last) = words.last().filter(|_| !pages.is_multiple_of(WORD)) {
            last.fetch_and((1 << (pages % WORD)) - 1, Ordering::Relaxed);
        }
        Ok(Dirty { words, pages })
    }

    /// Logs that a page has been written; there is nothing to log beyond the last.
    pub fn mark(&self, page: u64) {
        if page < self.pages {
            self.words[(page / WORD) as usize].fetch_or(1 << (page % WORD), Ordering::Release);
        }
    }

    /// How many words a copy of the log has: a bit for each page, rounded up to 64.
    pub fn word_count(&self) -> usize {
        self.words.len()
    }

    /// Copies the log, and leaves it as it is.
    ///
    /// # Errors
    /// `EINVAL` where `log` has not a word for each 64 pages.
    pub fn read(&self, log: &mut [u64]) -> Result<(), Errno> {
        if log.len() != self.words.len() {
            return Err(Errno::EINVAL);
        }
        for (copy, word) in log.iter_mut().zip(&self.words) {
            *copy = word.load(Ordering::Acquire);
        }
        Ok(())
    }

    /// Takes the whole log, and calls `protect` for each range of pages whose writes are to be known again: in each 64,
    /// those from the first to the last that was logged.
    ///
    /// # Errors
    /// `EINVAL` where `log` has not a word for each 64 pages.
    pub fn take(&self, log: &mut [u64], mut protect: impl FnMut(Range<u64>)) -> Result<(), Errno> {
        if log.len() != self.words.len() {
            return Err(Errno::EINVAL);
        }
        for (index, (copy, word)) in log.iter_mut().zip(&self.words).enumerate() {
            // Most words of most logs are 0, and need not be written to be known to be.
            *copy = if word.load(Ordering::Relaxed) == 0 { 0 } else { word.swap(0, Ordering::AcqRel) };
            span(index, *copy).into_iter().for_each(&mut protect);
        }
        Ok(())
    }

    /// Forgets that pages have been written: of `count` from `first` on, those that have a bit in `log`; and calls
    /// `protect` as [`take`](Dirty::take) does. What was not logged is not protected.
    ///
    /// # Errors
    /// `EINVAL` where the pages do not begin and end at multiples of 64 (but for the slot's end), or there are not so many,
    /// or `log` has not a word for each 64; nothing has changed then.
    pub fn clear(
        &self,
        first: u64,
        count: u64,
        log: &[u64],
        mut protect: impl FnMut(Range<u64>),
    ) -> Result<(), Errno> {
        let end = first.checked_add(count).filter(|end| *end <= self.pages).ok_or(Errno::EINVAL)?;
        let is_aligned = first.is_multiple_of(WORD) && (count.is_multiple_of(WORD) || end == self.pages);
        if !is_aligned || log.len() as u64 != count.div_ceil(WORD) {
            return Err(Errno::EINVAL);
        }
        let from = (first / WORD) as usize;
        for (index, (mask, word)) in (from..).zip(log.iter().zip(self.words.iter().skip(from))) {
            let cleared = word.fetch_and(!mask, Ordering::AcqRel) & mask;
            span(index, cleared).into_iter().for_each(&mut protect);
        }
        Ok(())
    }
}

/// The pages from the first to the last that has a bit in a word.
fn span(index: usize, bits: u64) -> Option<Range<u64>> {
    let first = index as u64 * WORD;
    let start = first + u64::from(bits.trailing_zeros());
    (bits != 0).then(|| start..first + WORD - u64::from(bits.leading_zeros()))
}

#[cfg(test)]
mod tests;
