//! The tables against a map of what should be mapped.

use std::collections::BTreeMap;

use proptest::prelude::{any, prop_assert, prop_assert_eq, proptest};

use super::*;
use crate::fake::FakeFrames;

const MEGA: u64 = 2 << 20;
const GIGA: u64 = 1 << 30;

fn gstage() -> (FakeFrames, GStage) {
    let mut frames = FakeFrames::default();
    let gstage = GStage::new(&mut frames).unwrap();
    (frames, gstage)
}

#[test]
fn the_root_is_sixteen_kibibytes_and_aligned() {
    let (frames, gstage) = gstage();
    assert_eq!(frames.live, BTreeMap::from([(gstage.root.0, 16 << 10)]));
    assert_eq!(gstage.root.0 % (16 << 10), 0);
    assert_eq!(gstage.hgatp(5), 8 << 60 | 5 << 44 | gstage.root.0 >> 12);
}

#[test]
fn leaves_are_user_pages_with_a_and_d_set() {
    let (mut frames, mut gstage) = gstage();
    gstage.map(&mut frames, Gpa(0x8000_0000), Hpa(0x9000_0000), 0, Permission::All).unwrap();
    gstage.map(&mut frames, Gpa(0x8000_1000), Hpa(0x9000_1000), 0, Permission::ReadOnly).unwrap();
    let leaf = |gpa| gstage.lookup(&frames, Gpa(gpa)).leaf.unwrap().0;
    assert_eq!(leaf(0x8000_0000), 0x9000_0000 >> 2 | 0b1101_1111);
    assert_eq!(leaf(0x8000_1000), 0x9000_1000 >> 2 | 0b1101_1011);
}

#[test]
fn addresses_use_all_eleven_bits_of_the_root_index() {
    let (mut frames, mut gstage) = gstage();
    let top = Gpa((1 << 41) - PAGE_SIZE);
    gstage.map(&mut frames, top, Hpa(0x9000_0000), 0, Permission::All).unwrap();
    assert_eq!(gstage.translate(&frames, top.offset(8)), Some(Hpa(0x9000_0008)));
    assert_eq!(gstage.translate(&frames, Gpa((1 << 39) - PAGE_SIZE)), None);
    let beyond = top.offset(PAGE_SIZE);
    assert_eq!(
        gstage.map(&mut frames, beyond, Hpa(0x9000_0000), 0, Permission::All),
        Err(Error::BadGuestAddress(beyond))
    );
    assert_eq!(gstage.translate(&frames, beyond), None);
}

#[test]
fn misaligned_and_double_mappings_are_refused() {
    let (mut frames, mut gstage) = gstage();
    let mut map = |gpa, hpa, level| gstage.map(&mut frames, Gpa(gpa), Hpa(hpa), level, Permission::All);
    assert_eq!(map(PAGE_SIZE, 0, 1), Err(Error::BadGuestAddress(Gpa(PAGE_SIZE))));
    assert_eq!(map(MEGA, PAGE_SIZE, 1), Err(Error::BadGuestAddress(Gpa(MEGA))));
    assert_eq!(map(0, 0, 3), Err(Error::BadGuestAddress(Gpa(0))));
    assert_eq!(map(0, GIGA, 2), Ok(()));
    assert_eq!(map(PAGE_SIZE, GIGA, 0), Err(Error::AlreadyMapped(Gpa(PAGE_SIZE))));
    assert_eq!(map(GIGA, GIGA, 0), Ok(()));
    assert_eq!(map(GIGA, GIGA, 1), Err(Error::AlreadyMapped(Gpa(GIGA))));
}

#[test]
fn lookup_says_how_much_is_unmapped() {
    let (mut frames, mut gstage) = gstage();
    assert_eq!(gstage.lookup(&frames, Gpa(0)).level, 2);
    gstage.map(&mut frames, Gpa(0), Hpa(0), 0, Permission::All).unwrap();
    assert_eq!(gstage.lookup(&frames, Gpa(PAGE_SIZE)).level, 0);
    assert_eq!(gstage.lookup(&frames, Gpa(MEGA)).level, 1);
    assert_eq!(gstage.lookup(&frames, Gpa(GIGA)).level, 2);
}

#[test]
fn running_out_of_frames_maps_nothing() {
    for left in 0..2 {
        let (mut frames, mut gstage) = gstage();
        frames.left = left;
        let map = gstage.map(&mut frames, Gpa(0), Hpa(0), 0, Permission::All);
        assert_eq!(map, Err(Error::OutOfFrames));
        assert_eq!(gstage.translate(&frames, Gpa(0)), None);
    }
}

