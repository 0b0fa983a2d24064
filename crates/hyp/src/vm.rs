//! A virtual machine: its memory, its page tables, its VMID and its clock.

use core::ops::Range;

use isa::paging::PAGE_SIZE;

use crate::addr::Gpa;
use crate::error::Error;
use crate::frames::Frames;
use crate::gstage::{GStage, Permission};
use crate::hart::Hart;
use crate::vmid::Vmid;

/// A virtual machine.
#[derive(Debug)]
pub struct Vm {
    /// Its page tables.
    pub gstage: GStage,
    /// Its VMID.
    pub vmid: Vmid,
    /// Where it has RAM, given to it page by page when first touched.
    ram: Range<Gpa>,
    /// The guest's time less the host's.
    pub time_delta: u64,
}

impl Vm {
    /// A virtual machine with RAM at `ram`, whose clock starts at 0 when the host's shows `now`.
    ///
    /// # Errors
    /// [`Error::OutOfFrames`]; [`Error::BadGuestAddress`] where the RAM's bounds are not those of pages.
    pub fn new(frames: &mut impl Frames, ram: Range<Gpa>, now: u64) -> Result<Vm, Error> {
        for bound in [ram.start, ram.end] {
            if bound.page_offset() != 0 {
                return Err(Error::BadGuestAddress(bound));
            }
        }
        let gstage = GStage::new(frames)?;
        Ok(Vm { gstage, vmid: Vmid::default(), ram, time_delta: now.wrapping_neg() })
    }

    /// The value of `hgatp` for this machine.
    pub fn hgatp(&self) -> u64 {
        self.gstage.hgatp(self.vmid.number())
    }

    /// The guest's time now.
    pub fn time<H: Hart>(&self, hart: &mut H) -> u64 {
        hart.time().wrapping_add(self.time_delta)
    }

    /// Whether the guest has RAM at `gpa`.
    pub fn is_ram(&self, gpa: Gpa) -> bool {
        self.ram.contains(&gpa)
    }

    /// Whether the guest has RAM at all of the `length` bytes from `gpa`.
    pub fn is_ram_range(&self, gpa: Gpa, length: u64) -> bool {
        self.ram.start <= gpa && gpa.0.checked_add(length).is_some_and(|end| end <= self.ram.end.0)
    }

    /// Gives the guest a zeroed page at `gpa`, in its RAM, unless it has one.
    ///
    /// # Errors
    /// [`Error::OutOfFrames`]; [`Error::BadGuestAddress`] outside the RAM.
    pub fn populate(&mut self, frames: &mut impl Frames, gpa: Gpa) -> Result<(), Error> {
        if !self.is_ram(gpa) {
            return Err(Error::BadGuestAddress(gpa));
        }
        if self.gstage.translate(frames, gpa).is_some() {
            return Ok(());
        }
        let frame = frames.allocate(PAGE_SIZE).ok_or(Error::OutOfFrames)?;
        let mapped = self.gstage.map(frames, gpa.page(), frame, 0, Permission::All);
        if mapped.is_err() {
            frames.free(frame, PAGE_SIZE);
        }
        mapped
    }

    /// Copies `bytes` into the guest's RAM.
    ///
    /// # Errors
    /// As [`populate`](Vm::populate).
    pub fn write(&mut self, frames: &mut impl Frames, gpa: Gpa, bytes: &[u8]) -> Result<(), Error> {
        let mut rest = bytes;
        for (at, length) in pieces(gpa, bytes.len()) {
            self.populate(frames, at)?;
            let hpa = self.gstage.translate(frames, at).ok_or(Error::BadGuestAddress(at))?;
            let (piece, others) = rest.split_at(length);
            frames.write_bytes(hpa, piece);
            rest = others;
        }
        Ok(())
    }

