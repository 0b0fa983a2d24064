//! Main memory page by page, without the pages that nobody has touched.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;

use isa::paging::PAGE_SIZE;

use crate::bus::Width;
use crate::ram::Ram;

/// The doublewords of a page.
pub const PAGE_WORDS: usize = PAGE_SIZE as usize / 8;

/// Entries of the host's page map that are read at a time.
const ENTRIES: usize = 8192;
/// An entry of the page map: the page is in memory, or swapped out.
const TOUCHED: u64 = 3 << 62;

impl Ram {
    /// Physical addresses, in pages and in rising order, outside of which everything is zero.
    ///
    /// The host knows which pages have been touched; where it does not tell, it is all of the memory.
    pub fn touched(&self) -> Vec<Range<u64>> {
        let all = self.base()..self.base() + self.len();
        self.ask_host().unwrap_or_else(|| Vec::from([all]))
    }

    /// What Linux says of the memory in `/proc/self/pagemap`; `None` where it says nothing.
    fn ask_host(&self) -> Option<Vec<Range<u64>>> {
        // The file has a doubleword for each page of the host's page size; ours begins with such a page.
        let size = page_size()?;
        let mut map = File::open("/proc/self/pagemap").ok()?;
        map.seek(SeekFrom::Start(self.host().0 as u64 / size * 8)).ok()?;
        let mut found: Vec<Range<u64>> = Vec::new();
        let mut entries = vec![0; 8 * ENTRIES];
        let end = self.base() + self.len();
        let mut at = self.base();
        while at < end {
            let left = (end - at).div_ceil(size).min(ENTRIES as u64);
            let part = &mut entries[..8 * left as usize];
            map.read_exact(part).ok()?;
            for entry in part.chunks_exact(8) {
                let page = at..(at + size).min(end);
                at += size;
                if u64::from_ne_bytes(entry.try_into().ok()?) & TOUCHED == 0 {
                    continue;
                }
                match found.last_mut() {
                    Some(last) if last.end == page.start => last.end = page.end,
                    _ => found.push(page),
                }
            }
        }
        Some(found)
    }

    /// The doublewords of the page at `pa`; `None` where `pa` is no page of main memory.
    pub fn page(&self, pa: u64) -> Option<[u64; PAGE_WORDS]> {
        let is_page = pa.is_multiple_of(PAGE_SIZE) && self.contains(pa, PAGE_SIZE);
        is_page.then(|| core::array::from_fn(|n| self.load(pa + 8 * n as u64, Width::D).unwrap_or_default()))
    }

    /// Replaces the doublewords of the page at `pa`; `None` where `pa` is no page of main memory.
    pub fn set_page(&self, pa: u64, words: &[u64; PAGE_WORDS]) -> Option<()> {
        if !pa.is_multiple_of(PAGE_SIZE) || !self.contains(pa, PAGE_SIZE) {
            return None;
        }
        (pa..).step_by(8).zip(words).try_for_each(|(at, word)| self.store(at, Width::D, *word))
    }
}

/// The size of the host's pages in bytes, where the host tells: entry `AT_PAGESZ` of the auxiliary vector.
fn page_size() -> Option<u64> {
    const AT_PAGESZ: u64 = 6;
    let vector = std::fs::read("/proc/self/auxv").ok()?;
    let number = |bytes: &[u8]| bytes.try_into().ok().map(u64::from_ne_bytes);
    let mut pairs = vector.chunks_exact(16);
    let size =
        pairs.find_map(|pair| (number(&pair[..8])? == AT_PAGESZ).then(|| number(&pair[8..])).flatten());
    size.filter(|size| *size >= PAGE_SIZE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_touched_is_zero() {
        let ram = Ram::new(0x8000_0000, 64 << 30).unwrap();
        let places = [0x8000_0000, 0x8000_0000 + (1 << 30) + 8, 0x8000_0000 + (64 << 30) - 8];
        for pa in places {
            ram.store(pa, Width::D, pa).unwrap();
        }
        let touched = ram.touched();
        assert!(touched.windows(2).all(|pair| pair[0].end < pair[1].start), "rising, with gaps");
        for pa in places {
            assert!(touched.iter().any(|range| range.contains(&pa)), "{pa:#x}");
        }
        #[cfg(target_os = "linux")]
        assert!(touched.iter().map(|range| range.end - range.start).sum::<u64>() < 1 << 30);
    }

    #[test]
    fn pages_come_back() {
        let ram = Ram::new(0x8000_0000, 0x2000).unwrap();
        let words = core::array::from_fn(|n| n as u64 * 0x0123_4567_89ab);
        ram.set_page(0x8000_1000, &words).unwrap();
        assert_eq!(ram.page(0x8000_1000), Some(words));
        assert_eq!(ram.load(0x8000_1008, Width::D), Some(0x0123_4567_89ab));
        assert_eq!(ram.page(0x8000_0000), Some([0; PAGE_WORDS]));
        for wrong in [0x7fff_f000, 0x8000_0800, 0x8000_2000, u64::MAX - 0xfff] {
            assert_eq!(ram.page(wrong), None);
            assert_eq!(ram.set_page(wrong, &words), None);
        }
    }
}
