//! Records of stolen time.

use kvm::ioctl::UserMemoryRegion;

use super::*;
use crate::addr::Gpa;
use crate::fake::{RAM, RAM_SIZE, region};

const RECORD: u64 = RAM + 0x4040;
const NONE: u64 = u64::MAX;

impl World {
    /// The record's sequence and how much it says was stolen.
    fn record(&self) -> (u32, u64) {
        let (mut sequence, mut steal) = ([0; 4], [0; 8]);
        self.vm.read(&self.host, Gpa(RECORD), &mut sequence).unwrap();
        self.vm.read(&self.host, Gpa(RECORD + 8), &mut steal).unwrap();
        (u32::from_le_bytes(sequence), u64::from_le_bytes(steal))
    }

    /// Has another thread run on the hart.
    fn reload(&mut self) {
        self.put();
        self.load();
        self.go_on().unwrap();
    }

    fn remove_memory(&mut self) {
        let World { local, host, vm, .. } = self;
        let gone = UserMemoryRegion { memory_size: 0, ..region(0) };
        vm.set_user_memory_region(local, host, &gone).unwrap();
    }
}

#[test]
fn a_record_is_aligned_in_memory_and_without_flags() {
    let mut world = World::with_harts(&[]).0;
    for (low, high, flags, error) in [
        (RECORD, 0, 1, INVALID_PARAM),
        (NONE, NONE, 1, INVALID_PARAM),
        (RECORD, 0, 1 << 63, INVALID_PARAM),
        (RECORD + 1, 0, 0, INVALID_PARAM),
        (RECORD + 32, 0, 0, INVALID_PARAM),
        (NONE, 0, 0, INVALID_PARAM),
        (RECORD, 1, 0, INVALID_ADDRESS),
        (RECORD, NONE, 0, INVALID_ADDRESS),
        (RAM - 64, 0, 0, INVALID_ADDRESS),
        (RAM + RAM_SIZE, 0, 0, INVALID_ADDRESS),
        (NONE - 63, 0, 0, INVALID_ADDRESS),
    ] {
        world.check(STA, 0, &[low, high, flags], error, 0);
        assert_eq!(world.vcpu.stolen.record, None, "{low:#x} {high:#x}");
    }
    for low in [RAM, RECORD, RAM + RAM_SIZE - 64] {
        world.check(STA, 0, &[low, 0, 0], 0, 0);
        assert_eq!(world.vcpu.stolen.record, Some(Gpa(low)));
    }
}

#[test]
fn a_record_is_not_in_memory_that_guests_do_not_write() {
    let mut world = World::with_harts(&[]).0;
    let World { local, host, vm, .. } = &mut world;
    let flags = UserMemoryRegion::READONLY;
    let rom = UserMemoryRegion { slot: 1, guest_phys_addr: RAM + RAM_SIZE, flags, ..region(0) };
    vm.set_user_memory_region(local, host, &rom).unwrap();
    world.check(STA, 0, &[RAM + RAM_SIZE, 0, 0], INVALID_ADDRESS, 0);
}

#[test]
fn what_is_stolen_from_then_on_adds_up() {
    let mut world = World::with_harts(&[]).0;
    world.host.stolen.set(1000);
    world.check(STA, 0, &[RECORD, 0, 0], 0, 0);
    assert_eq!(world.record(), (2, 0), "what was stolen before does not count");
    world.go_on().unwrap();
    assert_eq!(world.record(), (2, 0), "without a switch nothing is written");
    for (stolen, record) in [(1500, (4, 500)), (1500, (6, 500)), (1600, (8, 600))] {
        world.host.stolen.set(stolen);
        world.reload();
        assert_eq!(world.record(), record);
    }
}

#[test]
fn the_sequence_is_odd_while_the_record_changes_and_even_after() {
    let mut world = World::with_harts(&[]).0;
    world.check(STA, 0, &[RECORD, 0, 0], 0, 0);
    // Whoever left an odd one has been interrupted.
    for (before, after) in [(0_u32, 2), (1, 2), (7, 8), (8, 10), (u32::MAX - 1, 0), (u32::MAX, 0)] {
        world.vm.write(&world.host, Gpa(RECORD), &before.to_le_bytes()).unwrap();
        world.reload();
        assert_eq!(world.record().0, after, "from {before}");
    }
}

