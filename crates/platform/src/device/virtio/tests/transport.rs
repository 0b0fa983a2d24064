//! Registers, status, features, interrupts.

use iss::AccessFault;

use super::*;
use crate::device::contract::contract;
use crate::device::virtio::console::Port;
use crate::device::virtio::rng::Entropy;

/// Registers that a reset puts back.
fn registers() -> [(u64, Width); 10] {
    [0x00, 0x04, 0x08, 0x0c, 0x10, 0x34, 0x44, 0x60, 0x70, 0xfc].map(|offset| (offset, Width::W))
}

mod empty {
    use super::*;
    contract!(Slot::empty(), registers());
}

mod drive {
    use super::*;
    contract!(slot(&Image::numbered(4).drive()), registers());
}

mod overlay {
    use super::*;
    contract!(slot(&Image::numbered(4).overlay()), registers());
}

mod port {
    use super::*;
    contract!(Slot::with(Port::default()), registers());
}

mod entropy {
    use super::*;
    contract!(Slot::with(Entropy::new(1)), registers());
}

#[test]
fn an_empty_slot_has_device_id_0() {
    let mut driver = Driver::new(Slot::empty());
    assert_eq!([0, 4, 8].map(|register| driver.get(register)), [0x7472_6976, 2, 0]);
    driver.start_without_device();
    assert_eq!(driver.slot.load(CONFIG, Width::W), Err(AccessFault));
}

impl Driver {
    /// Does as a driver would that has not looked at the device's number.
    fn start_without_device(&mut self) {
        for (register, value) in
            [(STATUS, 3), (0x20, 1), (STATUS, 0xb), (0x44, 1), (NOTIFY, 0), (STATUS, 0xf)]
        {
            self.set(register, value);
        }
        assert_eq!(self.get(STATUS), 3, "no features fit");
    }
}

#[test]
fn devices_say_what_they_are() {
    let image = Image::numbered(4);
    let slots = [slot(&image.drive()), Slot::with(Port::default()), Slot::with(Entropy::new(0))];
    let numbers = slots.map(|slot| {
        let mut driver = Driver::new(slot);
        let queues = (0..4).filter(|queue| {
            driver.set(0x30, *queue);
            driver.get(0x34) != 0
        });
        (queues.count(), driver.get(8))
    });
    assert_eq!(numbers, [(1, 2), (2, 3), (1, 4)]);
}

#[test]
fn registers_are_words_and_the_configuration_also_smaller() {
    let image = Image::numbered(4);
    let mut slot = slot(&image.drive());
    for (offset, width) in [(0, Width::B), (0, Width::D), (2, Width::H), (0x100, Width::D), (0x18, Width::W)]
    {
        assert_eq!(slot.load(offset, width), Err(AccessFault), "{offset:#x}");
        assert_eq!(slot.store(offset, width, 0), Err(AccessFault), "{offset:#x}");
    }
    let capacity = [(0, Width::B), (0, Width::H), (0, Width::W), (4, Width::W)];
    assert_eq!(capacity.map(|(at, width)| slot.load(CONFIG + at, width)), [Ok(4), Ok(4), Ok(4), Ok(0)]);
    assert_eq!(slot.load(CONFIG + 20, Width::W), Ok(512), "blk_size");
    assert_eq!(slot.load(CONFIG + 24, Width::B), Err(AccessFault), "behind the end");
    assert_eq!(slot.store(CONFIG, Width::W, 7), Ok(()));
    assert_eq!(slot.load(CONFIG, Width::W), Ok(4), "it cannot be written");
}

#[test]
fn features_that_do_not_fit_are_refused() {
    let image = Image::numbered(4);
    let mut driver = Driver::new(slot(&image.drive()));
    driver.set(0x14, 1);
    assert_eq!(driver.get(0x10), 1, "VERSION_1");
    driver.set(0x14, 2);
    assert_eq!(driver.get(0x10), 0);
    for (features, fit) in [
        (feature::VERSION_1, true),
        (0, false),
        (feature::VERSION_1 | 1 << 5, false),
        (feature::VERSION_1 | 1 << 34, false),
        (feature::VERSION_1 | 1 << 9 | feature::INDIRECT | feature::EVENT_INDEX, true),
    ] {
        driver.set(STATUS, 0);
        driver.set(STATUS, 3);
        driver.choose(features);
        driver.set(STATUS, 0xb);
        assert_eq!(driver.get(STATUS), if fit { 0xb } else { 3 }, "{features:#x}");
        driver.set(STATUS, 0xf);
        assert_eq!(driver.get(STATUS), if fit { 0xf } else { 3 }, "{features:#x}");
    }
}

