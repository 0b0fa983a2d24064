//! G-stage tables that the hypervisor builds are walked by the simulator's MMU, in every mode, after any changes.

use std::collections::BTreeMap;

use hyp::gstage::{GStage, Permissions, TableCache};
use hyp::{Gpa, Hart, Hpa};
use isa::cause::Exception;
use isa::csr::{hgatp, vsatp};
use isa::paging::{PAGE_SIZE, SV39X4, SV48X4, SV57X4, Scheme};
use iss::Variant;
use iss::observe::AccessKind::{Fetch, Load, Store};
use native::{Board, Memory, NativeHart};
use proptest::prelude::{Just, Strategy, any, prop_assert_eq, prop_oneof, proptest};

/// Places that differ in every part of the address, of which each mode has some.
const REGIONS: [u64; 7] = [
    0,
    0x8000_0000,
    (1 << 39) - (4 << 20),
    1 << 39,
    (1 << 41) - (2 << 20),
    (1 << 50) - (2 << 20),
    (1 << 59) - (2 << 20),
];

/// A page of guest physical memory near one of the regions.
fn page() -> impl Strategy<Value = u64> {
    (proptest::sample::select(&REGIONS[..]), 0u64..512).prop_map(|(region, page)| region + page * PAGE_SIZE)
}

#[derive(Clone, Copy, Debug)]
enum Change {
    /// At a page, this memory, of a level, writable or not.
    Map {
        gpa: u64,
        frame: u64,
        level: u32,
        write: bool,
    },
    /// From a page on, so many.
    Unmap {
        gpa: u64,
        pages: u64,
    },
    Protect {
        gpa: u64,
        pages: u64,
    },
    Age {
        gpa: u64,
        pages: u64,
    },
    MakeRoom {
        gpa: u64,
        pages: u64,
    },
}

fn change() -> impl Strategy<Value = Change> {
    let range = || (page(), prop_oneof![1u64..8, 400u64..1200, Just(1 << 18)]);
    prop_oneof![
        4 => (page(), 0u64..1 << 16, 0u32..3, any::<bool>())
            .prop_map(|(gpa, frame, level, write)| Change::Map { gpa, frame, level, write }),
        1 => range().prop_map(|(gpa, pages)| Change::Unmap { gpa, pages }),
        1 => range().prop_map(|(gpa, pages)| Change::Protect { gpa, pages }),
        1 => range().prop_map(|(gpa, pages)| Change::Age { gpa, pages }),
        1 => range().prop_map(|(gpa, pages)| Change::MakeRoom { gpa, pages }),
    ]
}

/// What should be mapped: pages of 4 KiB, with their memory and whether they can be written.
type Model = BTreeMap<u64, (u64, bool)>;

/// How many pages a region's part of the model has, which is what is looked at.
const LOOKED_AT: u64 = 512;

struct World {
    hart: NativeHart,
    memory: Memory,
    gstage: GStage,
    cache: TableCache,
    scheme: &'static Scheme,
    model: Model,
}

impl World {
    fn new(scheme: &'static Scheme) -> World {
        let board = Board::new(32 << 20).unwrap();
        let memory = Memory::new(&board);
        let mut hart = NativeHart::all(&board, Variant::default(), 1).unwrap().remove(0);
        let gstage = GStage::new(&memory, scheme).unwrap();
        hart.write::<{ hgatp::NUMBER }>(gstage.hgatp() | 7 << 44);
        hart.write::<{ vsatp::NUMBER }>(0);
        World { hart, memory, gstage, cache: TableCache::default(), scheme, model: Model::new() }
    }

    /// Every page that is looked at.
    fn pages(&self) -> impl Iterator<Item = u64> + use<> {
        let scheme = self.scheme;
        let pages =
            REGIONS.into_iter().flat_map(|region| (0..LOOKED_AT).map(move |n| region + n * PAGE_SIZE));
        pages.filter(move |page| scheme.covers(*page))
    }

    /// Fences, as whoever makes the change has to, and frees what has been taken away.
    fn finish(&mut self, change: hyp::gstage::Change) {
        if let Some(flush) = change.flush {
            let size = flush.end.0 - flush.start.0;
            if size > 512 * PAGE_SIZE {
                self.hart.hfence_gvma(None, Some(7));
            } else {
                for page in 0..size / PAGE_SIZE {
                    self.hart.hfence_gvma(Some(flush.start.offset(page * PAGE_SIZE)), Some(7));
                }
            }
        }
        change.free(self.scheme, &self.memory);
    }

    fn apply(&mut self, change: Change) {
        let range = |gpa: u64, pages: u64| Gpa(gpa)..Gpa(gpa + pages * PAGE_SIZE);
        match change {
            Change::Map { gpa, frame, level, write } => self.map(gpa, frame, level, write),
            Change::Unmap { gpa, pages } => {
                let done = self.gstage.unmap_range(&self.memory, range(gpa, pages));
                self.take_away(&done, |_| None);
                assert!(self.model.range(gpa..gpa + pages * PAGE_SIZE).next().is_none());
                self.finish(done);
            }
            Change::Protect { gpa, pages } => {
                let done = self.gstage.write_protect_range(&self.memory, range(gpa, pages));
                self.take_away(&done, |frame| Some((frame, false)));
                assert!(self.model.range(gpa..gpa + pages * PAGE_SIZE).all(|(_, (_, write))| !write));
                self.finish(done);
            }
            Change::Age { gpa, pages } => {
                let mapped = self.model.range(gpa..gpa + pages * PAGE_SIZE).next().is_some();
                let young = self.gstage.age_range(&self.memory, range(gpa, pages));
                assert!(mapped || !young || level_of(self, gpa, pages));
                assert!(!self.gstage.is_young(&self.memory, range(gpa, pages)));
                // A hart without Svadu does not find pages without A: each is mapped anew, as a fault does.
                self.rejuvenate();
            }
            Change::MakeRoom { gpa, pages } => {
                let done = self.gstage.make_room_for_large_pages(&self.memory, range(gpa, pages));
                self.take_away(&done, |_| None);
                self.finish(done);
            }
        }
    }

