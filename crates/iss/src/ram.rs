//! Main memory: allocated lazily by the host, shared between harts, accessed atomically.

use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering};

use memmap2::{MmapOptions, MmapRaw};
use portable_atomic::AtomicU128;

use crate::bus::Width;
use crate::code_map::CodeMap;

/// Main memory at physical addresses `base..base + len`.
///
/// Pages cost nothing until they are touched. Each access of up to 8 aligned bytes is one relaxed atomic
/// access of the host, so that harts on several host threads may share the memory.
#[derive(Debug)]
pub struct Ram {
    map: MmapRaw,
    base: u64,
    len: u64,
    /// A number that no other memory of this process has.
    number: u64,
    code: CodeMap,
}

impl Ram {
    /// Reserves `len` bytes, rounded up to 4 KiB, at physical address `base`, all zero.
    ///
    /// # Errors
    /// The host's error when it cannot reserve so much address space.
    pub fn new(base: u64, len: u64) -> std::io::Result<Ram> {
        let len = len.max(1).checked_next_multiple_of(4096).filter(|len| base.checked_add(*len).is_some());
        let too_large = || std::io::Error::new(std::io::ErrorKind::InvalidInput, "memory size out of range");
        let len = len.ok_or_else(too_large)?;
        let bytes = usize::try_from(len).map_err(|_| too_large())?;
        let map = MmapOptions::new().len(bytes).no_reserve_swap().map_anon()?;
        // What a core dump of this process is wanted for is hardly ever in the guest's memory, which may be large. And
        // the host merges no other mapping with this one then, so that it shows how much of it has been touched.
        #[cfg(target_os = "linux")]
        let _ = map.advise(memmap2::Advice::DontDump);
        static MADE: AtomicU64 = AtomicU64::new(1);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        Ok(Ram { map: map.into(), base, len, number, code: CodeMap::new(len) })
    }

    /// Where the memory begins in the host's address space, and which memory this is.
    pub(crate) fn host(&self) -> (*mut u8, u64) {
        (self.map.as_mut_ptr(), self.number)
    }

    /// Which pages hold decoded code.
    #[inline]
    pub(crate) fn code(&self) -> &CodeMap {
        &self.code
    }

    /// The lowest physical address.
    #[inline]
    pub fn base(&self) -> u64 {
        self.base
    }

    /// The size in bytes.
    #[inline]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Never: a memory holds at least one page.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Whether all of `pa..pa + bytes` is main memory.
    #[inline]
    pub fn contains(&self, pa: u64, bytes: u64) -> bool {
        let offset = pa.wrapping_sub(self.base);
        offset < self.len && self.len - offset >= bytes
    }

    /// The host's address of `pa` when `width` bytes there are aligned and in main memory.
    #[inline]
    fn at(&self, pa: u64, width: Width) -> Option<*mut u8> {
        let aligned = pa & (width.bytes() - 1) == 0;
        if !aligned || !self.contains(pa, width.bytes()) {
            return None;
        }
        // SAFETY: the offset is below the mapping's length, as `contains` has just said.
        Some(unsafe { self.map.as_mut_ptr().add((pa - self.base) as usize) })
    }

    /// Reads an aligned little-endian value; `None` outside main memory or where misaligned.
    #[inline]
    pub fn load(&self, pa: u64, width: Width) -> Option<u64> {
        let at = self.at(pa, width)?;
        // SAFETY: `at` lies in the mapping, which lives as long as `self`, and is aligned for the width
        // because the mapping starts on a page and `pa` is aligned relative to it. All accesses to the
        // mapping are atomic.
        Some(unsafe {
            match width {
                Width::B => AtomicU8::from_ptr(at).load(Ordering::Relaxed).into(),
                Width::H => u16::from_le(AtomicU16::from_ptr(at.cast()).load(Ordering::Relaxed)).into(),
                Width::W => u32::from_le(AtomicU32::from_ptr(at.cast()).load(Ordering::Relaxed)).into(),
                Width::D => u64::from_le(AtomicU64::from_ptr(at.cast()).load(Ordering::Relaxed)),
            }
        })
    }

    /// Writes an aligned little-endian value; `None` outside main memory or where misaligned.
    #[inline]
    pub fn store(&self, pa: u64, width: Width, value: u64) -> Option<()> {
        let at = self.at(pa, width)?;
        // SAFETY: as for `load`.
        unsafe {
            match width {
                Width::B => AtomicU8::from_ptr(at).store(value as u8, Ordering::Relaxed),
                Width::H => AtomicU16::from_ptr(at.cast()).store((value as u16).to_le(), Ordering::Relaxed),
                Width::W => AtomicU32::from_ptr(at.cast()).store((value as u32).to_le(), Ordering::Relaxed),
                Width::D => AtomicU64::from_ptr(at.cast()).store(value.to_le(), Ordering::Relaxed),
            }
        }
        self.code.stored(pa - self.base, width.bytes());
        Some(())
    }

