//! What single changes of the tables are; sequences of them are walked by the simulator's MMU in `tests/hypervisor`.

use isa::paging::{SV39X4, SV48X4, SV57X4};

use super::*;
use crate::fake::FakeHost;

const MEGA: u64 = 2 << 20;
const GIGA: u64 = 1 << 30;
const WRITE: Permissions = Permissions { write: true };
const READ: Permissions = Permissions { write: false };

struct World {
    host: FakeHost,
    gstage: GStage,
    cache: TableCache,
}

fn world(scheme: &'static Scheme) -> World {
    let host = FakeHost::default();
    let gstage = GStage::new(&host, scheme).unwrap();
    World { host, gstage, cache: TableCache::default() }
}

impl World {
    fn map(&mut self, gpa: u64, hpa: u64, level: u32, permissions: Permissions) -> Result<Change, MapError> {
        self.cache.fill(&self.host, 4)?;
        self.gstage.map(&self.host, &mut self.cache, Gpa(gpa), Hpa(hpa), level, permissions)
    }

    fn leaf(&self, gpa: u64) -> Option<(u32, u64)> {
        let found = self.gstage.lookup(&self.host, Gpa(gpa));
        found.leaf.map(|leaf| (found.level, leaf.0))
    }
}

fn flush(start: u64, end: u64) -> Option<Flush> {
    Some(Flush { start: Gpa(start), end: Gpa(end) })
}

#[test]
fn the_root_is_sixteen_kibibytes_and_aligned() {
    for scheme in [&SV39X4, &SV48X4, &SV57X4] {
        let World { host, gstage, .. } = world(scheme);
        assert_eq!(host.live.borrow().values().copied().collect::<Vec<_>>(), [16 << 10]);
        assert_eq!(gstage.root.0 % (16 << 10), 0);
        assert_eq!(gstage.hgatp(), scheme.mode << 60 | gstage.root.0 >> 12);
        assert_eq!(gstage.limit(), Gpa(1 << scheme.address_bits()));
    }
}

#[test]
fn leaves_are_user_pages_with_a_and_d_set() {
    let mut world = world(&SV39X4);
    drop(world.map(0x8000_0000, 0x9000_0000, 0, WRITE).unwrap());
    drop(world.map(0x8000_1000, 0x9000_1000, 0, READ).unwrap());
    assert_eq!(world.leaf(0x8000_0000), Some((0, 0x9000_0000 >> 2 | 0b1101_1111)));
    assert_eq!(world.leaf(0x8000_1000), Some((0, 0x9000_1000 >> 2 | 0b1101_1011)));
}

#[test]
fn what_cannot_be_mapped_is_refused_and_changes_nothing() {
    for scheme in [&SV39X4, &SV48X4, &SV57X4] {
        let mut world = world(scheme);
        let beyond = 1 << scheme.address_bits();
        for (gpa, hpa, level) in [
            (PAGE_SIZE, 0, 1),
            (MEGA, PAGE_SIZE, 1),
            (0, 0, 3),
            (0, 0, u32::MAX),
            (beyond, 0, 0),
            (u64::MAX - 0xfff, 0, 0),
            (0, 1 << 56, 0),
            (1, 0, 0),
        ] {
            let refused = world.map(gpa, hpa, level, WRITE).err();
            assert_eq!(refused, Some(MapError::BadAddress), "{gpa:#x} {hpa:#x} {level}");
        }
        drop(world.map(beyond - PAGE_SIZE, 0x9000_0000, 0, WRITE).unwrap());
        let last = world.gstage.translate(&world.host, Gpa(beyond - 8));
        assert_eq!(last, Some(Hpa(0x9000_0ff8)));
        assert_eq!(world.gstage.translate(&world.host, Gpa(beyond)), None);
    }
}

#[test]
fn a_new_page_needs_no_fence_and_a_lost_permission_does() {
    let mut world = world(&SV39X4);
    assert_eq!(world.map(MEGA, MEGA, 0, READ).unwrap().flush, None);
    let more = world.map(MEGA, MEGA, 0, WRITE).unwrap();
    assert_eq!((more.flush, more.written), (None, 1));
    let same = world.map(MEGA, MEGA, 0, WRITE).unwrap();
    assert_eq!((same.flush, same.written), (None, 0));
    assert_eq!(world.map(MEGA, MEGA, 0, READ).unwrap().flush, flush(MEGA, MEGA + PAGE_SIZE));
}

