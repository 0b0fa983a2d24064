//! Memory as the stopped hart sees it, through its current translation.
//!
//! Only main memory: looking at a device could change it.

use gdbstub::common::Tid;
use gdbstub::target::{TargetError, TargetResult};
use iss::Hart;
use iss::observe::AccessKind;

use super::target::{Debuggee, EFAULT};

const PAGE: u64 = 4096;

impl Debuggee<'_> {
    /// Reads as many bytes as there are from `va` on.
    pub(super) fn read_memory(&self, va: u64, data: &mut [u8], tid: Tid) -> TargetResult<usize, Self> {
        let hart = self.hart(tid)?;
        let mut done = 0;
        for (at, len) in pieces(va, data.len()) {
            let pa = self.translate(hart, at);
            let read = pa.and_then(|pa| self.machine.ram().read(pa, &mut data[done..done + len]));
            if read.is_none() {
                break;
            }
            done += len;
        }
        if done == 0 && !data.is_empty() { Err(TargetError::Errno(EFAULT)) } else { Ok(done) }
    }

    /// Writes all of `data`, or nothing where a part of it has no place.
    pub(super) fn write_memory(&self, va: u64, data: &[u8], tid: Tid) -> TargetResult<(), Self> {
        let hart = self.hart(tid)?;
        let ram = self.machine.ram();
        let places: Option<Vec<(u64, usize)>> = pieces(va, data.len())
            .map(|(at, len)| {
                let pa = self.translate(hart, at).filter(|pa| ram.contains(*pa, len as u64))?;
                Some((pa, len))
            })
            .collect();
        let mut rest = data;
        for (pa, len) in places.ok_or(TargetError::Errno(EFAULT))? {
            let (piece, after) = rest.split_at(len);
            ram.write(pa, piece).ok_or(TargetError::Errno(EFAULT))?;
            rest = after;
        }
        Ok(())
    }

    /// Where `va` lies, if the hart may access it in any way: a debugger also writes to code.
    fn translate(&self, hart: &Hart, va: u64) -> Option<u64> {
        let kinds = [AccessKind::Load, AccessKind::Fetch, AccessKind::Store];
        kinds.into_iter().find_map(|kind| hart.translate(self.machine.bus(), va, kind).ok())
    }
}

/// `len` bytes from `va` on, cut where a page ends; nothing beyond the last address.
fn pieces(va: u64, len: usize) -> impl Iterator<Item = (u64, usize)> {
    let mut next = Some(va);
    let mut left = len;
    std::iter::from_fn(move || {
        let at = next.filter(|_| left != 0)?;
        let len = left.min((PAGE - at % PAGE) as usize);
        left -= len;
        next = at.checked_add(len as u64);
        Some((at, len))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pieces_end_with_their_page() {
        let all = |va, len| pieces(va, len).collect::<Vec<_>>();
        assert_eq!(all(0x1ffe, 4100), [(0x1ffe, 2), (0x2000, 4096), (0x3000, 2)]);
        assert_eq!(all(0x1000, 0), []);
        assert_eq!(all(u64::MAX - 1, 8), [(u64::MAX - 1, 2)]);
    }
}
