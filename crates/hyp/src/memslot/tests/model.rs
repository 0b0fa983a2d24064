//! Slots against a list of regions that is searched from one end to the other.

use proptest::collection::vec as vectors;
use proptest::prelude::{
    Just, Strategy, TestCaseError, any, prop_assert, prop_assert_eq, prop_oneof, proptest,
};

use super::*;

/// Numbers that meet each other, numbers at the ends of everything, and any.
fn number() -> impl Strategy<Value = u64> {
    let ends =
        (0u32..64, -2i64..3).prop_map(|(bit, pages)| (1u64 << bit).wrapping_add_signed(pages * PAGE as i64));
    prop_oneof![
        24 => (0u64..24).prop_map(|page| page * PAGE),
        1 => ends,
        1 => any::<u64>().prop_map(|number| number & !(PAGE - 1)),
        1 => any::<u64>(),
    ]
}

fn any_region() -> impl Strategy<Value = UserMemoryRegion> {
    let slot = prop_oneof![24 => 0u32..5, 1 => MOST_SLOTS - 2..MOST_SLOTS + 2, 1 => any::<u32>()];
    let flags = prop_oneof![8 => 0u32..2, 4 => 0u32..4, 1 => any::<u32>()];
    let size = prop_oneof![8 => (0u64..6).prop_map(|pages| pages * PAGE), 1 => number()];
    (slot, flags, number(), size, number()).prop_map(
        |(slot, flags, guest_phys_addr, memory_size, userspace_addr)| UserMemoryRegion {
            slot,
            flags,
            guest_phys_addr,
            memory_size,
            userspace_addr,
        },
    )
}

/// A region, and how to make one that differs from an earlier one in a single thing.
fn step() -> impl Strategy<Value = (UserMemoryRegion, Option<(usize, u8)>)> {
    (any_region(), prop_oneof![Just(None), (any::<usize>(), 0u8..5).prop_map(Some)])
}

fn altered(old: UserMemoryRegion, by: UserMemoryRegion, what: u8) -> UserMemoryRegion {
    match what {
        0 => UserMemoryRegion { flags: by.flags, ..old },
        1 => UserMemoryRegion { guest_phys_addr: by.guest_phys_addr, ..old },
        2 => UserMemoryRegion { memory_size: by.memory_size, ..old },
        3 => UserMemoryRegion { userspace_addr: by.userspace_addr, ..old },
        _ => UserMemoryRegion { memory_size: 0, ..old },
    }
}

fn guest(region: &UserMemoryRegion) -> Range<u128> {
    let start = u128::from(region.guest_phys_addr);
    start..start + u128::from(region.memory_size)
}

/// What [`Slots::set`] does, by the rules of the documentation one after the other.
fn set_in(model: &mut Vec<UserMemoryRegion>, new: UserMemoryRegion, limit: Gpa) -> Result<SlotChange, Errno> {
    let unaligned =
        [new.guest_phys_addr, new.memory_size, new.userspace_addr].iter().any(|number| number % 4096 != 0);
    let user_end = u128::from(new.userspace_addr) + u128::from(new.memory_size);
    if new.slot > 32766
        || new.flags > 3
        || unaligned
        || user_end > 1 << 56
        || guest(&new).end > u128::from(u64::MAX)
        || new.memory_size > 0x7fff_ffff * 4096
    {
        return Err(Errno::EINVAL);
    }
    let old = model.iter().find(|old| old.slot == new.slot).copied();
    let others = model.iter().filter(|other| other.slot != new.slot).copied();
    let unmapped = |old: UserMemoryRegion| {
        SlotChange::Unmap(Gpa(old.guest_phys_addr)..Gpa(old.guest_phys_addr + old.memory_size))
    };
    let mut next: Vec<_> = others.collect();
    let change = match old {
        None if new.memory_size == 0 => return Err(Errno::EINVAL),
        Some(old) if new.memory_size == 0 => {
            *model = next;
            return Ok(unmapped(old));
        }
        Some(old)
            if old.memory_size != new.memory_size
                || old.userspace_addr != new.userspace_addr
                || old.flags & 2 != new.flags & 2 =>
        {
            return Err(Errno::EINVAL);
        }
        None => SlotChange::None,
        Some(old) if old.guest_phys_addr != new.guest_phys_addr => unmapped(old),
        Some(old) => {
            let range = Gpa(old.guest_phys_addr)..Gpa(old.guest_phys_addr + old.memory_size);
            match (old.flags & 1, new.flags & 1) {
                (0, 1) => SlotChange::LogStarts(range),
                (1, 0) => SlotChange::LogEnds(range),
                _ => SlotChange::None,
            }
        }
    };
    let meets = |other: &UserMemoryRegion| {
        guest(other).start < guest(&new).end && guest(&new).start < guest(other).end
    };
    if next.iter().any(meets) {
        return Err(Errno::EEXIST);
    }
    if guest(&new).end > u128::from(limit.0) {
        return Err(Errno::EFAULT);
    }
    next.push(new);
    next.sort_by_key(|region| region.guest_phys_addr);
    *model = next;
    Ok(change)
}