#[test]
fn a_large_page_is_split_for_a_small_one_and_keeps_the_rest() {
    let mut world = world(&SV39X4);
    drop(world.map(GIGA, 2 * GIGA, 2, READ).unwrap());
    let change = world.map(GIGA + 5 * PAGE_SIZE, 2 * GIGA + 5 * PAGE_SIZE, 0, WRITE).unwrap();
    assert_eq!(change.flush, flush(GIGA, 2 * GIGA));
    assert_eq!(world.leaf(GIGA + 5 * PAGE_SIZE), Some((0, (2 * GIGA + 5 * PAGE_SIZE) >> 2 | 0b1101_1111)));
    assert_eq!(world.leaf(GIGA + 6 * PAGE_SIZE), Some((0, (2 * GIGA + 6 * PAGE_SIZE) >> 2 | 0b1101_1011)));
    assert_eq!(world.leaf(2 * GIGA - 1), Some((1, (3 * GIGA - MEGA) >> 2 | 0b1101_1011)));
}

#[test]
fn nothing_takes_the_place_of_another_mapping_before_the_fence() {
    let mut world = world(&SV39X4);
    drop(world.map(MEGA, 8 * MEGA, 0, WRITE).unwrap());
    let other = world.map(MEGA, 9 * MEGA, 0, WRITE).unwrap();
    assert_eq!((other.flush, world.leaf(MEGA)), (flush(MEGA, MEGA + PAGE_SIZE), None));
    other.free(&SV39X4, &world.host);
    drop(world.map(MEGA, 9 * MEGA, 0, WRITE).unwrap());

    let tables = world.host.live.borrow().len();
    let larger = world.map(MEGA, 8 * MEGA, 1, WRITE).unwrap();
    assert_eq!((larger.flush, world.leaf(MEGA)), (flush(MEGA, 2 * MEGA), None));
    let held = world.host.live.borrow().len();
    larger.free(&SV39X4, &world.host);
    assert_eq!(world.host.live.borrow().len(), held - 1, "the table is freed after the fence and not before");
    assert!(held >= tables);
    drop(world.map(MEGA, 8 * MEGA, 1, WRITE).unwrap());
    assert_eq!(world.leaf(MEGA), Some((1, (8 * MEGA) >> 2 | 0b1101_1111)));
}

#[test]
fn ranges_take_whole_pages_and_nothing_else() {
    let mut world = world(&SV39X4);
    for page in 0..4 {
        drop(world.map(page * PAGE_SIZE, GIGA + page * PAGE_SIZE, 0, WRITE).unwrap());
    }
    drop(world.map(MEGA, GIGA, 1, WRITE).unwrap());
    let protected = world.gstage.write_protect_range(&world.host, Gpa(PAGE_SIZE + 1)..Gpa(2 * PAGE_SIZE + 1));
    assert_eq!((protected.flush, protected.written), (flush(PAGE_SIZE, 3 * PAGE_SIZE), 2));
    let again = world.gstage.write_protect_range(&world.host, Gpa(PAGE_SIZE)..Gpa(3 * PAGE_SIZE));
    assert_eq!((again.flush, again.written), (None, 0));
    // The large page is unmapped as a whole.
    let gone = world.gstage.unmap_range(&world.host, Gpa(3 * PAGE_SIZE)..Gpa(MEGA + 1));
    assert_eq!((gone.flush, gone.written), (flush(3 * PAGE_SIZE, 2 * MEGA), 2));
    assert!(world.leaf(0).is_some() && world.leaf(2 * PAGE_SIZE).is_some());
    assert!(world.leaf(3 * PAGE_SIZE).is_none() && world.leaf(MEGA).is_none());
}

#[test]
fn strange_ranges_do_nothing() {
    let mut world = world(&SV39X4);
    drop(world.map(0, GIGA, 0, WRITE).unwrap());
    let limit = world.gstage.limit();
    for range in [Gpa(5)..Gpa(5), Gpa(9)..Gpa(3), limit..Gpa(u64::MAX), Gpa(u64::MAX)..Gpa(0)] {
        assert_eq!(world.gstage.unmap_range(&world.host, range.clone()).written, 0);
        assert_eq!(world.gstage.write_protect_range(&world.host, range.clone()).written, 0);
        assert_eq!(world.gstage.make_room_for_large_pages(&world.host, range.clone()).written, 0);
        assert!(!world.gstage.age_range(&world.host, range));
    }
    assert_eq!(world.gstage.unmap_range(&world.host, Gpa(0)..Gpa(u64::MAX)).written, 1);
}