    /// Changes the model where a change says that something is less than it was: exactly what the tables do no longer have.
    fn take_away(&mut self, change: &hyp::gstage::Change, left: impl Fn(u64) -> Option<(u64, bool)>) {
        let Some(flush) = change.flush else { return };
        let (memory, gstage) = (&self.memory, &self.gstage);
        self.model.retain(|page, entry| {
            if !(flush.start.0..flush.end.0).contains(page) {
                return true;
            }
            let now = gstage.translate(memory, Gpa(*page));
            match left(entry.0) {
                Some(entry_now) if now.is_some() => {
                    let leaf = gstage.lookup(memory, Gpa(*page)).leaf.unwrap();
                    if !isa::paging::Pte::W.is_set(leaf.0) {
                        *entry = entry_now;
                    }
                    true
                }
                _ => now.is_some(),
            }
        });
    }

    fn map(&mut self, gpa: u64, frame: u64, level: u32, write: bool) {
        let size = self.scheme.page_size(level);
        let (gpa, hpa) = (gpa & !(size - 1), (frame << 12) & !(size - 1));
        self.cache.fill(&self.memory, 4).unwrap();
        let permissions = Permissions { write };
        let World { memory, gstage, cache, .. } = self;
        let mapped = gstage.map(memory, cache, Gpa(gpa), Hpa(hpa), level, permissions);
        let Ok(done) = mapped else {
            assert!(!self.scheme.covers(gpa));
            return;
        };
        let is_mapped = self.gstage.translate(&self.memory, Gpa(gpa)) == Some(Hpa(hpa));
        self.finish(done);
        for page in self.pages().filter(|page| (gpa..gpa + size).contains(page)) {
            if is_mapped {
                self.model.insert(page, (hpa + page - gpa, write));
            } else {
                // What was there has been taken away, and the next fault maps the page.
                self.model.remove(&page);
            }
        }
    }

    /// Sets A again where ageing has taken it.
    fn rejuvenate(&mut self) {
        let entries: Vec<_> = self.model.iter().map(|(page, entry)| (*page, *entry)).collect();
        for (page, (hpa, write)) in entries {
            let found = self.gstage.lookup(&self.memory, Gpa(page));
            let size = self.scheme.page_size(found.level);
            if page & (size - 1) == 0 || !self.model.contains_key(&(page - PAGE_SIZE)) {
                let (first, back) = (page & !(size - 1), page & (size - 1));
                let permissions = Permissions { write };
                self.cache.fill(&self.memory, 4).unwrap();
                let World { memory, gstage, cache, .. } = self;
                let done =
                    gstage.map(memory, cache, Gpa(first), Hpa(hpa - back), found.level, permissions).unwrap();
                self.finish(done);
            }
        }
    }

    /// Asserts that loads, stores and fetches of a page end where the model says.
    fn check(&mut self, page: u64) -> Result<(), String> {
        let gpa = page + 0x6a8;
        for (kind, exception) in [
            (Load, Exception::LoadGuestPageFault),
            (Store, Exception::StoreGuestPageFault),
            (Fetch, Exception::InstGuestPageFault),
        ] {
            let entry = self.model.get(&page).filter(|(_, write)| kind != Store || *write);
            let seen = self.hart.translate(gpa, kind).map_err(|trap| (trap.cause, trap.tval, trap.tval2));
            let wanted = entry.map(|(hpa, _)| hpa + 0x6a8).ok_or((exception, gpa, gpa >> 2));
            if seen != wanted {
                return Err(format!("{kind:?} of {gpa:#x}: {seen:x?}, not {wanted:x?}"));
            }
        }
        Ok(())
    }
}

/// Whether a range has anything of a page that lies outside what is looked at.
fn level_of(world: &World, gpa: u64, pages: u64) -> bool {
    let all: Vec<u64> = world.pages().collect();
    (gpa..gpa + pages * PAGE_SIZE).step_by(PAGE_SIZE as usize).any(|page| !all.contains(&page))
}

proptest! {
    #[test]
    fn the_mmu_finds_what_the_tables_should_map(
        scheme in proptest::sample::select(&[&SV39X4, &SV48X4, &SV57X4][..]),
        changes in proptest::collection::vec(change(), 1..24),
    ) {
        let mut world = World::new(scheme);
        let used = world.memory.used();
        for change in changes {
            world.apply(change);
            // A few pages of each region after each change, and what lies at the edges.
            for page in world.pages().filter(|page| (page / PAGE_SIZE).is_multiple_of(37)).collect::<Vec<_>>() {
                prop_assert_eq!(world.check(page), Ok(()), "after {:?}", change);
            }
        }
        for page in world.pages().collect::<Vec<_>>() {
            prop_assert_eq!(world.check(page), Ok(()));
        }
        let World { memory, mut gstage, mut cache, .. } = world;
        cache.drain(&memory);
        gstage.destroy(&memory);
        prop_assert_eq!(memory.used(), used - scheme.table_size(scheme.levels - 1));
    }
}

#[test]
fn addresses_beyond_the_mode_fault() {
    for scheme in [&SV39X4, &SV48X4, &SV57X4] {
        let mut world = World::new(scheme);
        for gpa in [1 << scheme.address_bits(), 1 << 60, 0x6a8_0000_0000_0000 << 8] {
            assert_eq!(world.check(gpa), Ok(()));
        }
    }
}