#[test]
fn unmapping_part_of_a_large_page_is_refused() {
    let (mut frames, mut gstage) = gstage();
    gstage.map(&mut frames, Gpa(MEGA), Hpa(MEGA), 1, Permission::All).unwrap();
    for (start, size) in [(0, MEGA + PAGE_SIZE), (MEGA + PAGE_SIZE, MEGA), (MEGA, PAGE_SIZE)] {
        let unmapped = gstage.unmap(&mut frames, Gpa(start), size, |_, _| panic!("nothing is released"));
        assert_eq!(unmapped, Err(Error::WithinLargePage(Gpa(start.max(MEGA)))));
    }
    for (start, size) in [(1, PAGE_SIZE), (0, 1), (PAGE_SIZE, u64::MAX - 1), (0, 1 << 42)] {
        let unmapped = gstage.unmap(&mut frames, Gpa(start), size, |_, _| {});
        assert_eq!(unmapped, Err(Error::BadGuestAddress(Gpa(start))));
    }
    assert_eq!(gstage.translate(&frames, Gpa(MEGA)), Some(Hpa(MEGA)));
}

#[test]
fn destroy_gives_everything_back() {
    let (mut frames, mut gstage) = gstage();
    for (gpa, level) in [(0, 0), (PAGE_SIZE, 0), (MEGA, 1), (GIGA, 2), (5 * GIGA, 0)] {
        let frame = frames.allocate(SV39X4.page_size(level)).unwrap();
        gstage.map(&mut frames, Gpa(gpa), frame, level, Permission::All).unwrap();
    }
    gstage.destroy(&mut frames);
    assert_eq!(frames.live, BTreeMap::new());
}

proptest! {
    /// Random pages and large pages in eight megabytes either side of a gigabyte, random ranges unmapped.
    #[test]
    fn mapping_and_unmapping_agree_with_a_map(
        steps in proptest::collection::vec((any::<bool>(), 0u64..4096, 1u64..600, 0u32..2), 1..60)
    ) {
        let base = GIGA - 8 * MEGA / 2;
        let (mut frames, mut gstage) = gstage();
        let mut model: BTreeMap<u64, (u64, u32)> = BTreeMap::new();
        for (is_map, page, count, level) in steps {
            let gpa = base + page % 2048 * PAGE_SIZE;
            if is_map {
                let size = SV39X4.page_size(level);
                let gpa = gpa & !(size - 1);
                let overlaps = model.iter().any(|(at, (_, level))| {
                    *at < gpa + size && gpa < at + SV39X4.page_size(*level)
                });
                let hpa = gpa + 16 * GIGA;
                let mapped = gstage.map(&mut frames, Gpa(gpa), Hpa(hpa), level, Permission::All);
                // A table that has become empty still stands in the way of a large page.
                prop_assert!(mapped.is_err() || !overlaps);
                prop_assert!(mapped.is_ok() || overlaps || level == 1);
                if mapped.is_ok() {
                    model.insert(gpa, (hpa, level));
                }
            } else {
                let end = gpa + count * PAGE_SIZE;
                let mut released = Vec::new();
                let unmapped = gstage.unmap(&mut frames, Gpa(gpa), end - gpa, |at, _| released.push(at.0));
                let split = model.iter().find(|(at, (_, level))| {
                    let next = *at + SV39X4.page_size(*level);
                    **at < end && gpa < next && (**at < gpa || end < next)
                });
                prop_assert_eq!(unmapped.is_err(), split.is_some());
                let stop = split.map_or(end, |(at, _)| *at);
                let gone: Vec<u64> = model.range(gpa..stop.max(gpa)).map(|(at, _)| *at).collect();
                let expected: Vec<u64> = gone.iter().map(|at| model.remove(at).unwrap().0).collect();
                prop_assert_eq!(released, expected);
            }
        }
        for page in 0..2048 + 1024 {
            let gpa = base + page * PAGE_SIZE;
            let expected = model.range(..=gpa).next_back().and_then(|(at, (hpa, level))| {
                (gpa - at < SV39X4.page_size(*level)).then(|| Hpa(hpa + gpa - at))
            });
            prop_assert_eq!(gstage.translate(&frames, Gpa(gpa)), expected);
        }
    }
}
