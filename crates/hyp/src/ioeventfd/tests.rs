use proptest::collection::vec as vectors;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, prop_oneof, proptest};

use super::*;

const DATAMATCH: u32 = IoEventFd::DATAMATCH;
const DEASSIGN: u32 = IoEventFd::DEASSIGN;

fn wanted(addr: u64, len: u32, value: Option<u64>) -> IoEventFd {
    let flags = if value.is_some() { DATAMATCH } else { 0 };
    IoEventFd { datamatch: value.unwrap_or(0), addr, len, fd: 0, flags, padding: [0; 36] }
}

/// The same no longer.
fn ended(wanted: IoEventFd) -> IoEventFd {
    IoEventFd { flags: wanted.flags | DEASSIGN, ..wanted }
}

/// Events of these, by their places.
fn events(wanted: &[IoEventFd]) -> IoEventFds<usize> {
    let mut events = IoEventFds::default();
    for (event, wanted) in wanted.iter().enumerate() {
        assert_eq!(events.set(wanted, event), Ok(()));
    }
    events
}

#[test]
fn what_no_store_can_be_is_refused() {
    let mut events = events(&[]);
    let good = wanted(0x1000, 4, Some(7));
    for len in [3, 5, 6, 7, 9, 16, u32::MAX] {
        assert_eq!(events.set(&IoEventFd { len, ..good }, 0), Err(Errno::EINVAL), "{len}");
    }
    assert_eq!(events.set(&IoEventFd { len: 0, ..good }, 0), Err(Errno::EINVAL));
    for flags in [IoEventFd::PIO, 1 << 3, 1 << 31, DATAMATCH | 1 << 4] {
        assert_eq!(events.set(&IoEventFd { flags, ..good }, 0), Err(Errno::EINVAL), "{flags:#x}");
    }
    for (addr, len) in [(u64::MAX, 1), (u64::MAX - 7, 8), (u64::MAX - 2, 4)] {
        assert_eq!(events.set(&wanted(addr, len, None), 0), Err(Errno::EINVAL), "{len} at {addr:#x}");
    }
    assert_eq!(events.set(&wanted(u64::MAX - 8, 8, None), 0), Ok(()));
    assert_eq!(events.set(&wanted(u64::MAX, 0, None), 0), Ok(()));
}

#[test]
fn a_store_is_told_by_address_length_and_value() {
    let events = events(&[
        wanted(0x1000, 4, Some(7)),
        wanted(0x1000, 4, Some(8)),
        wanted(0x1000, 2, None),
        wanted(0x2000, 0, None),
        wanted(0x3000, 8, Some(u64::MAX)),
    ]);
    let stores = [
        (0x1000, 4, 7, Some(0)),
        // The register is wider than the store.
        (0x1000, 4, 0xffff_ffff_0000_0008, Some(1)),
        (0x1000, 4, 9, None),
        (0x1000, 2, 9, Some(2)),
        (0x1000, 1, 7, None),
        (0x1000, 8, 7, None),
        (0x1001, 4, 7, None),
        (0xfff, 4, 7, None),
        (0x2000, 1, 5, Some(3)),
        (0x2000, 8, 5, Some(3)),
        (0x2001, 1, 5, None),
        (0x3000, 8, u64::MAX, Some(4)),
        (0x3000, 8, u64::MAX >> 1, None),
    ];
    for (address, length, value, event) in stores {
        assert_eq!(events.find(address, length, value).copied(), event, "{length} at {address:#x}");
    }
}

#[test]
fn no_store_is_told_twice() {
    let cases = [
        (wanted(0x1000, 4, Some(7)), wanted(0x1000, 4, Some(7)), true),
        (wanted(0x1000, 4, Some(7)), wanted(0x1000, 4, Some(1 << 32 | 7)), true),
        (wanted(0x1000, 4, Some(7)), wanted(0x1000, 4, Some(8)), false),
        (wanted(0x1000, 4, Some(7)), wanted(0x1000, 4, None), true),
        (wanted(0x1000, 4, Some(7)), wanted(0x1000, 0, None), true),
        (wanted(0x1000, 4, Some(7)), wanted(0x1000, 2, None), false),
        (wanted(0x1000, 4, None), wanted(0x1000, 4, None), true),
        (wanted(0x1000, 0, None), wanted(0x1000, 0, None), true),
        // What begins elsewhere is another store, even where bytes are the same.
        (wanted(0x1000, 8, None), wanted(0x1004, 4, None), false),
    ];
    for (first, second, clashes) in cases {
        let result = if clashes { Err(Errno::EEXIST) } else { Ok(()) };
        assert_eq!(events(&[first]).set(&second, 1), result, "{first:x?} {second:x?}");
        assert_eq!(events(&[second]).set(&first, 1), result, "{second:x?} {first:x?}");
    }
}

