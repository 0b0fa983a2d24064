//! Faults, slots, logs and invalidations, on page tables that are looked at.

mod fences;

use kvm::ioctl::UserMemoryRegion;

use super::*;
use crate::fake::Event::{HfenceGvma, RemoteFence as Remote};
use crate::fake::{RAM, RAM_SIZE, USER, World, region};

const LOGGED: u32 = UserMemoryRegion::LOG_DIRTY_PAGES;

impl World {
    fn fault(&mut self, gpa: u64, write: bool) -> Result<Mapped, Errno> {
        let World { local, host, vcpu, .. } = self;
        let mapped = vcpu.map(local, host, Gpa(gpa), write);
        assert_eq!(host.held.get(), 0, "what was found has been let go of");
        mapped
    }

    /// The level at which an address is mapped, and whether it can be written.
    fn mapped(&self, gpa: u64) -> Option<(u32, bool)> {
        let memory = self.vm.memory.lock();
        let found = memory.gstage.lookup(&self.host, Gpa(gpa));
        found.leaf.map(|leaf| (found.level, Pte::W.is_set(leaf.0)))
    }

    fn set_region(&mut self, flags: u32) {
        let World { local, host, vm, .. } = self;
        vm.set_user_memory_region(local, host, &region(flags)).unwrap();
    }

    fn log(&mut self) -> Vec<u64> {
        let mut words = vec![0; self.vm.dirty_log_words(0).unwrap()];
        let World { local, host, vm, .. } = self;
        vm.get_dirty_log(local, host, 0, &mut words).unwrap();
        pages(&words)
    }
}

fn pages(words: &[u64]) -> Vec<u64> {
    (0..words.len() as u64 * 64).filter(|page| words[(page / 64) as usize] >> (page % 64) & 1 != 0).collect()
}

#[test]
fn a_page_is_as_large_as_its_slot_and_its_memory_are() {
    for (level, expected) in [(0, 0), (1, 1), (2, 1)] {
        let mut world = World::usual();
        world.host.resolved.set(Resolved { level, ..world.host.resolved.get() });
        assert_eq!(world.fault(RAM + 0x12_3456, false), Ok(Mapped::Done));
        assert_eq!(world.mapped(RAM + 0x12_3000), Some((expected, true)));
        let hpa = world.vm.memory.lock().gstage.translate(&world.host, Gpa(RAM + 0x12_3456));
        assert_eq!(hpa, Some(Hpa(USER + 0x12_3456)));
        assert_eq!(world.mapped(RAM + (4 << 20)), None, "nothing else is mapped");
    }
}

#[test]
fn a_fault_ends_in_a_fence_of_its_page_alone() {
    let mut world = World::usual();
    world.take_events();
    world.fault(RAM, true).unwrap();
    assert_eq!(world.take_events(), [HfenceGvma(Some(Gpa(RAM)), Some(world.vm.vmid.number()))]);
}

#[test]
fn there_is_no_memory_outside_slots_nor_for_stores_to_read_only_ones() {
    let mut world = World::usual();
    for gpa in [RAM - 1, RAM + RAM_SIZE, 0, u64::MAX] {
        assert_eq!(world.fault(gpa, false), Ok(Mapped::NoMemory), "{gpa:#x}");
    }
    let read_only = UserMemoryRegion {
        slot: 1,
        guest_phys_addr: RAM + RAM_SIZE,
        flags: UserMemoryRegion::READONLY,
        ..region(0)
    };
    let World { local, host, vm, .. } = &mut world;
    vm.set_user_memory_region(local, host, &read_only).unwrap();
    assert_eq!(world.fault(RAM + RAM_SIZE, true), Ok(Mapped::NoMemory));
    assert_eq!(world.fault(RAM + RAM_SIZE, false), Ok(Mapped::Done));
    assert_eq!(world.mapped(RAM + RAM_SIZE), Some((1, false)));
    assert!(world.vm.write(&world.host, Gpa(RAM + RAM_SIZE), &[1]).is_err());
}

#[test]
fn memory_that_the_user_may_not_write_is_mapped_for_reading() {
    let mut world = World::usual();
    world.host.resolved.set(Resolved { writable: false, ..world.host.resolved.get() });
    world.fault(RAM, false).unwrap();
    assert_eq!(world.mapped(RAM), Some((1, false)));
    assert_eq!(world.host.dirtied.get(), 0);
    assert_eq!(world.fault(RAM, true), Err(Errno::EFAULT), "as the host says");
}

