//! Descriptor chains and rings, sound and broken.

use super::*;
use crate::device::virtio::rng::Entropy;

/// Features under which all kinds of descriptors may be tried.
const ALL: u64 = feature::INDIRECT;

fn entropy(features: u64) -> Driver {
    Driver::ready(Slot::with(Entropy::new(0)), features)
}

/// A driver that breaks a rule and the device's answer: a reset is needed, the driver is told, nothing goes on.
#[track_caller]
fn is_refused(what: &str, break_rule: impl FnOnce(&mut Driver)) {
    let mut driver = entropy(ALL);
    break_rule(&mut driver);
    driver.notify(0);
    assert_eq!(driver.get(STATUS), LIVE | NEEDS_RESET, "{what}");
    assert_eq!(driver.get(INTERRUPT), 2, "{what}");
    assert_eq!(driver.take_used(0), None, "{what}");
    driver.start(ALL);
    assert_eq!(driver.request(0, &[], &[8]).0, 8, "{what}: a reset helps");
}

#[test]
fn broken_chains_need_a_reset() {
    type Rule = (&'static str, (u64, u32), u16, u16);
    let rules: [Rule; 11] = [
        ("a loop", (BUFFERS, 8), WRITE | NEXT, 0),
        ("a descriptor outside the table", (BUFFERS, 8), WRITE | NEXT, SIZE),
        ("a buffer below main memory", (RAM_BASE - 1, 8), WRITE, 0),
        ("a buffer across the end of main memory", (END - 7, 8), WRITE, 0),
        ("a buffer at the end of the address space", (u64::MAX, 8), WRITE, 0),
        ("a buffer around the end of the address space", (u64::MAX - 7, 16), WRITE, 0),
        ("the longest buffer", (RAM_BASE, u32::MAX), WRITE, 0),
        ("an indirect table and another descriptor", (BUFFERS, 16), INDIRECT | NEXT, 1),
        ("an indirect table of half a descriptor", (BUFFERS, 24), INDIRECT, 0),
        ("an empty indirect table", (BUFFERS, 0), INDIRECT, 0),
        ("an indirect table outside main memory", (END, 16), INDIRECT, 0),
    ];
    for (what, buffer, flags, next) in rules {
        is_refused(what, |driver| {
            driver.descriptor(0, 0, buffer, flags, next);
            driver.offer(0, 0);
        });
    }
}

#[test]
fn broken_tables_need_a_reset() {
    is_refused("an indirect table in an indirect table", |driver| {
        driver.descriptor(0, 0, (BUFFERS, 16), INDIRECT, 0);
        driver.describe(BUFFERS, 0, (BUFFERS, 16), INDIRECT, 0);
        driver.offer(0, 0);
    });
    is_refused("a loop in an indirect table", |driver| {
        driver.descriptor(0, 0, (BUFFERS, 32), INDIRECT, 0);
        driver.describe(BUFFERS, 0, (BUFFERS, 1), WRITE | NEXT, 1);
        driver.describe(BUFFERS, 1, (BUFFERS, 1), WRITE | NEXT, 0);
        driver.offer(0, 0);
    });
    is_refused("a place outside the indirect table", |driver| {
        driver.descriptor(0, 0, (BUFFERS, 32), INDIRECT, 0);
        driver.describe(BUFFERS, 0, (BUFFERS, 1), WRITE | NEXT, 2);
        driver.offer(0, 0);
    });
    is_refused("a head outside the table", |driver| driver.offer(0, SIZE));
    is_refused("to be read behind to be written", |driver| {
        driver.descriptor(0, 0, (BUFFERS, 8), WRITE | NEXT, 1);
        driver.descriptor(0, 1, (BUFFERS, 8), 0, 0);
        driver.offer(0, 0);
    });
    is_refused("17 MiB in pieces", |driver| {
        for index in 0..16 {
            driver.descriptor(0, index, (BUFFERS, 0x8_0000), WRITE | NEXT, index + 1);
        }
        driver.descriptor(0, 15, (BUFFERS, 0x1_0000), INDIRECT, 0);
        // Its place is behind the buffers.
        for index in 0..32 {
            driver.describe(BUFFERS, index, (BUFFERS, 0x8_0000), WRITE | NEXT, index + 1);
        }
        driver.offer(0, 0);
    });
}

#[test]
fn broken_rings_need_a_reset() {
    is_refused("more than fits", |driver| {
        let [_, area, _] = Driver::areas(0);
        driver.ram.store(area + 2, Width::H, u64::from(SIZE) + 1).unwrap();
    });
    is_refused("an index that goes back", |driver| {
        let [_, area, _] = Driver::areas(0);
        driver.ram.store(area + 2, Width::H, 0xffff).unwrap();
    });
    for (register, what) in [(0x80, "table"), (0x90, "driver's area"), (0xa0, "device's area")] {
        is_refused(what, |driver| {
            driver.descriptor(0, 0, (BUFFERS, 8), WRITE, 0);
            driver.offer(0, 0);
            driver.set(0x44, 0);
            driver.set(register, END as u32);
            driver.set(0x44, 1);
        });
    }
}

#[test]
fn chains_may_go_on_in_a_table_elsewhere() {
    let mut driver = entropy(ALL);
    // The flag to write means nothing for a descriptor of a table, and tables need no alignment.
    let table = BUFFERS + 0x1001;
    driver.descriptor(0, 0, (BUFFERS, 3), WRITE | NEXT, 5);
    driver.descriptor(0, 5, (table, 32), INDIRECT | WRITE, 0);
    driver.describe_anywhere(table, 0, (BUFFERS + 0x100, 4), WRITE | NEXT, 1);
    driver.describe_anywhere(table, 1, (BUFFERS + 0x200, 5), WRITE, 0);
    driver.offer(0, 0);
    driver.notify(0);
    assert_eq!(driver.take_used(0), Some((0, 12)));
    let mut bytes = [0; 12];
    driver.ram.read(BUFFERS, &mut bytes[..3]).unwrap();
    driver.ram.read(BUFFERS + 0x100, &mut bytes[3..7]).unwrap();
    driver.ram.read(BUFFERS + 0x200, &mut bytes[7..]).unwrap();
    let (_, expected) = entropy(0).request(0, &[], &[12]);
    assert_eq!(bytes, expected[..]);
}

impl Driver {
    fn describe_anywhere(&self, table: u64, index: u64, (at, len): (u64, u32), flags: u16, next: u16) {
        let [at, len] = [at.to_le_bytes().to_vec(), len.to_le_bytes().to_vec()];
        let bytes = [at, len, flags.to_le_bytes().to_vec(), next.to_le_bytes().to_vec()].concat();
        self.ram.write(table + 16 * index, &bytes).unwrap();
    }
}

#[test]
fn empty_buffers_may_lie_anywhere() {
    let mut driver = entropy(0);
    driver.descriptor(0, 0, (u64::MAX, 0), NEXT, 1);
    driver.descriptor(0, 1, (BUFFERS, 8), WRITE, 0);
    driver.offer(0, 0);
    driver.notify(0);
    assert_eq!(driver.take_used(0), Some((0, 8)));
}

#[test]
fn indices_wrap_around() {
    let mut driver = entropy(0);
    for _ in 0..0x1_0010 {
        assert_eq!(driver.request(0, &[], &[1]).0, 1);
    }
    assert_eq!(driver.get(STATUS), LIVE);
}

#[test]
fn a_full_queue_is_served_at_once() {
    let mut driver = entropy(0);
    for head in 0..SIZE {
        driver.descriptor(0, head, (BUFFERS, 1), WRITE, 0);
        driver.offer(0, head);
    }
    driver.notify(0);
    for head in 0..SIZE {
        assert_eq!(driver.take_used(0), Some((head.into(), 1)));
    }
}

#[test]
fn a_driver_that_wants_no_interrupts_gets_none() {
    let mut driver = entropy(0);
    let [_, area, _] = Driver::areas(0);
    driver.ram.store(area, Width::H, 1).unwrap();
    driver.request(0, &[], &[1]);
    assert!(!driver.slot.interrupt());
    driver.ram.store(area, Width::H, 0).unwrap();
    driver.request(0, &[], &[1]);
    assert!(driver.slot.interrupt());
}

#[test]
fn events_say_when_to_interrupt_and_when_to_notify() {
    let mut driver = entropy(feature::EVENT_INDEX);
    let [_, area, device] = Driver::areas(0);
    let used_event = area + 4 + 2 * u64::from(SIZE);
    let available_event = device + 4 + 8 * u64::from(SIZE);
    // The driver wants to hear of the third chain.
    driver.ram.store(used_event, Width::H, 2).unwrap();
    for (round, is_interrupt) in [false, false, true, false].into_iter().enumerate() {
        driver.request(0, &[], &[1]);
        assert_eq!(driver.slot.interrupt(), is_interrupt, "after {round} others");
        driver.set(ACKNOWLEDGE, 1);
        let event = driver.ram.load(available_event, Width::H);
        assert_eq!(event, Some(round as u64 + 1), "the device wants to hear of the next one");
    }
    // Of several at once, the one that it waits for may be any.
    driver.ram.store(used_event, Width::H, 5).unwrap();
    for _ in 0..3 {
        driver.offer(0, 0);
    }
    driver.notify(0);
    assert!(driver.slot.interrupt());
}

#[test]
fn notifications_of_queues_that_do_not_exist_mean_nothing() {
    let mut driver = entropy(0);
    for queue in [1, 31, 32, 63, u32::MAX] {
        driver.notify(queue);
    }
    assert_eq!(driver.get(STATUS), LIVE);
}
