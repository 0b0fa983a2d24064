use super::*;

mod model;

const PAGE: u64 = PAGE_SIZE;
const LOG: u32 = UserMemoryRegion::LOG_DIRTY_PAGES;
const READONLY: u32 = UserMemoryRegion::READONLY;
/// Where Sv39x4 ends.
const LIMIT: Gpa = Gpa(1 << 41);

/// A region of so many pages, by the numbers of its first ones.
fn region(slot: u32, guest: u64, pages: u64, user: u64) -> UserMemoryRegion {
    UserMemoryRegion {
        slot,
        flags: 0,
        guest_phys_addr: guest * PAGE,
        memory_size: pages * PAGE,
        userspace_addr: user * PAGE,
    }
}

fn flagged(region: UserMemoryRegion, flags: u32) -> UserMemoryRegion {
    UserMemoryRegion { flags, ..region }
}

/// So many pages from a page's number on.
fn pages(first: u64, count: u64) -> Range<Gpa> {
    Gpa(first * PAGE)..Gpa((first + count) * PAGE)
}

fn set(slots: &mut Slots, region: UserMemoryRegion) -> Result<SlotChange, Errno> {
    slots.set(&region, LIMIT, false)
}

/// Slots of these regions.
fn slots(regions: &[UserMemoryRegion]) -> Slots {
    let mut slots = Slots::default();
    for region in regions {
        assert_eq!(set(&mut slots, *region), Ok(SlotChange::None));
    }
    slots
}

fn by_user_address(slots: &Slots, range: Range<u64>) -> Vec<Range<Gpa>> {
    slots.by_user_address(Hva(range.start)..Hva(range.end)).collect()
}

#[test]
fn what_no_region_can_be_is_refused() {
    let good = region(3, 16, 4, 64);
    let refused = [
        UserMemoryRegion { slot: MOST_SLOTS, ..good },
        // Another address space.
        UserMemoryRegion { slot: 1 << 16 | 3, ..good },
        UserMemoryRegion { flags: 4, ..good },
        UserMemoryRegion { flags: 1 << 31, ..good },
        UserMemoryRegion { guest_phys_addr: good.guest_phys_addr + 1, ..good },
        UserMemoryRegion { memory_size: good.memory_size + 2048, ..good },
        UserMemoryRegion { userspace_addr: good.userspace_addr + 8, ..good },
        UserMemoryRegion { guest_phys_addr: 0u64.wrapping_sub(PAGE), ..good },
        UserMemoryRegion { memory_size: (MOST_PAGES + 1) * PAGE, ..good },
        UserMemoryRegion { userspace_addr: 0u64.wrapping_sub(PAGE), ..good },
        UserMemoryRegion { userspace_addr: 1 << 63, ..good },
        UserMemoryRegion { userspace_addr: USER_END - PAGE, ..good },
    ];
    for region in refused {
        assert_eq!(set(&mut Slots::default(), region), Err(Errno::EINVAL), "{region:x?}");
        // There is one with this number: neither can it become what it cannot be, nor be taken away so.
        assert_eq!(set(&mut slots(&[good]), region), Err(Errno::EINVAL), "{region:x?}");
    }
    assert_eq!(
        set(&mut Slots::default(), UserMemoryRegion { slot: MOST_SLOTS - 1, ..good }),
        Ok(SlotChange::None)
    );
}

#[test]
fn a_slot_can_have_as_many_pages_as_an_int_counts() {
    let mut slots = Slots::default();
    assert_eq!(slots.set(&region(0, 0, MOST_PAGES, 1), Gpa(1 << 50), false), Ok(SlotChange::None));
    assert_eq!(slots.get(0).unwrap().pages(), MOST_PAGES);
}

#[test]
fn a_slot_may_end_where_addresses_end_and_no_later() {
    let last = LIMIT.0 / PAGE - 2;
    assert_eq!(set(&mut Slots::default(), region(0, last, 2, 0)), Ok(SlotChange::None));
    assert_eq!(set(&mut Slots::default(), region(0, last, 3, 0)), Err(Errno::EFAULT));
    assert_eq!(set(&mut Slots::default(), region(0, last + 2, 1, 0)), Err(Errno::EFAULT));
    // Moved there.
    let mut slots = slots(&[region(0, 16, 2, 0)]);
    assert_eq!(set(&mut slots, region(0, last + 1, 2, 0)), Err(Errno::EFAULT));
    assert_eq!(set(&mut slots, region(0, last, 2, 0)), Ok(SlotChange::Unmap(pages(16, 2))));
    assert_eq!(slots.find(Gpa(LIMIT.0 - 1)).unwrap().number(), 0);
    assert!(slots.find(LIMIT).is_none());
}