#[test]
fn memory_that_the_guest_can_write_from_now_on_counts_as_written() {
    for (flags, write, dirtied) in [(0, false, 1), (0, true, 1), (LOGGED, false, 0), (LOGGED, true, 1)] {
        let mut world = World::usual();
        world.set_region(flags);
        world.fault(RAM, write).unwrap();
        assert_eq!(world.mapped(RAM).unwrap().1, dirtied == 1);
        assert_eq!(world.host.dirtied.get(), dirtied, "flags {flags}, write {write}");
    }
}

#[test]
fn wherever_memory_for_tables_ends_nothing_is_lost() {
    for left in 0..8 {
        let mut world = World::usual();
        world.host.left.set(left);
        let mapped = world.fault(RAM, true);
        assert_eq!(mapped, if left < MOST_TABLES { Err(Errno::ENOMEM) } else { Ok(Mapped::Done) });
        assert_eq!(world.mapped(RAM).is_some(), mapped.is_ok());
        let World { local, host, vm, .. } = &mut world;
        let device = vm.ioremap(local, host, Gpa(1 << 30), Hpa(0), 0x2000, true);
        assert_eq!(device.is_ok(), world.mapped((1 << 30) + 0x1000).is_some(), "{left} left");
        let World { host, vm, vcpu, .. } = world;
        vcpu.destroy(&host);
        vm.destroy(&host);
        assert!(host.live.borrow().is_empty(), "{left} left");
    }
}

#[test]
fn a_notifier_takes_each_page_that_its_range_touches_and_no_other() {
    for (start, end, gone) in [
        (0x1fff, 0x2001, vec![1, 2]),
        (0x1000, 0x2000, vec![1]),
        (0x1001, 0x1002, vec![1]),
        (0x0fff, 0x1000, vec![0]),
        (0x3000, 0x3000, vec![]),
        (0, RAM_SIZE, vec![0, 1, 2, 3]),
    ] {
        let mut world = World::usual();
        world.host.resolved.set(Resolved { level: 0, ..world.host.resolved.get() });
        for page in 0..4 {
            world.fault(RAM + page * PAGE_SIZE, true).unwrap();
        }
        let World { local, host, vm, .. } = &mut world;
        vm.invalidate_begin(local, host, Hva(USER + start)..Hva(USER + end));
        vm.invalidate_end();
        let is_gone = |page: &u64| world.mapped(RAM + page * PAGE_SIZE).is_none();
        assert_eq!((0..4).filter(is_gone).collect::<Vec<_>>(), gone, "{start:#x}..{end:#x}");
    }
}

#[test]
fn what_goes_wrong_is_told_and_leaves_nothing_behind() {
    let mut world = World::usual();
    world.host.user.set(0x1000);
    assert_eq!(world.fault(RAM + 0x1000, false), Err(Errno::EFAULT));
    let mut world = World::usual();
    world.host.left.set(2);
    assert_eq!(world.fault(RAM, false), Err(Errno::ENOMEM));
    assert_eq!(world.mapped(RAM), None);
}

#[test]
fn memory_that_is_taken_away_while_it_is_looked_for_is_not_mapped() {
    let mut world = World::usual();
    let vm = world.vm.clone();
    let takes_away = std::cell::Cell::new(true);
    *world.host.on_resolve.borrow_mut() = Some(Box::new(move || {
        if takes_away.take() {
            // Nothing is mapped yet, so that there is nothing but this to be done.
            vm.memory.lock().invalidations += 1;
        }
    }));
    assert_eq!(world.fault(RAM, false), Ok(Mapped::Done));
    assert_eq!(world.mapped(RAM), None, "what was found is not there any more");
    assert_eq!(world.fault(RAM, false), Ok(Mapped::Done));
    assert!(world.mapped(RAM).is_some());
}

#[test]
fn nothing_is_mapped_between_the_beginning_of_an_invalidation_and_its_end() {
    let mut world = World::usual();
    let World { local, host, vm, .. } = &mut world;
    vm.invalidate_begin(local, host, Hva(USER + RAM_SIZE)..Hva(USER + RAM_SIZE + 1));
    assert_eq!(world.fault(RAM, false), Ok(Mapped::Done));
    assert_eq!(world.mapped(RAM), None);
    world.vm.invalidate_end();
    world.fault(RAM, false).unwrap();
    assert!(world.mapped(RAM).is_some());
    // An end too many is no beginning.
    world.vm.invalidate_end();
    world.fault(RAM + (2 << 20), false).unwrap();
    assert!(world.mapped(RAM + (2 << 20)).is_some());
}