    /// Replaces an aligned little-endian value that still is `old`; says whether it was.
    ///
    /// `None` outside main memory or where misaligned.
    pub fn compare_exchange(&self, pa: u64, width: Width, old: u64, new: u64) -> Option<bool> {
        let at = self.at(pa, width)?;
        let order = Ordering::SeqCst;
        // SAFETY: as for `load`.
        let replaced = unsafe {
            match width {
                Width::B => {
                    AtomicU8::from_ptr(at).compare_exchange(old as u8, new as u8, order, order).is_ok()
                }
                Width::H => {
                    let (old, new) = ((old as u16).to_le(), (new as u16).to_le());
                    AtomicU16::from_ptr(at.cast()).compare_exchange(old, new, order, order).is_ok()
                }
                Width::W => {
                    let (old, new) = ((old as u32).to_le(), (new as u32).to_le());
                    AtomicU32::from_ptr(at.cast()).compare_exchange(old, new, order, order).is_ok()
                }
                Width::D => {
                    let (old, new) = (old.to_le(), new.to_le());
                    AtomicU64::from_ptr(at.cast()).compare_exchange(old, new, order, order).is_ok()
                }
            }
        };
        if replaced {
            self.code.stored(pa - self.base, width.bytes());
        }
        Some(replaced)
    }

    /// Replaces two doublewords at an address that is a multiple of 16, if they still are `old`, in one access of the
    /// host; returns what they were. A host that has no such access makes it by a lock, which does not keep other
    /// accesses out.
    ///
    /// `None` outside main memory or where misaligned.
    pub fn compare_exchange_pair(&self, pa: u64, old: [u64; 2], new: [u64; 2]) -> Option<[u64; 2]> {
        if !pa.is_multiple_of(16) || !self.contains(pa, 16) {
            return None;
        }
        let at = self.at(pa, Width::D)?;
        let join = |[low, high]: [u64; 2]| (u128::from(high) << 64 | u128::from(low)).to_le();
        let order = Ordering::SeqCst;
        // SAFETY: as for `load`; 16 bytes lie in the mapping at `at`, which is as aligned as `pa`.
        let pair = unsafe { AtomicU128::from_ptr(at.cast()) };
        let was = match pair.compare_exchange(join(old), join(new), order, order) {
            Ok(was) => {
                self.code.stored(pa - self.base, 16);
                was
            }
            Err(was) => was,
        };
        let was = u128::from_le(was);
        Some([was as u64, (was >> 64) as u64])
    }

    /// The address of the first doubleword in which this memory differs from another one of its place and size.
    pub fn first_difference(&self, other: &Ram) -> Option<u64> {
        let words = |ram: &Ram, page: u64| {
            // SAFETY: the page lies in the mapping, all accesses to which are atomic, and starts on a page.
            unsafe { &*ram.map.as_mut_ptr().add(page as usize).cast::<[AtomicU64; 512]>() }
        };
        let differs =
            |(a, b): (&AtomicU64, &AtomicU64)| a.load(Ordering::Relaxed) ^ b.load(Ordering::Relaxed);
        for page in (0..self.len.min(other.len)).step_by(4096) {
            let pairs = || words(self, page).iter().zip(words(other, page));
            if pairs().map(differs).fold(0, |all, bits| all | bits) != 0 {
                let index = pairs().position(|pair| differs(pair) != 0)?;
                return Some(self.base + page + 8 * index as u64);
            }
        }
        None
    }

    /// Copies `bytes` to `pa`; `None`, with nothing written, where they do not fit in main memory.
    ///
    /// Aligned doublewords are written in one access each, and the bytes around them one by one.
    pub fn write(&self, pa: u64, bytes: &[u8]) -> Option<()> {
        if !self.contains(pa, bytes.len() as u64) {
            return None;
        }
        let (head, words, tail) = parts(pa, bytes.len());
        for (at, byte) in (pa..).zip(&bytes[..head]) {
            self.store(at, Width::B, u64::from(*byte))?;
        }
        for (at, word) in (pa + head as u64..).step_by(8).zip(bytes[head..head + words].as_chunks().0) {
            self.store(at, Width::D, u64::from_le_bytes(*word))?;
        }
        for (at, byte) in (pa + (head + words) as u64..).zip(&bytes[bytes.len() - tail..]) {
            self.store(at, Width::B, u64::from(*byte))?;
        }
        Some(())
    }