#[test]
fn chosen_features_do_not_change() {
    let image = Image::numbered(4);
    let mut driver = Driver::ready(slot(&image.drive()), 0);
    driver.choose(feature::VERSION_1 | feature::INDIRECT);
    driver.descriptor(0, 0, (BUFFERS, 32), INDIRECT, 0);
    driver.offer(0, 0);
    driver.notify(0);
    assert_eq!(driver.get(STATUS), LIVE | NEEDS_RESET, "indirect descriptors have not been negotiated");
}

#[test]
fn interrupts_last_until_they_are_acknowledged() {
    let mut driver = Driver::ready(Slot::with(Entropy::new(0)), 0);
    assert!(!driver.slot.interrupt());
    driver.request(0, &[], &[8]);
    assert!(driver.slot.interrupt());
    assert_eq!(driver.get(INTERRUPT), 1);
    driver.set(ACKNOWLEDGE, 2);
    assert!(driver.slot.interrupt(), "another bit");
    driver.request(0, &[], &[8]);
    driver.set(ACKNOWLEDGE, 1);
    assert!(!driver.slot.interrupt());
}

#[test]
fn nothing_happens_before_the_driver_is_ready_or_after_it_has_given_up() {
    for status in [0, 3, 0xb, 0x8f] {
        let mut driver = Driver::ready(Slot::with(Entropy::new(0)), 0);
        if status == 0x8f {
            driver.set(STATUS, 0x8f);
        } else {
            driver.set(STATUS, 0);
            driver.choose(feature::VERSION_1);
            driver.set(STATUS, status);
        }
        driver.descriptor(0, 0, (BUFFERS, 8), WRITE, 0);
        driver.offer(0, 0);
        driver.notify(0);
        assert_eq!(driver.take_used(0), None, "{status:#x}");
    }
}

#[test]
fn what_was_available_before_the_driver_was_ready_is_served_then() {
    let mut driver = Driver::new(Slot::with(Entropy::new(0)));
    driver.choose(feature::VERSION_1);
    driver.set(STATUS, 0xb);
    for (register, at) in [0x80, 0x90, 0xa0].into_iter().zip(Driver::areas(0)) {
        driver.set(register, at as u32);
    }
    driver.set(0x38, SIZE.into());
    driver.set(0x44, 1);
    driver.descriptor(0, 0, (BUFFERS, 8), WRITE, 0);
    driver.offer(0, 0);
    driver.set(STATUS, 0xf);
    assert_eq!(driver.take_used(0), Some((0, 8)));
}

#[test]
fn a_reset_forgets_queues_and_interrupts() {
    let mut driver = Driver::ready(Slot::with(Entropy::new(0)), 0);
    driver.request(0, &[], &[8]);
    driver.set(STATUS, 0);
    let registers = [STATUS, INTERRUPT, 0x44];
    assert_eq!(registers.map(|register| driver.get(register)), [0; 3]);
    assert!(!driver.slot.interrupt());
    driver.start(0);
    assert_eq!(driver.request(0, &[], &[8]).0, 8, "its indices begin anew");
}

#[test]
fn a_ready_queue_does_not_change_until_it_is_stopped() {
    let mut driver = Driver::ready(Slot::with(Entropy::new(0)), 0);
    driver.set(0x80, 0x1230);
    driver.set(0x38, 3);
    driver.request(0, &[], &[8]);
    driver.set(0x44, 0);
    assert_eq!(driver.get(0x44), 0);
    driver.descriptor(0, 0, (BUFFERS, 8), WRITE, 0);
    driver.offer(0, 0);
    driver.notify(0);
    assert_eq!(driver.take_used(0), None, "it is stopped");
    driver.set(0x38, 3);
    driver.set(0x44, 1);
    assert_eq!(driver.get(0x44), 0, "no power of two");
    assert_eq!(driver.get(STATUS), LIVE | NEEDS_RESET);
}

#[test]
fn a_state_of_another_device_or_of_none_is_refused() {
    let mut entropy = Slot::with(Entropy::new(0));
    for mut other in [Slot::empty(), Slot::with(Port::default()), Slot::with(Entropy::new(1))] {
        assert!(entropy.restore(&other.save()).is_err());
        assert!(other.restore(&entropy.save()).is_err());
    }
}