#[test]
fn an_invalidation_is_fenced_everywhere_before_it_returns() {
    let mut world = World::usual();
    world.fault(RAM, true).unwrap();
    world.take_events();
    let World { local, host, vm, .. } = &mut world;
    vm.invalidate_begin(local, host, Hva(USER + 0x1234)..Hva(USER + 0x1235));
    let (vmid, start, size) = (vm.vmid.number(), Gpa(RAM), 2 << 20);
    let events = local.hart.take_events();
    assert_eq!(events.len(), 513, "each page, and the other harts");
    assert_eq!(events[512], Remote(RemoteFence::Guest { vmid, start, size }));
    assert_eq!(world.mapped(RAM), None);
}

#[test]
fn every_written_page_is_logged_and_can_be_logged_again() {
    let mut world = World::usual();
    world.fault(RAM, true).unwrap();
    assert_eq!(world.mapped(RAM), Some((1, true)));
    world.set_region(LOGGED);
    assert_eq!(world.mapped(RAM), Some((1, false)), "the large page can be read");
    world.fault(RAM + 0x3000, true).unwrap();
    assert_eq!(world.mapped(RAM + 0x3000), Some((0, true)));
    assert_eq!(world.mapped(RAM + 0x4000), Some((0, false)));
    world.fault(RAM + 0x20_0000, false).unwrap();
    assert_eq!(world.mapped(RAM + 0x20_0000), Some((0, false)), "what is read is not written");
    assert_eq!(world.log(), [3]);
    assert_eq!(world.mapped(RAM + 0x3000), Some((0, false)));
    assert_eq!(world.log(), []);
    world.fault(RAM + 0x3000, true).unwrap();
    world.vm.write(&world.host, Gpa(RAM + 0x5ffc), &[1; 8]).unwrap();
    assert_eq!(world.log(), [3, 5, 6], "the hypervisor's own writes, too");
    world.set_region(0);
    assert_eq!(world.mapped(RAM + 0x3000), None, "there is room for a large page");
    world.fault(RAM + 0x3000, true).unwrap();
    assert_eq!(world.mapped(RAM), Some((1, true)));
    assert_eq!(world.vm.dirty_log_words(0), Err(Errno::ENOENT));
}

#[test]
fn a_log_that_is_read_by_hand_is_cleared_by_hand() {
    let mut world = World::usual();
    world.vm.set_manual_dirty_log(DIRTY_LOG_MANUAL_PROTECT_ENABLE).unwrap();
    world.set_region(LOGGED);
    for page in [1, 70, 71] {
        world.fault(RAM + page * PAGE_SIZE, true).unwrap();
    }
    assert_eq!(world.log(), [1, 70, 71]);
    assert_eq!(world.log(), [1, 70, 71]);
    assert_eq!(world.mapped(RAM + 70 * PAGE_SIZE), Some((0, true)), "nothing is protected yet");
    let World { local, host, vm, .. } = &mut world;
    vm.clear_dirty_log(local, host, 0, 64, 64, &[1 << 6]).unwrap();
    assert_eq!(world.mapped(RAM + 70 * PAGE_SIZE), Some((0, false)));
    assert_eq!(world.mapped(RAM + 71 * PAGE_SIZE), Some((0, true)));
    assert_eq!(world.log(), [1, 71]);
    let World { local, host, vm, .. } = &mut world;
    assert_eq!(vm.clear_dirty_log(local, host, 0, 1, 64, &[1]), Err(Errno::EINVAL));
    assert_eq!(vm.clear_dirty_log(local, host, 5, 0, 64, &[1]), Err(Errno::ENOENT));
}

#[test]
fn a_log_can_begin_with_every_page() {
    let mut world = World::usual();
    for flags in [DIRTY_LOG_INITIALLY_SET, 4, u64::MAX] {
        assert_eq!(world.vm.set_manual_dirty_log(flags), Err(Errno::EINVAL));
    }
    world.vm.set_manual_dirty_log(DIRTY_LOG_MANUAL_PROTECT_ENABLE | DIRTY_LOG_INITIALLY_SET).unwrap();
    world.fault(RAM, true).unwrap();
    world.set_region(LOGGED);
    assert_eq!(world.log().len() as u64, RAM_SIZE / PAGE_SIZE);
    assert_eq!(world.mapped(RAM), Some((1, true)), "what counts as written need not be protected");
    let World { local, host, vm, .. } = &mut world;
    vm.clear_dirty_log(local, host, 0, 0, 64, &[1]).unwrap();
    assert_eq!(world.mapped(RAM), Some((1, false)));
}

