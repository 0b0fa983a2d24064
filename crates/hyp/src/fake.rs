//! Stand-ins for the tests: a hart that records what is done to it, and memory in a map.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use isa::paging::PAGE_SIZE;

use crate::addr::{Gpa, Gva, Hpa};
use crate::context::Context;
use crate::frames::Frames;
use crate::hart::{Hart, Trap};
use crate::probe::Features;
use crate::vcpu::Vcpu;

/// Something that was done to the hart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    Read(&'static str),
    Write(&'static str, u64),
    Swap(&'static str, u64),
    Fetch(u64),
    HfenceGvma,
    HfenceGvmaPage(u64, u16),
    RemoteHfenceGvma,
    Enter,
}

type Guest = Box<dyn FnMut(&mut BTreeMap<u16, u64>, &mut Context)>;

/// A hart that does as the test says and records every access in order.
#[derive(Default)]
pub(crate) struct FakeHart {
    csrs: BTreeMap<u16, u64>,
    /// The bits of a CSR that a write changes; all of them where there is no entry.
    pub(crate) writable: BTreeMap<u16, u64>,
    /// CSRs whose access traps.
    pub(crate) missing: BTreeSet<u16>,
    /// Guest code by address, or the trap that reading it raises.
    pub(crate) code: BTreeMap<u64, Result<u16, Trap>>,
    pub(crate) time: u64,
    /// What the guest does at each entry.
    pub(crate) guests: VecDeque<Guest>,
    events: Vec<Event>,
}

impl FakeHart {
    /// The events so far, which are forgotten.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }

    pub(crate) fn csr(&self, number: u16) -> u64 {
        self.csrs.get(&number).copied().unwrap_or(0)
    }

    pub(crate) fn set_csr(&mut self, number: u16, value: u64) {
        self.csrs.insert(number, value);
    }

    fn store(&mut self, number: u16, value: u64) {
        assert!(!self.missing.contains(&number), "CSR {number:#x} does not exist");
        let writable = self.writable.get(&number).copied().unwrap_or(u64::MAX);
        self.set_csr(number, self.csr(number) & !writable | value & writable);
    }
}

fn name(number: u16) -> &'static str {
    isa::csr::find(number).expect("the CSR is in the table").0.name
}

impl Hart for FakeHart {
    fn read<const CSR: u16>(&mut self) -> u64 {
        assert!(!self.missing.contains(&CSR), "CSR {CSR:#x} does not exist");
        self.events.push(Event::Read(name(CSR)));
        self.csr(CSR)
    }

    fn write<const CSR: u16>(&mut self, value: u64) {
        self.events.push(Event::Write(name(CSR), value));
        self.store(CSR, value);
    }

    fn swap<const CSR: u16>(&mut self, value: u64) -> u64 {
        self.events.push(Event::Swap(name(CSR), value));
        let old = self.csr(CSR);
        self.store(CSR, value);
        old
    }

    fn try_read<const CSR: u16>(&mut self) -> Option<u64> {
        (!self.missing.contains(&CSR)).then(|| self.csr(CSR))
    }

    fn fetch_guest(&mut self, address: Gva) -> Result<u16, Trap> {
        self.events.push(Event::Fetch(address.0));
        self.code.get(&address.0).copied().expect("the test gave code at this address")
    }

    fn hfence_gvma(&mut self) {
        self.events.push(Event::HfenceGvma);
    }

    fn hfence_gvma_page(&mut self, address: Gpa, vmid: u16) {
        self.events.push(Event::HfenceGvmaPage(address.0, vmid));
    }

    fn remote_hfence_gvma(&mut self) {
        self.events.push(Event::RemoteHfenceGvma);
    }

    fn time(&mut self) -> u64 {
        self.time
    }

    fn enter_guest(&mut self, context: &mut Context) {
        self.events.push(Event::Enter);
        let mut guest = self.guests.pop_front().expect("the test gave a guest to enter");
        guest(&mut self.csrs, context);
    }
}

/// A virtual hart without extensions, at the start of RAM.
pub(crate) fn vcpu() -> Vcpu {
    Vcpu::new(Features { vmid_bits: 14, sstc: false, smstateen: false }, Gpa(0x8000_0000), 0, 0)
}

/// Frames that are never used twice; each byte lives in a map of pages.
#[derive(Debug)]
pub(crate) struct FakeFrames {
    pages: BTreeMap<u64, Vec<u8>>,
    next: u64,
    /// How many more can be allocated.
    pub(crate) left: usize,
    /// What is allocated: address to size.
    pub(crate) live: BTreeMap<u64, u64>,
}

impl Default for FakeFrames {
    fn default() -> FakeFrames {
        FakeFrames { pages: BTreeMap::new(), next: 0x1_0000_0000, left: usize::MAX, live: BTreeMap::new() }
    }
}

impl Frames for FakeFrames {
    fn allocate(&mut self, size: u64) -> Option<Hpa> {
        self.left = self.left.checked_sub(1)?;
        let frame = self.next.next_multiple_of(size);
        self.next = frame + size;
        self.live.insert(frame, size);
        Some(Hpa(frame))
    }

    fn free(&mut self, frame: Hpa, size: u64) {
        assert_eq!(self.live.remove(&frame.0), Some(size), "freed what was not allocated");
    }

    fn read_entry(&self, at: Hpa) -> u64 {
        let mut bytes = [0; 8];
        self.read_bytes(at, &mut bytes);
        u64::from_le_bytes(bytes)
    }

    fn write_entry(&mut self, at: Hpa, value: u64) {
        self.write_bytes(at, &value.to_le_bytes());
    }

    fn read_bytes(&self, from: Hpa, to: &mut [u8]) {
        let (_, &size) = self.live.range(..=from.0).next_back().expect("read of free memory");
        assert!(from.page_offset() + to.len() as u64 <= size);
        match self.pages.get(&from.page().0) {
            Some(page) => to.copy_from_slice(&page[from.page_offset() as usize..][..to.len()]),
            None => to.fill(0),
        }
    }

    fn write_bytes(&mut self, to: Hpa, from: &[u8]) {
        let page = self.pages.entry(to.page().0).or_insert_with(|| vec![0; PAGE_SIZE as usize]);
        page[to.page_offset() as usize..][..from.len()].copy_from_slice(from);
    }
}