#[test]
fn slots_do_not_overlap_in_the_guest_but_may_in_user_memory() {
    let mut slots = slots(&[region(0, 16, 4, 64), region(1, 32, 4, 64)]);
    for (first, count) in [(16, 4), (13, 4), (19, 1), (17, 2), (0, 64), (35, 1)] {
        assert_eq!(set(&mut slots, region(2, first, count, 128)), Err(Errno::EEXIST), "{count} from {first}");
    }
    assert_eq!(set(&mut slots, region(1, 14, 4, 64)), Err(Errno::EEXIST));
    assert_eq!(set(&mut slots, region(2, 20, 12, 66)), Ok(SlotChange::None));
    assert_eq!(slots.iter().map(Slot::number).collect::<Vec<_>>(), [0, 2, 1]);
}

#[test]
fn taking_away_a_slot_unmaps_it_once() {
    let mut slots = slots(&[region(0, 16, 4, 64)]);
    assert_eq!(set(&mut slots, region(1, 16, 0, 64)), Err(Errno::EINVAL));
    // Only the number counts.
    assert_eq!(set(&mut slots, region(0, 5, 0, 7)), Ok(SlotChange::Unmap(pages(16, 4))));
    assert_eq!(set(&mut slots, region(0, 16, 0, 64)), Err(Errno::EINVAL));
    assert_eq!(slots.iter().count(), 0);
}

#[test]
fn size_memory_and_access_of_a_slot_are_for_good() {
    let old = region(0, 16, 4, 64);
    let mut slots = slots(&[old, region(1, 32, 4, 64)]);
    let changes = [
        region(0, 16, 5, 64),
        region(0, 16, 3, 64),
        region(0, 16, 4, 65),
        flagged(old, READONLY),
        region(0, 31, 2, 64),
    ];
    for change in changes {
        assert_eq!(set(&mut slots, change), Err(Errno::EINVAL), "{change:x?}");
        assert_eq!(slots.get(0).unwrap().region(), &old);
    }
    assert_eq!(set(&mut slots, old), Ok(SlotChange::None));
}

#[test]
fn a_slot_moves_even_onto_itself_and_its_log_goes_on() {
    let old = flagged(region(0, 16, 4, 64), LOG);
    let mut slots = slots(&[old, region(1, 8, 2, 64)]);
    slots.find(Gpa(17 * PAGE)).unwrap().mark_dirty(Gpa(17 * PAGE));
    let moved = flagged(region(0, 2, 4, 64), LOG);
    assert_eq!(set(&mut slots, moved), Ok(SlotChange::Unmap(pages(16, 4))));
    assert_eq!(set(&mut slots, flagged(region(0, 4, 4, 64), LOG)), Ok(SlotChange::Unmap(pages(2, 4))));
    assert_eq!(slots.iter().map(Slot::number).collect::<Vec<_>>(), [0, 1]);
    let slot = slots.find(Gpa(5 * PAGE + 7)).unwrap();
    assert_eq!(slot.hva_of(Gpa(5 * PAGE + 7)), Hva(65 * PAGE + 7));
    let mut log = [0];
    slot.dirty().unwrap().read(&mut log).unwrap();
    assert_eq!(log, [0b10]);
    // To move and to be logged no longer is one change.
    assert_eq!(set(&mut slots, region(0, 16, 4, 64)), Ok(SlotChange::Unmap(pages(4, 4))));
    assert!(!slots.get(0).unwrap().is_logged());
}