#[test]
fn a_slot_that_goes_or_moves_takes_its_pages_with_it() {
    let mut world = World::usual();
    world.fault(RAM, true).unwrap();
    let World { local, host, vm, .. } = &mut world;
    let moved = UserMemoryRegion { guest_phys_addr: RAM + RAM_SIZE, ..region(0) };
    vm.set_user_memory_region(local, host, &moved).unwrap();
    assert_eq!(world.mapped(RAM), None);
    assert_eq!(world.fault(RAM, true), Ok(Mapped::NoMemory));
    world.fault(RAM + RAM_SIZE, true).unwrap();
    let World { local, host, vm, .. } = &mut world;
    vm.set_user_memory_region(local, host, &UserMemoryRegion { memory_size: 0, ..moved }).unwrap();
    assert_eq!(world.mapped(RAM + RAM_SIZE), None);
}

#[test]
fn what_is_accessed_is_young_until_it_is_asked_for() {
    let mut world = World::usual();
    world.fault(RAM, false).unwrap();
    let page = || Hva(USER + 0x5000)..Hva(USER + 0x6000);
    assert!(world.vm.age(&world.host, page(), false));
    assert!(world.vm.age(&world.host, page(), true));
    assert!(!world.vm.age(&world.host, page(), true));
    assert!(!world.vm.age(&world.host, Hva(0)..Hva(USER), true), "nobody's memory");
}

#[test]
fn a_store_is_told_to_who_wants_it() {
    let world = World::usual();
    let wanted = IoEventFd { datamatch: 0, addr: 0x1000, len: 4, fd: 0, flags: 0, padding: [0; 36] };
    world.vm.ioeventfd(&wanted, 7).unwrap();
    assert!(world.vm.notify_store(&world.host, Gpa(0x1000), 4, 99));
    assert!(!world.vm.notify_store(&world.host, Gpa(0x1000), 2, 99));
    assert_eq!(world.host.take_signals(), [7]);
}

#[test]
fn guest_memory_is_read_and_written_across_slots() {
    let mut world = World::usual();
    let next = UserMemoryRegion {
        slot: 1,
        guest_phys_addr: RAM + RAM_SIZE,
        userspace_addr: USER + 2 * RAM_SIZE,
        ..region(0)
    };
    let World { local, host, vm, .. } = &mut world;
    vm.set_user_memory_region(local, host, &next).unwrap();
    let at = Gpa(RAM + RAM_SIZE - 3);
    vm.write(host, at, &[1, 2, 3, 4, 5, 6]).unwrap();
    let mut bytes = [0; 6];
    vm.read(host, at, &mut bytes).unwrap();
    assert_eq!(bytes, [1, 2, 3, 4, 5, 6]);
    let mut piece = [0; 3];
    host.read_user(Hva(USER + 2 * RAM_SIZE), &mut piece).unwrap();
    assert_eq!(piece, [4, 5, 6]);
    assert!(vm.read(host, Gpa(RAM - 1), &mut [0; 2]).is_err());
}

#[test]
fn a_machine_that_ends_gives_every_table_back() {
    let mut world = World::usual();
    for page in [0, 1, 600, 2000] {
        world.fault(RAM + page * PAGE_SIZE, true).unwrap();
    }
    let World { host, vm, vcpu, .. } = world;
    vcpu.destroy(&host);
    assert!(vm.vcpu(0).is_none());
    vm.destroy(&host);
    assert!(host.live.borrow().is_empty());
}

#[test]
fn memory_of_a_device_is_given_page_by_page_where_no_slot_is() {
    let mut world = World::usual();
    let device = RAM - 0x3000;
    let World { local, host, vm, .. } = &mut world;
    let tables = host.live.borrow().len();
    let mut remap = |gpa, hpa, size| vm.ioremap(local, host, Gpa(gpa), Hpa(hpa), size, true);
    assert_eq!(remap(device, 0x5000, 0x3000), Ok(()));
    assert_eq!(remap(device + 0x1000, 0x5000, 0x3000), Err(Errno::EEXIST), "it is there");
    assert_eq!(remap(device - 0x1000, 0x4000, 0x1000), Ok(()));
    assert_eq!(remap(RAM, 0x4000, 0x1000), Err(Errno::EEXIST), "a slot is there");
    for (gpa, hpa, size) in
        [(device + 1, 0, 0x1000), (device, 8, 0x1000), (device, 0, 1), (u64::MAX - 0xfff, 0, 0x1000)]
    {
        assert_eq!(remap(gpa, hpa, size), Err(Errno::EINVAL), "{gpa:#x} {hpa:#x} {size:#x}");
    }
    assert_eq!(world.mapped(device + 0x2000), Some((0, true)));
    let World { local, host, vm, .. } = &mut world;
    vm.iounmap(local, host, Gpa(device)..Gpa(RAM));
    assert_eq!(world.mapped(device), None);
    assert!(world.host.live.borrow().len() > tables, "the tables stay for the next");
    assert_eq!(world.fault(device, false), Ok(Mapped::NoMemory));
}