#[test]
fn a_page_is_young_until_it_is_aged() {
    let mut world = world(&SV39X4);
    drop(world.map(0, GIGA, 0, WRITE).unwrap());
    let all = || Gpa(0)..Gpa(GIGA);
    assert!(world.gstage.is_young(&world.host, all()));
    assert!(world.gstage.age_range(&world.host, all()));
    assert!(!world.gstage.is_young(&world.host, all()));
    assert!(!world.gstage.age_range(&world.host, all()));
    drop(world.map(0, GIGA, 0, WRITE).unwrap());
    assert!(world.gstage.is_young(&world.host, all()), "mapped again");
}

#[test]
fn room_for_large_pages_is_made_where_all_of_one_is_asked_for() {
    let mut world = world(&SV39X4);
    for gpa in [0, MEGA, 2 * MEGA] {
        drop(world.map(gpa, GIGA + gpa, 0, WRITE).unwrap());
    }
    let change = world.gstage.make_room_for_large_pages(&world.host, Gpa(PAGE_SIZE)..Gpa(3 * MEGA - 1));
    assert_eq!(change.flush, flush(MEGA, 2 * MEGA));
    change.free(&SV39X4, &world.host);
    assert!(world.leaf(0).is_some() && world.leaf(MEGA).is_none() && world.leaf(2 * MEGA).is_some());
}

#[test]
fn every_table_is_given_back_and_none_is_missed_when_memory_ends() {
    for scheme in [&SV39X4, &SV48X4, &SV57X4] {
        for left in 0..6 {
            let mut world = world(scheme);
            world.host.left.set(left);
            for gpa in [0, GIGA, 1 << 40] {
                if let Ok(change) = world.map(gpa, GIGA, 0, WRITE) {
                    change.free(scheme, &world.host);
                }
            }
            world.cache.drain(&world.host);
            world.gstage.destroy(&world.host);
            assert!(world.host.live.borrow().is_empty(), "{} with {left} tables", scheme.name);
        }
    }
}

#[test]
fn a_mapping_without_tables_fails_and_changes_nothing() {
    let World { host, mut gstage, mut cache } = world(&SV48X4);
    let map = |gstage: &mut GStage, cache: &mut TableCache, gpa| {
        gstage.map(&host, cache, Gpa(gpa), Hpa(GIGA), 0, WRITE).map(|change| change.written)
    };
    assert_eq!(map(&mut gstage, &mut cache, 0), Err(MapError::OutOfTables));
    cache.fill(&host, 3).unwrap();
    assert_eq!(map(&mut gstage, &mut cache, 0), Ok(4));
    // The tables are there for the next one.
    assert_eq!(map(&mut gstage, &mut cache, PAGE_SIZE), Ok(1));
    assert_eq!(map(&mut gstage, &mut cache, GIGA), Err(MapError::OutOfTables));
    assert_eq!(gstage.lookup(&host, Gpa(GIGA)).level, 2);
}

#[test]
fn tables_below_a_table_that_is_taken_away_are_freed_with_it() {
    let mut world = world(&SV57X4);
    // The first entries of tables are those that tell of the next table later.
    for gpa in [GIGA, GIGA + 5 * MEGA, 2 * GIGA - PAGE_SIZE] {
        drop(world.map(gpa, gpa, 0, WRITE).unwrap());
    }
    let larger = world.map(GIGA, 8 * GIGA, 2, WRITE).unwrap();
    let other = world.gstage.unmap_range(&world.host, Gpa(0)..Gpa(GIGA));
    let mut both = Change::default();
    both.add(&world.host, other);
    both.add(&world.host, larger);
    assert_eq!(both.flush, flush(GIGA, 2 * GIGA));
    let before = world.host.live.borrow().len();
    both.free(&SV57X4, &world.host);
    assert_eq!(
        world.host.live.borrow().len(),
        before - 4,
        "one table of large pages, and three of small ones"
    );
    world.cache.drain(&world.host);
    world.gstage.destroy(&world.host);
    assert!(world.host.live.borrow().is_empty());
}