    /// Fills `bytes` from the guest's RAM.
    ///
    /// # Errors
    /// As [`populate`](Vm::populate).
    pub fn read(&mut self, frames: &mut impl Frames, gpa: Gpa, bytes: &mut [u8]) -> Result<(), Error> {
        let length = bytes.len();
        let mut rest = bytes;
        for (at, length) in pieces(gpa, length) {
            self.populate(frames, at)?;
            let hpa = self.gstage.translate(frames, at).ok_or(Error::BadGuestAddress(at))?;
            let (piece, others) = rest.split_at_mut(length);
            frames.read_bytes(hpa, piece);
            rest = others;
        }
        Ok(())
    }

    /// Gives back all memory of the machine, which no hart may hold any more.
    pub fn destroy(self, frames: &mut impl Frames) {
        self.gstage.destroy(frames);
    }
}

/// Splits `length` bytes from `gpa` at page boundaries.
fn pieces(gpa: Gpa, length: usize) -> impl Iterator<Item = (Gpa, usize)> {
    let (mut at, mut left) = (gpa, length);
    core::iter::from_fn(move || {
        let here = left.min((PAGE_SIZE - at.page_offset()) as usize);
        let piece = (at, here);
        (at, left) = (at.offset(here as u64), left - here);
        (here != 0).then_some(piece)
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::fake::FakeFrames;

    const START: Gpa = Gpa(0x8000_0000);
    const END: Gpa = Gpa(0x8001_0000);

    fn vm() -> (FakeFrames, Vm) {
        let mut frames = FakeFrames::default();
        let vm = Vm::new(&mut frames, START..END, 0).unwrap();
        (frames, vm)
    }

    #[test]
    fn what_is_written_across_pages_is_read_back() {
        let (mut frames, mut vm) = vm();
        let bytes: Vec<u8> = (0..10_000u32).map(|n| (n % 251) as u8).collect();
        vm.write(&mut frames, START.offset(0xf80), &bytes).unwrap();
        let mut read = vec![0; bytes.len() + 2];
        vm.read(&mut frames, START.offset(0xf7f), &mut read).unwrap();
        assert_eq!(read[1..=bytes.len()], bytes);
        assert_eq!([read[0], read[bytes.len() + 1]], [0, 0], "memory is zero until it is written");
    }

    #[test]
    fn only_ram_can_be_written_and_read() {
        let (mut frames, mut vm) = vm();
        let last = Gpa(END.0 - 1);
        vm.write(&mut frames, last, &[1]).unwrap();
        assert_eq!(vm.write(&mut frames, last, &[1, 2]), Err(Error::BadGuestAddress(END)));
        let below = Gpa(START.0 - 1);
        assert_eq!(vm.read(&mut frames, below, &mut [0; 2]), Err(Error::BadGuestAddress(below)));
    }

    #[test]
    fn ranges_must_lie_in_ram_entirely() {
        let (_, vm) = vm();
        for (gpa, length, inside) in [
            (START.0, 0x1_0000, true),
            (START.0, 0x1_0001, false),
            (END.0 - 1, 1, true),
            (END.0 - 1, 2, false),
            (START.0 - 1, 1, false),
            (START.0, u64::MAX, false),
            (u64::MAX, u64::MAX, false),
        ] {
            assert_eq!(vm.is_ram_range(Gpa(gpa), length), inside, "{gpa:#x} {length:#x}");
        }
    }

    #[test]
    fn ram_ends_at_page_boundaries() {
        let mut frames = FakeFrames::default();
        for (start, end) in [(1, 0x2000), (0x1000, 0x2001)] {
            assert!(Vm::new(&mut frames, Gpa(start)..Gpa(end), 0).is_err());
        }
        assert_eq!(frames.live, BTreeMap::new());
    }

    #[test]
    fn destroy_and_failures_give_everything_back() {
        let (mut frames, mut vm) = vm();
        vm.write(&mut frames, START, &[1; 0x3000]).unwrap();
        let live = frames.live.len();
        frames.left = 0;
        assert_eq!(vm.populate(&mut frames, START.offset(0x5000)), Err(Error::OutOfFrames));
        assert_eq!(frames.live.len(), live);
        vm.destroy(&mut frames);
        assert_eq!(frames.live, BTreeMap::new());
    }
}