/// Compares what is found at an address, and around it.
fn compare_at(slots: &Slots, model: &[UserMemoryRegion], address: u64) -> Result<(), TestCaseError> {
    let gpa = Gpa(address);
    let expected = model.iter().find(|region| guest(region).contains(&address.into()));
    let found = slots.find(gpa);
    prop_assert_eq!(found.map(Slot::region), expected);
    for slot in slots.iter() {
        // Not only of its own addresses: nothing panics.
        let level = slot.largest_level(gpa);
        slot.mark_dirty(gpa);
        let distance = address.wrapping_sub(slot.range().start.0);
        prop_assert_eq!(slot.hva_of(gpa).0, slot.region().userspace_addr.wrapping_add(distance));
        let size = PAGE << (9 * level);
        let first = Gpa(address & !(size - 1));
        if level > 0 {
            prop_assert!(slot.range().contains(&first) && slot.range().contains(&first.offset(size - 1)));
            prop_assert_eq!(slot.hva_of(first).0 % size, 0);
        }
    }
    Ok(())
}

/// Compares what has a range of user addresses, page by page.
fn compare_user_range(slots: &Slots, range: Range<u64>) -> Result<(), TestCaseError> {
    let mut expected = Vec::new();
    for slot in slots.iter().filter(|slot| slot.pages() < 64) {
        for page in 0..slot.pages() {
            let gpa = slot.range().start.offset(page * PAGE);
            let first = slot.hva_of(gpa).0;
            if range.start < range.end && first < range.end && range.start < first + PAGE {
                expected.push((slot.number(), gpa));
            }
        }
    }
    let mut found = Vec::new();
    for pages in slots.by_user_address(Hva(range.start)..Hva(range.end)) {
        let slot = slots.find(pages.start).expect("a slot");
        prop_assert!(pages.start < pages.end && pages.end <= slot.range().end);
        prop_assert_eq!(pages.start.page_offset() | pages.end.page_offset(), 0);
        if slot.pages() < 64 {
            let each = (pages.start.0..pages.end.0).step_by(PAGE as usize);
            found.extend(each.map(|gpa| (slot.number(), Gpa(gpa))));
        }
    }
    prop_assert_eq!(found, expected);
    Ok(())
}

proptest! {
    #[test]
    fn slots_are_as_a_list_of_regions(
        limit in prop_oneof![4 => 0u64..64, 1 => any::<u64>()].prop_map(|page| Gpa(page.wrapping_mul(PAGE))),
        steps in vectors((step(), number(), number(), 0u64..3, any::<bool>()), 1..40),
    ) {
        let (mut slots, mut model) = (Slots::default(), Vec::new());
        for ((random, like), first, second, odd, all_dirty) in steps {
            let region = match like {
                Some((index, what)) if !model.is_empty() => altered(model[index % model.len()], random, what),
                _ => random,
            };
            let expected = set_in(&mut model, region, limit);
            prop_assert_eq!(slots.set(&region, limit, all_dirty), expected, "{:x?}", region);
            prop_assert!(slots.iter().map(Slot::region).eq(&model));
            for slot in slots.iter() {
                prop_assert_eq!(slot.is_logged(), slot.region().flags & LOG != 0);
                prop_assert_eq!(slot.dirty().map_or(0, Dirty::word_count) as u64,
                    if slot.is_logged() { slot.pages().div_ceil(64) } else { 0 });
                prop_assert_eq!(slots.get(slot.number()).map(Slot::region), Some(slot.region()));
            }
            compare_at(&slots, &model, first + odd.min(u64::MAX - first))?;
            compare_user_range(&slots, first.saturating_sub(odd)..second.saturating_add(odd))?;
        }
    }
}