#[test]
fn only_what_has_begun_ends() {
    let (one, other) = (wanted(0x1000, 4, Some(7)), wanted(0x1000, 4, Some(8)));
    let mut events = events(&[one, other]);
    let not_there = [
        wanted(0x1000, 4, None),
        wanted(0x1000, 4, Some(9)),
        wanted(0x1000, 0, None),
        wanted(0x1000, 2, Some(7)),
        wanted(0x1004, 4, Some(7)),
    ];
    for wanted in not_there {
        assert_eq!(events.set(&ended(wanted), 0), Err(Errno::ENOENT), "{wanted:x?}");
    }
    // Another's.
    assert_eq!(events.set(&ended(one), 1), Err(Errno::ENOENT));
    assert_eq!(events.set(&ended(one), 0), Ok(()));
    assert_eq!(events.set(&ended(one), 0), Err(Errno::ENOENT));
    assert_eq!(events.find(0x1000, 4, 7), None);
    assert_eq!(events.find(0x1000, 4, 8), Some(&1));
    assert_eq!(events.set(&one, 5), Ok(()));
    assert_eq!(events.find(0x1000, 4, 7), Some(&5));
}

#[test]
fn there_are_as_many_as_devices_on_a_bus() {
    let all: Vec<_> = (0..MOST as u64).map(|value| wanted(0x1000, 8, Some(value))).collect();
    let mut events = events(&all);
    assert_eq!(events.set(&wanted(0x2000, 8, None), 0), Err(Errno::ENOSPC));
    // There is one already, room or not.
    assert_eq!(events.set(&all[3], 0), Err(Errno::EEXIST));
    assert_eq!(events.set(&ended(all[3]), 3), Ok(()));
    assert_eq!(events.set(&wanted(0x2000, 8, None), 0), Ok(()));
}

fn number() -> impl Strategy<Value = u64> {
    prop_oneof![
        12 => 0u64..3,
        2 => (0u64..3).prop_map(|low| 1 << 32 | low),
        1 => any::<u64>(),
        1 => (0u64..9).prop_map(|less| u64::MAX - less),
    ]
}

fn length() -> impl Strategy<Value = u32> {
    prop_oneof![8 => 0u32..3, 4 => 0u32..9, 1 => any::<u32>()]
}

fn step() -> impl Strategy<Value = (IoEventFd, u8)> {
    let flags = prop_oneof![8 => 0u32..2, 8 => 4u32..6, 2 => 0u32..16, 1 => any::<u32>()];
    (number(), number(), length(), flags, 0u8..2).prop_map(|(datamatch, addr, len, flags, event)| {
        (IoEventFd { datamatch, addr, len, fd: 0, flags, padding: [0; 36] }, event)
    })
}

/// The first bytes of a value, as memory has them.
fn bytes(value: u64, length: u32) -> Vec<u8> {
    value.to_le_bytes().into_iter().take(length as usize).collect()
}

/// Whether a store is one that is to be told.
fn is_told(wanted: &IoEventFd, address: u64, length: u32, value: u64) -> bool {
    wanted.addr == address
        && [0, length].contains(&wanted.len)
        && (wanted.flags & DATAMATCH == 0 || bytes(wanted.datamatch, length) == bytes(value, length))
}

/// Whether some store, of the values that either is for and another, is to be told to both.
fn clash(one: &IoEventFd, other: &IoEventFd) -> bool {
    let values = [one.datamatch, other.datamatch, 0x55];
    [1, 2, 4, 8].into_iter().any(|length| {
        values
            .iter()
            .any(|value| is_told(one, one.addr, length, *value) && is_told(other, one.addr, length, *value))
    })
}

/// Whether both are for the same stores.
fn is_same(one: &IoEventFd, other: &IoEventFd) -> bool {
    one.len == other.len && (one.flags ^ other.flags) & DATAMATCH == 0 && clash(one, other)
}

/// What [`IoEventFds::set`] does, with a list of what has been asked for.
fn set_in(model: &mut Vec<(IoEventFd, u8)>, wanted: IoEventFd, event: u8) -> Result<(), Errno> {
    let is_length = [0, 1, 2, 4, 8].contains(&wanted.len);
    let is_known = [0, DATAMATCH, DEASSIGN, DATAMATCH | DEASSIGN].contains(&wanted.flags);
    let ends = u128::from(wanted.addr) + u128::from(wanted.len) <= u128::from(u64::MAX);
    let needs_length = wanted.flags & DATAMATCH != 0;
    if !is_length || !is_known || !ends || needs_length && wanted.len == 0 {
        return Err(Errno::EINVAL);
    }
    if wanted.flags & DEASSIGN != 0 {
        let before = model.len();
        model.retain(|(other, by)| !(is_same(other, &wanted) && *by == event));
        return if model.len() < before { Ok(()) } else { Err(Errno::ENOENT) };
    }
    if model.iter().any(|(other, _)| clash(other, &wanted)) {
        return Err(Errno::EEXIST);
    }
    model.push((wanted, event));
    Ok(())
}

proptest! {
    #[test]
    fn events_are_as_a_list_of_what_has_been_asked_for(
        steps in vectors((step(), number(), length(), number()), 1..60),
    ) {
        let (mut events, mut model) = (IoEventFds::default(), Vec::new());
        for ((wanted, event), address, length, value) in steps {
            let expected = set_in(&mut model, wanted, event);
            prop_assert_eq!(events.set(&wanted, event), expected, "{:x?}", wanted);
            let told: Vec<_> =
                model.iter().filter(|(wanted, _)| is_told(wanted, address, length, value)).collect();
            prop_assert!(told.len() < 2);
            prop_assert_eq!(events.find(address, length, value), told.first().map(|(_, event)| event));
        }
    }
}
