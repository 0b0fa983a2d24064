//! Stand-ins for the tests: a hart that records what is done to it, and a kernel whose memory is a map.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use isa::ext::{Ext, ExtSet};
use isa::paging::PAGE_SIZE;
use kvm::ioctl::UserMemoryRegion;
use kvm::{Errno, Run};

use crate::addr::{Gpa, Gva, Hpa, Hva};
use crate::context::{Context, FloatState};
use crate::gstage::Tables;
use crate::hart::{Hart, RemoteFence, Trap};
use crate::host::{Host, Resolved};
use crate::hypervisor::{Hypervisor, Machine};
use crate::local::Local;
use crate::run::Stop;
use crate::vcpu::{Shared, Vcpu};
use crate::vm::Vm;

/// An interrupt of the host's.
pub(crate) const HOST_INTERRUPT: Trap = Trap { scause: 1 << 63 | 5, stval: 0, htval: 0, htinst: 0 };

/// Something that was done to the hart.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) enum Event {
    Read(&'static str),
    Write(&'static str, u64),
    Swap(&'static str, u64),
    Fetch(u64),
    Load(u64),
    HfenceGvma(Option<Gpa>, Option<u16>),
    HfenceVvma(Option<Gva>, Option<u16>),
    FenceI,
    RemoteFence(RemoteFence),
    Alarm(u64),
    SaveFloat,
    RestoreFloat,
    Enter,
}

thread_local! {
    /// How much harts have done on this thread, for saying what was done first.
    static DONE: Cell<u64> = const { Cell::new(0) };
}

/// More than any test has.
const MOST_EVENTS: usize = 1 << 16;

type Guest = Box<dyn FnMut(&mut BTreeMap<u16, u64>, &mut Context)>;
type Legal = Box<dyn Fn(u64) -> bool>;

/// A hart that does as the test says and records every access in order.
#[derive(Default)]
pub(crate) struct FakeHart {
    csrs: BTreeMap<u16, u64>,
    /// The bits of a CSR that a write changes; all of them where there is no entry.
    pub(crate) writable: BTreeMap<u16, u64>,
    /// The values of a CSR that a write changes at all.
    pub(crate) legal: BTreeMap<u16, Legal>,
    /// CSRs whose access traps.
    pub(crate) missing: BTreeSet<u16>,
    /// Guest code by address, or the trap that reading it raises.
    pub(crate) code: BTreeMap<u64, Result<u16, Trap>>,
    /// Guest memory by address, or the trap that reading it raises.
    pub(crate) data: BTreeMap<u64, Result<u64, Trap>>,
    pub(crate) time: u64,
    pub(crate) float: FloatState,
    /// What the guest does at each entry.
    pub(crate) guests: VecDeque<Guest>,
    /// Page-table entries that have been written.
    pub(crate) entries: u64,
    /// When translations were forgotten last.
    pub(crate) fenced: u64,
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

    /// Has the guest trap at its next entry, and nothing else.
    pub(crate) fn exit_with(&mut self, trap: Trap) {
        self.guests.push_back(Box::new(move |csrs, _| set_trap(csrs, &trap)));
    }

    fn record(&mut self, event: Event) {
        DONE.set(DONE.get() + 1);
        if matches!(event, Event::HfenceGvma(..) | Event::RemoteFence(_)) {
            self.fenced = DONE.get();
        }
        self.events.push(event);
        assert!(self.events.len() < MOST_EVENTS, "the hart is used without end");
    }

    fn store(&mut self, number: u16, value: u64) {
        assert!(!self.missing.contains(&number), "CSR {number:#x} does not exist");
        if self.legal.get(&number).is_some_and(|legal| !legal(value)) {
            return;
        }
        let writable = self.writable.get(&number).copied().unwrap_or(u64::MAX);
        self.set_csr(number, self.csr(number) & !writable | value & writable);
    }
}

/// Writes the trap CSRs as a trap does.
pub(crate) fn set_trap(csrs: &mut BTreeMap<u16, u64>, trap: &Trap) {
    use isa::csr::{htinst, htval, scause, stval};
    csrs.insert(scause::NUMBER, trap.scause);
    csrs.insert(stval::NUMBER, trap.stval);
    csrs.insert(htval::NUMBER, trap.htval);
    csrs.insert(htinst::NUMBER, trap.htinst);
}

fn name(number: u16) -> &'static str {
    isa::csr::find(number).expect("the CSR is in the table").0.name
}

impl Hart for FakeHart {
    fn read<const CSR: u16>(&mut self) -> u64 {
        assert!(!self.missing.contains(&CSR), "CSR {CSR:#x} does not exist");
        self.record(Event::Read(name(CSR)));
        self.csr(CSR)
    }

    fn write<const CSR: u16>(&mut self, value: u64) {
        self.record(Event::Write(name(CSR), value));
        self.store(CSR, value);
    }

    fn swap<const CSR: u16>(&mut self, value: u64) -> u64 {
        self.record(Event::Swap(name(CSR), value));
        let old = self.csr(CSR);
        self.store(CSR, value);
        old
    }

    fn try_read<const CSR: u16>(&mut self) -> Option<u64> {
        (!self.missing.contains(&CSR)).then(|| self.csr(CSR))
    }

    fn fetch_guest(&mut self, address: Gva) -> Result<u16, Trap> {
        self.record(Event::Fetch(address.0));
        self.code.get(&address.0).copied().expect("the test gave code at this address")
    }

    fn load_guest(&mut self, address: Gva) -> Result<u64, Trap> {
        self.record(Event::Load(address.0));
        self.data.get(&address.0).copied().expect("the test gave data at this address")
    }

    fn hfence_gvma(&mut self, address: Option<Gpa>, vmid: Option<u16>) {
        self.record(Event::HfenceGvma(address, vmid));
    }

    fn hfence_vvma(&mut self, address: Option<Gva>, asid: Option<u16>) {
        self.record(Event::HfenceVvma(address, asid));
    }

    fn fence_i(&mut self) {
        self.record(Event::FenceI);
    }

    fn remote_fence(&mut self, fence: RemoteFence) {
        self.record(Event::RemoteFence(fence));
    }

    fn time(&mut self) -> u64 {
        self.time
    }

    fn set_alarm(&mut self, time: u64) {
        self.record(Event::Alarm(time));
    }

    fn save_float(&mut self, state: &mut FloatState) {
        self.record(Event::SaveFloat);
        *state = self.float;
    }

    fn restore_float(&mut self, state: &FloatState) {
        self.record(Event::RestoreFloat);
        self.float = *state;
    }

    fn enter_guest(&mut self, context: &mut Context) {
        self.record(Event::Enter);
        let mut guest = self.guests.pop_front().expect("the test gave a guest to enter");
        guest(&mut self.csrs, context);
    }

    fn note_entries(&mut self, written: u64) {
        self.entries += written;
    }
}

/// Where user memory is: each address is its own physical one.
pub(crate) const USER: u64 = 0x10_0000_0000;

/// What the kernel does in between.
type Hook = Box<dyn FnMut()>;
type KickHook = Box<dyn FnMut(usize)>;

/// A kernel. Frames are never used twice; each byte lives in a map of pages.
pub(crate) struct FakeHost {
    pages: RefCell<BTreeMap<u64, Vec<u8>>>,
    next: Cell<u64>,
    /// How many more frames can be allocated.
    pub(crate) left: Cell<usize>,
    /// What is allocated: address to size.
    pub(crate) live: RefCell<BTreeMap<u64, u64>>,
    /// When each frame was freed.
    freed: RefCell<Vec<u64>>,
    /// User memory, from [`USER`] on, in bytes.
    pub(crate) user: Cell<u64>,
    /// What each page of user memory is.
    pub(crate) resolved: Cell<Resolved>,
    /// Pages that have been found and not let go of.
    pub(crate) held: Cell<u64>,
    /// How many of those that have been let go of may have been written.
    pub(crate) dirtied: Cell<u64>,
    /// What happens when a page is found.
    pub(crate) on_resolve: RefCell<Option<Hook>>,
    /// What happens when a hart is kicked.
    pub(crate) on_kick: RefCell<Option<KickHook>>,
    kicks: RefCell<Vec<usize>>,
    wakes: RefCell<Vec<usize>>,
    signals: RefCell<Vec<u64>>,
    pub(crate) stolen: Cell<u64>,
}

impl Default for FakeHost {
    fn default() -> FakeHost {
        FakeHost {
            pages: RefCell::default(),
            next: Cell::new(0x1_0000_0000),
            left: Cell::new(usize::MAX),
            live: RefCell::default(),
            freed: RefCell::default(),
            user: Cell::new(1 << 32),
            resolved: Cell::new(Resolved { hpa: Hpa(0), writable: true, level: 2 }),
            held: Cell::new(0),
            dirtied: Cell::new(0),
            on_resolve: RefCell::default(),
            on_kick: RefCell::default(),
            kicks: RefCell::default(),
            wakes: RefCell::default(),
            signals: RefCell::default(),
            stolen: Cell::new(0),
        }
    }
}

impl FakeHost {
    pub(crate) fn take_kicks(&self) -> Vec<usize> {
        self.kicks.take()
    }

    /// When frames were freed.
    pub(crate) fn take_freed(&self) -> Vec<u64> {
        self.freed.take()
    }

    pub(crate) fn take_wakes(&self) -> Vec<usize> {
        self.wakes.take()
    }

    pub(crate) fn take_signals(&self) -> Vec<u64> {
        self.signals.take()
    }

    fn byte(&self, at: u64) -> u8 {
        let page = at & !(PAGE_SIZE - 1);
        self.pages.borrow().get(&page).map_or(0, |bytes| bytes[(at - page) as usize])
    }

    fn set_byte(&self, at: u64, byte: u8) {
        let page = at & !(PAGE_SIZE - 1);
        let mut pages = self.pages.borrow_mut();
        pages.entry(page).or_insert_with(|| vec![0; PAGE_SIZE as usize])[(at - page) as usize] = byte;
    }

    fn check_table(&self, at: Hpa) {
        let live = self.live.borrow();
        let (start, size) = live.range(..=at.0).next_back().expect("no table is there");
        assert!(at.0.is_multiple_of(8) && at.0 < start + size, "{at:?} is in no table");
    }

    fn check_user(&self, hva: Hva, length: u64) -> Result<(), Errno> {
        let end = hva.0.checked_add(length).ok_or(Errno::EFAULT)?;
        if hva.0 < USER || end > USER + self.user.get() { Err(Errno::EFAULT) } else { Ok(()) }
    }
}

impl Tables for FakeHost {
    fn allocate(&self, size: u64) -> Option<Hpa> {
        self.left.set(self.left.get().checked_sub(1)?);
        let frame = self.next.get().next_multiple_of(size);
        self.next.set(frame + size);
        self.live.borrow_mut().insert(frame, size);
        Some(Hpa(frame))
    }

    fn free(&self, frame: Hpa, size: u64) {
        let freed = self.live.borrow_mut().remove(&frame.0);
        assert_eq!(freed, Some(size), "freed what was not allocated");
        self.freed.borrow_mut().push(DONE.get());
    }

    fn read_entry(&self, at: Hpa) -> u64 {
        self.check_table(at);
        u64::from_le_bytes(core::array::from_fn(|n| self.byte(at.0 + n as u64)))
    }

    fn write_entry(&self, at: Hpa, value: u64) {
        self.check_table(at);
        for (n, byte) in (0..).zip(value.to_le_bytes()) {
            self.set_byte(at.0 + n, byte);
        }
    }

    fn exchange_entry(&self, at: Hpa, old: u64, new: u64) -> Result<(), u64> {
        let now = self.read_entry(at);
        if now != old {
            return Err(now);
        }
        self.write_entry(at, new);
        Ok(())
    }
}

impl Host for FakeHost {
    fn resolve(&self, hva: Hva, write: bool) -> Result<Resolved, Errno> {
        self.check_user(hva, 1)?;
        if write && !self.resolved.get().writable {
            return Err(Errno::EFAULT);
        }
        if let Some(hook) = self.on_resolve.borrow_mut().as_mut() {
            hook();
        }
        self.held.set(self.held.get() + 1);
        Ok(Resolved { hpa: Hpa(hva.0), ..self.resolved.get() })
    }

    fn release(&self, _page: Resolved, dirty: bool) {
        self.dirtied.set(self.dirtied.get() + u64::from(dirty));
        self.held.set(self.held.get().checked_sub(1).expect("a page is let go of once"));
    }

    fn read_user(&self, from: Hva, to: &mut [u8]) -> Result<(), Errno> {
        self.check_user(from, to.len() as u64)?;
        to.iter_mut().zip(from.0..).for_each(|(byte, at)| *byte = self.byte(at));
        Ok(())
    }

    fn write_user(&self, to: Hva, from: &[u8]) -> Result<(), Errno> {
        self.check_user(to, from.len() as u64)?;
        from.iter().zip(to.0..).for_each(|(byte, at)| self.set_byte(at, *byte));
        Ok(())
    }

    fn stolen_time(&self) -> u64 {
        self.stolen.get()
    }

    fn signal(&self, event: u64) {
        self.signals.borrow_mut().push(event);
    }

    fn kick(&self, hart: usize) {
        self.kicks.borrow_mut().push(hart);
        if let Some(hook) = self.on_kick.borrow_mut().as_mut() {
            hook(hart);
        }
    }

    fn wake(&self, vcpu: &Shared) {
        self.wakes.borrow_mut().push(vcpu.number());
    }
}

/// Where the guest has memory.
pub(crate) const RAM: u64 = 0x8000_0000;
/// How much.
pub(crate) const RAM_SIZE: u64 = 16 << 20;

/// A machine with a guest of one virtual hart.
pub(crate) struct World {
    pub(crate) local: Local<FakeHart>,
    pub(crate) host: FakeHost,
    pub(crate) vm: Arc<Vm>,
    pub(crate) vcpu: Vcpu,
    page: Vec<u8>,
}

/// What a machine is that has nothing but what a hypervisor needs.
pub(crate) fn machine(harts: usize, extensions: &[Ext]) -> Machine {
    let isa = ExtSet::of(extensions).with(ExtSet::of(&[Ext::I, Ext::M, Ext::A, Ext::C, Ext::H, Ext::Zicntr]));
    Machine { isa, frequency: 10_000_000, harts, block_size: 64, ids: [1, 2, 3], gstage: None }
}

impl World {
    /// A guest on one of `harts` harts with VMIDs of `vmid_bits` and these extensions beside the least; its clock began
    /// when the host's showed 900, which shows 1000 now.
    pub(crate) fn new(harts: usize, vmid_bits: u32, extensions: &[Ext]) -> World {
        use isa::csr::{hgatp, hstateen0, vstimecmp};
        let mut hart = FakeHart { time: 1000, ..FakeHart::default() };
        let vmid = hgatp::VMID.of((1 << vmid_bits) - 1);
        hart.writable.insert(hgatp::NUMBER, hgatp::MODE.mask() | hgatp::PPN.mask() | vmid);
        if !extensions.contains(&Ext::Sstc) {
            hart.missing.insert(vstimecmp::NUMBER);
        }
        if !extensions.contains(&Ext::Smstateen) {
            hart.missing.insert(hstateen0::NUMBER);
        }
        let hypervisor = Hypervisor::new(&mut hart, machine(harts, extensions)).unwrap();
        let host = FakeHost::default();
        let vm = Vm::new(&hypervisor, &host, 900).unwrap();
        let vcpu = vm.create_vcpu(0).unwrap();
        let mut local = Local::enable(hypervisor, hart, 0);
        vm.set_user_memory_region(&mut local, &host, &region(0)).unwrap();
        local.hart.take_events();
        World { local, host, vm, vcpu, page: vec![0; 4096] }
    }

    /// A guest on a hart with the usual extensions and VMIDs.
    pub(crate) fn usual() -> World {
        World::new(1, 14, &[])
    }

    /// The page that the virtual hart shares with its monitor.
    pub(crate) fn page(&mut self) -> Run<'_> {
        Run::new(&mut self.page).unwrap()
    }

    pub(crate) fn load(&mut self) {
        self.vcpu.load(&mut self.local, &self.host);
    }

    pub(crate) fn put(&mut self) {
        self.vcpu.put(&mut self.local);
    }

    pub(crate) fn run(&mut self) -> Result<Stop, Errno> {
        let World { local, host, vcpu, page, .. } = self;
        vcpu.run(local, host, &mut Run::new(page).unwrap())
    }

    /// Has the guest, which is loaded, exit so, and says what the run leads to: a guest that runs on is interrupted.
    pub(crate) fn exit(&mut self, trap: Trap) -> Result<Stop, Errno> {
        self.local.hart.guests.clear();
        self.local.hart.exit_with(trap);
        self.local.hart.exit_with(HOST_INTERRUPT);
        self.run()
    }

    /// Runs the guest on, which is interrupted at once.
    pub(crate) fn go_on(&mut self) -> Result<Stop, Errno> {
        self.exit(HOST_INTERRUPT)
    }

    pub(crate) fn hart(&mut self) -> &mut FakeHart {
        &mut self.local.hart
    }

    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        self.local.hart.take_events()
    }
}

/// The region of the guest's memory, with flags.
pub(crate) fn region(flags: u32) -> UserMemoryRegion {
    UserMemoryRegion { slot: 0, flags, guest_phys_addr: RAM, memory_size: RAM_SIZE, userspace_addr: USER }
}