    /// Copies from `pa` to fill `bytes`; `None` where they are not all in main memory.
    ///
    /// Aligned doublewords are read in one access each, and the bytes around them one by one.
    pub fn read(&self, pa: u64, bytes: &mut [u8]) -> Option<()> {
        if !self.contains(pa, bytes.len() as u64) {
            return None;
        }
        let (head, words, _) = parts(pa, bytes.len());
        let (start, rest) = bytes.split_at_mut(head);
        let (middle, end) = rest.split_at_mut(words);
        for (at, byte) in (pa..).zip(start) {
            *byte = self.load(at, Width::B)? as u8;
        }
        for (at, word) in (pa + head as u64..).step_by(8).zip(middle.as_chunks_mut().0) {
            *word = self.load(at, Width::D)?.to_le_bytes();
        }
        for (at, byte) in (pa + (head + words) as u64..).zip(end) {
            *byte = self.load(at, Width::B)? as u8;
        }
        Some(())
    }
}

/// How many of `len` bytes at `pa` lie before the first aligned doubleword, in aligned doublewords, and behind them.
fn parts(pa: u64, len: usize) -> (usize, usize, usize) {
    let head = (pa.wrapping_neg() % 8) as usize;
    let head = head.min(len);
    let words = (len - head) / 8 * 8;
    (head, words, len - head - words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_back_at_every_width() {
        let ram = Ram::new(0x8000_0000, 0x2000).unwrap();
        for (width, value) in
            [(Width::B, 0xab), (Width::H, 0xabcd), (Width::W, 0x89ab_cdef), (Width::D, 0x0123_4567_89ab_cdef)]
        {
            ram.store(0x8000_1000, width, value).unwrap();
            assert_eq!(ram.load(0x8000_1000, width), Some(value));
        }
        assert_eq!(ram.load(0x8000_1000, Width::B), Some(0xef), "little-endian");
    }

    #[test]
    fn the_first_difference_is_found() {
        let [a, b] = [(); 2].map(|()| Ram::new(0x8000_0000, 0x3000).unwrap());
        assert_eq!(a.first_difference(&b), None);
        a.store(0x8000_2ffc, Width::B, 1).unwrap();
        assert_eq!(a.first_difference(&b), Some(0x8000_2ff8));
        b.store(0x8000_1000, Width::W, 1).unwrap();
        assert_eq!(a.first_difference(&b), Some(0x8000_1000));
    }

    #[test]
    fn copies_of_every_length_and_alignment_touch_their_bytes_only() {
        let ram = Ram::new(0x8000_0000, 0x1000).unwrap();
        let source: Vec<u8> = (1..=40).collect();
        for (start, len) in (0..9).flat_map(|start| (0..32).map(move |len| (start, len))) {
            ram.write(0x8000_0000, &[0xff; 64]).unwrap();
            ram.write(0x8000_0008 + start, &source[..len]).unwrap();
            let mut expected = [0xff; 64];
            expected[8 + start as usize..][..len].copy_from_slice(&source[..len]);
            let bytes: Vec<_> =
                (0..64).map(|at| ram.load(0x8000_0000 + at, Width::B).unwrap() as u8).collect();
            assert_eq!(bytes, expected, "{len} bytes at {start}");
            let mut copy = vec![0; len];
            ram.read(0x8000_0008 + start, &mut copy).unwrap();
            assert_eq!(copy, source[..len]);
        }
    }

    #[test]
    fn nothing_outside_or_misaligned() {
        let ram = Ram::new(0x8000_0000, 0x1000).unwrap();
        assert_eq!(ram.load(0x7fff_ffff, Width::B), None);
        assert_eq!(ram.load(0x8000_1000, Width::B), None);
        assert_eq!(ram.load(0x8000_0001, Width::H), None);
        assert_eq!(ram.write(0x8000_0fff, &[1, 2]), None);
        assert_eq!(ram.load(0x8000_0fff, Width::B), Some(0), "a refused write writes nothing");
        assert!(!ram.contains(u64::MAX, 8));
    }

    #[test]
    fn a_pair_is_replaced_as_a_whole() {
        let ram = Ram::new(0x8000_0000, 0x1000).unwrap();
        ram.store(0x8000_0010, Width::D, 1).unwrap();
        ram.store(0x8000_0018, Width::D, 2).unwrap();
        assert_eq!(ram.compare_exchange_pair(0x8000_0010, [1, 3], [5, 6]), Some([1, 2]));
        assert_eq!(ram.compare_exchange_pair(0x8000_0010, [1, 2], [5, 6]), Some([1, 2]));
        assert_eq!([0x10, 0x18].map(|at| ram.load(0x8000_0000 + at, Width::D)), [Some(5), Some(6)]);
        for wrong in [0x8000_0008, 0x8000_1000, 0x7fff_fff0] {
            assert_eq!(ram.compare_exchange_pair(wrong, [0; 2], [0; 2]), None, "{wrong:#x}");
        }
    }

    #[test]
    fn sixteen_gigabytes_cost_nothing_until_touched() {
        let ram = Ram::new(0x8000_0000, 16 << 30).unwrap();
        ram.store(0x8000_0000 + (15 << 30), Width::D, 7).unwrap();
        assert_eq!(ram.load(0x8000_0000 + (15 << 30), Width::D), Some(7));
    }
}