#[test]
fn logging_starts_and_ends_by_a_flag() {
    let old = region(0, 16, 70, 64);
    for (all_dirty, expected) in [(false, [0, 0]), (true, [u64::MAX, 0x3f])] {
        let mut slots = slots(&[old]);
        slots.get(0).unwrap().mark_dirty(Gpa(16 * PAGE));
        let change = slots.set(&flagged(old, LOG), LIMIT, all_dirty);
        assert_eq!(change, Ok(SlotChange::LogStarts(pages(16, 70))));
        let mut log = [0; 2];
        slots.get(0).unwrap().dirty().unwrap().read(&mut log).unwrap();
        assert_eq!(log, expected);
        slots.get(0).unwrap().mark_dirty(Gpa(17 * PAGE + 5));
        // Said again, it begins nothing anew.
        assert_eq!(slots.set(&flagged(old, LOG), LIMIT, false), Ok(SlotChange::None));
        slots.get(0).unwrap().dirty().unwrap().read(&mut log).unwrap();
        assert_eq!(log, [expected[0] | 2, expected[1]]);
        assert_eq!(set(&mut slots, old), Ok(SlotChange::LogEnds(pages(16, 70))));
        assert!(slots.get(0).unwrap().dirty().is_none());
    }
}

#[test]
fn a_log_is_that_of_a_slot_that_is_logged() {
    let slots = slots(&[region(0, 16, 4, 64), flagged(region(1, 32, 65, 64), LOG)]);
    let (base, dirty) = slots.log(1).unwrap();
    assert_eq!((base, dirty.word_count()), (Gpa(32 * PAGE), 2));
    for (number, error) in
        [(0, Errno::ENOENT), (2, Errno::ENOENT), (MOST_SLOTS, Errno::EINVAL), (1 << 16, Errno::EINVAL)]
    {
        assert_eq!(slots.log(number).unwrap_err(), error, "{number}");
    }
}

#[test]
fn user_addresses_are_of_every_slot_that_has_the_memory_by_whole_pages() {
    let slots = slots(&[region(0, 16, 4, 64), region(1, 32, 4, 66)]);
    let at = |page: u64| page * PAGE;
    assert_eq!(by_user_address(&slots, at(64)..at(70)), [pages(16, 4), pages(32, 4)]);
    assert_eq!(by_user_address(&slots, at(67)..at(68)), [pages(19, 1), pages(33, 1)]);
    assert_eq!(by_user_address(&slots, at(0)..at(64)), []);
    assert_eq!(by_user_address(&slots, at(0)..at(64) + 1), [pages(16, 1)]);
    assert_eq!(by_user_address(&slots, at(65) - 1..at(65) + 1), [pages(16, 2)]);
    assert_eq!(by_user_address(&slots, at(70) - 1..u64::MAX), [pages(35, 1)]);
    assert_eq!(by_user_address(&slots, at(65) + 5..at(65) + 5), []);
    assert_eq!(by_user_address(&slots, at(66)..at(65)), []);
    assert_eq!(by_user_address(&slots, 0..u64::MAX), [pages(16, 4), pages(32, 4)]);
}

#[test]
fn large_pages_lie_in_the_slot_and_alike_for_guest_and_user() {
    const M2: u64 = 512;
    const G1: u64 = M2 * 512;
    let cases = [
        // 1 GiB and a page on either side.
        (region(0, G1 - 1, G1 + 2, 4 * G1 - 1), vec![(G1 - 1, 0), (G1, 2), (2 * G1 - 1, 2), (2 * G1, 0)]),
        // Alike modulo 2 MiB only.
        (region(0, G1, 2 * G1, G1 + M2), vec![(G1, 1), (3 * G1 - 1, 1)]),
        // Alike modulo 4 KiB only.
        (region(0, G1, 2 * G1, G1 + 1), vec![(G1, 0), (G1 + M2, 0)]),
        // The slot begins and ends within large pages.
        (
            region(0, M2 / 2, 2 * M2, M2 / 2),
            vec![(M2 / 2, 0), (M2 - 1, 0), (M2, 1), (2 * M2 - 1, 1), (2 * M2, 0)],
        ),
        // Not in the slot.
        (region(0, M2, M2, M2), vec![(M2 - 1, 0), (M2, 1), (2 * M2, 0), (u64::MAX / PAGE, 0)]),
    ];
    for (region, levels) in cases {
        let slots = slots(&[region]);
        for (page, level) in levels {
            let gpa = Gpa(page * PAGE + 9);
            assert_eq!(slots.get(0).unwrap().largest_level(gpa), level, "{gpa:x?} of {region:x?}");
        }
    }
}