#[test]
fn a_record_begins_with_zeros_and_nothing_beside_it_is_written() {
    let mut world = World::with_harts(&[]).0;
    world.vm.write(&world.host, Gpa(RECORD - 64), &[0xa5; 192]).unwrap();
    world.check(STA, 0, &[RECORD, 0, 0], 0, 0);
    world.host.stolen.set(300);
    world.reload();
    let mut bytes = [0; 192];
    world.vm.read(&world.host, Gpa(RECORD - 64), &mut bytes).unwrap();
    let all = |range: core::ops::Range<usize>, wanted| bytes[range].iter().all(|byte| *byte == wanted);
    assert!(all(0..64, 0xa5) && all(128..192, 0xa5));
    assert_eq!(world.record(), (4, 300));
    assert!(all(68..72, 0) && all(80..128, 0), "flags, preempted and padding are zero");
}

#[test]
fn a_record_is_not_where_user_space_has_no_memory() {
    let mut world = World::with_harts(&[]).0;
    world.host.user.set(0);
    world.check(STA, 0, &[RECORD, 0, 0], INVALID_ADDRESS, 0);
    assert_eq!(world.vcpu.stolen.record, None);
}

#[test]
fn a_hart_that_is_started_again_has_no_record() {
    let mut world = World::with_harts(&[]).0;
    world.check(STA, 0, &[RECORD, 0, 0], 0, 0);
    assert_eq!(world.call(HSM, 1, &[]), Ok(Stop::Blocked));
    // Whoever starts it may have something else there.
    world.vm.write(&world.host, Gpa(RECORD), &[0xa5; 64]).unwrap();
    assert!(world.vcpu.shared.start(&world.host, PC, 0));
    world.host.stolen.set(500);
    world.go_on().unwrap();
    world.reload();
    let mut bytes = [0; 64];
    world.vm.read(&world.host, Gpa(RECORD), &mut bytes).unwrap();
    assert_eq!(bytes, [0xa5; 64]);
}

#[test]
fn a_record_that_is_taken_back_is_written_no_more() {
    let mut world = World::with_harts(&[]).0;
    world.check(STA, 0, &[RECORD, 0, 0], 0, 0);
    world.check(STA, 0, &[NONE, NONE, 0], 0, 0);
    world.host.stolen.set(500);
    world.reload();
    assert_eq!(world.record(), (2, 0));
}

#[test]
fn a_record_that_loses_its_memory_is_forgotten() {
    let mut world = World::with_harts(&[]).0;
    world.check(STA, 0, &[RECORD, 0, 0], 0, 0);
    world.remove_memory();
    world.reload();
    assert_eq!(world.vcpu.stolen.record, None);
    let World { local, host, vm, .. } = &mut world;
    vm.set_user_memory_region(local, host, &region(0)).unwrap();
    world.host.stolen.set(500);
    world.reload();
    assert_eq!(world.record(), (2, 0), "and does not come back by itself");

    let mut world = World::with_harts(&[]).0;
    world.check(STA, 0, &[RECORD, 0, 0], 0, 0);
    world.host.user.set(0);
    world.reload();
    assert_eq!(world.vcpu.stolen.record, None, "nor is it written where user space has no memory");
}

#[test]
fn what_is_written_is_logged() {
    let mut world = World::with_harts(&[]).0;
    let World { local, host, vm, .. } = &mut world;
    vm.set_user_memory_region(local, host, &region(UserMemoryRegion::LOG_DIRTY_PAGES)).unwrap();
    world.check(STA, 0, &[RECORD, 0, 0], 0, 0);
    let World { local, host, vm, .. } = &mut world;
    let mut log = vec![0; vm.dirty_log_words(0).unwrap()];
    vm.get_dirty_log(local, host, 0, &mut log).unwrap();
    assert_eq!(log[0], 1 << 4);
    assert!(log[1..].iter().all(|word| *word == 0));
}
