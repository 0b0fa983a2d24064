//! The console and the entropy device.

use super::*;
use crate::device::virtio::console::Port;
use crate::device::virtio::rng::Entropy;

fn port() -> Driver {
    Driver::ready(Slot::with(Port::default()), 0)
}

impl Driver {
    fn types(&mut self, bytes: &[u8]) {
        self.slot.push_input(bytes);
        self.slot.serve(&self.ram);
    }

    /// Makes room for received bytes available, without a notification.
    fn make_room(&mut self, head: u16, bytes: u32) {
        self.descriptor(0, head, (BUFFERS + 0x100 * u64::from(head), bytes), WRITE, 0);
        self.offer(0, head);
    }

    fn received(&mut self) -> Option<Vec<u8>> {
        let (head, bytes) = self.take_used(0)?;
        let mut received = vec![0; bytes as usize];
        self.ram.read(BUFFERS + 0x100 * u64::from(head), &mut received).unwrap();
        Some(received)
    }
}

#[test]
fn what_the_driver_sends_is_shown() {
    let mut driver = port();
    assert_eq!(driver.request(1, &[b"hel", b"lo"], &[]).0, 0);
    assert_eq!(driver.slot.take_output(), b"hello");
    assert_eq!(driver.slot.take_output(), b"");
}

#[test]
fn what_is_typed_is_received_where_there_is_room() {
    let mut driver = port();
    driver.make_room(0, 3);
    driver.make_room(1, 10);
    driver.notify(0);
    assert_eq!(driver.received(), None, "nothing has been typed");
    driver.types(b"typed");
    assert!(driver.slot.interrupt());
    assert_eq!([driver.received(), driver.received()], [Some(b"typ".to_vec()), Some(b"ed".to_vec())]);
    driver.types(b"more");
    assert_eq!(driver.received(), None, "no room is left");
    driver.make_room(2, 10);
    driver.notify(0);
    assert_eq!(driver.received(), Some(b"more".to_vec()));
}

#[test]
fn what_is_typed_waits_for_a_driver() {
    let mut driver = Driver::new(Slot::with(Port::default()));
    assert!(!driver.slot.wants_input());
    driver.types(b"early");
    driver.start(0);
    assert!(driver.slot.wants_input());
    driver.make_room(0, 16);
    driver.notify(0);
    assert_eq!(driver.received(), Some(b"early".to_vec()));
}

#[test]
fn what_is_typed_is_part_of_the_state() {
    let mut driver = port();
    driver.types(b"kept");
    let state = driver.slot.save();
    let mut other = port();
    other.slot.restore(&state).unwrap();
    other.make_room(0, 16);
    other.notify(0);
    assert_eq!(other.received(), Some(b"kept".to_vec()));
}

#[test]
fn more_than_a_mebibyte_in_one_piece_needs_a_reset() {
    for (last, is_refused) in [(0, false), (1, true)] {
        let mut driver = port();
        driver.descriptor(1, 0, (BUFFERS, 0x8_0000), NEXT, 1);
        driver.descriptor(1, 1, (BUFFERS, 0x8_0000), NEXT, 2);
        driver.descriptor(1, 2, (BUFFERS, last), 0, 0);
        driver.offer(1, 0);
        driver.notify(1);
        assert_eq!(driver.get(STATUS) & NEEDS_RESET != 0, is_refused);
        assert_eq!(driver.slot.take_output().len(), if is_refused { 0 } else { 1 << 20 });
    }
}

#[test]
fn numbers_follow_from_the_seed() {
    let numbers = |seed| {
        let mut driver = Driver::ready(Slot::with(Entropy::new(seed)), 0);
        let (written, bytes) = driver.request(0, &[], &[16, 5]);
        assert_eq!(written, 21);
        let again = driver.request(0, &[], &[21]).1;
        assert_ne!(bytes, again);
        driver.start(0);
        assert_ne!(driver.request(0, &[], &[21]).1, bytes, "a driver's reset does not repeat them");
        driver.slot.reset();
        driver.start(0);
        assert_eq!(driver.request(0, &[], &[21]).1, bytes, "power-on does");
        bytes
    };
    assert_ne!(numbers(0), numbers(1));
    // The published generator from 0.
    assert_eq!(numbers(0)[..8], 0xe220_a839_7b1d_cdaf_u64.to_le_bytes());
}

#[test]
fn the_entropy_device_may_give_less_than_asked_for() {
    let mut driver = Driver::ready(Slot::with(Entropy::new(0)), 0);
    assert_eq!(driver.request(0, &[], &[0x2_0000]).0, 0x1_0000);
}
