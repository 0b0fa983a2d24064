//! What is fenced, here and on the other harts, when mappings change.

use super::*;
use crate::fake::Event;

impl World {
    /// Asserts that a range has been forgotten, by every hart, since events were last taken, and nothing else.
    #[track_caller]
    fn assert_fenced(&mut self, start: u64, size: u64) {
        let events = fences(self);
        let (start, vmid) = (Gpa(start), self.vm.vmid.number());
        let pages = (0..size).step_by(PAGE_SIZE as usize);
        let own = pages.map(|offset| HfenceGvma(Some(start.offset(offset)), Some(vmid)));
        let others = Remote(RemoteFence::Guest { vmid, start, size });
        assert_eq!(events, own.chain([others]).collect::<Vec<_>>());
    }
}

fn fences(world: &mut World) -> Vec<Event> {
    let events = world.take_events();
    events.into_iter().filter(|event| matches!(event, HfenceGvma(..) | Remote(_))).collect()
}

/// A guest that has stored to its first page, which is a large one or, while writes are logged, a small one.
fn touched(flags: u32) -> World {
    let mut world = World::usual();
    world.set_region(flags);
    world.fault(RAM, true).unwrap();
    world.take_events();
    world
}

#[test]
fn a_slot_that_goes_is_forgotten() {
    let mut world = touched(0);
    let World { local, host, vm, .. } = &mut world;
    vm.set_user_memory_region(local, host, &UserMemoryRegion { memory_size: 0, ..region(0) }).unwrap();
    world.assert_fenced(RAM, 2 << 20);
}

#[test]
fn pages_are_protected_everywhere_when_logging_begins() {
    let mut world = touched(0);
    world.set_region(LOGGED);
    world.assert_fenced(RAM, 2 << 20);
}

#[test]
fn small_pages_are_forgotten_when_logging_ends() {
    let mut world = touched(LOGGED);
    world.set_region(0);
    world.assert_fenced(RAM, 2 << 20);
}

#[test]
fn tables_that_no_hart_walks_any_more_are_freed_and_no_sooner() {
    let mut world = touched(LOGGED);
    let (before, _) = (world.host.live.borrow().len(), world.host.take_freed());
    world.set_region(0);
    let freed = world.host.take_freed();
    assert_eq!(world.host.live.borrow().len() + freed.len(), before);
    assert!(!freed.is_empty() && freed.iter().all(|when| *when >= world.local.hart.fenced));
}

#[test]
fn a_log_that_has_been_read_or_cleared_is_protected_everywhere() {
    let mut world = touched(LOGGED);
    world.log();
    world.assert_fenced(RAM, PAGE_SIZE);

    world.vm.set_manual_dirty_log(DIRTY_LOG_MANUAL_PROTECT_ENABLE).unwrap();
    world.fault(RAM, true).unwrap();
    world.take_events();
    world.log();
    assert_eq!(fences(&mut world), [], "nothing has been cleared");
    let World { local, host, vm, .. } = &mut world;
    vm.clear_dirty_log(local, host, 0, 0, 64, &[1]).unwrap();
    world.assert_fenced(RAM, PAGE_SIZE);
}

#[test]
fn a_large_page_that_is_split_is_forgotten() {
    let mut world = touched(0);
    world.set_region(LOGGED);
    world.take_events();
    world.fault(RAM + 0x3000, true).unwrap();
    let own = HfenceGvma(Some(Gpa(RAM + 0x3000)), Some(world.vm.vmid.number()));
    let at = world.local.hart.take_events();
    assert_eq!(at[0], own, "the page that faulted");
    let vmid = world.vm.vmid.number();
    let everywhere = Remote(RemoteFence::Guest { vmid, start: Gpa(RAM), size: 2 << 20 });
    assert_eq!((at.len(), &at[513]), (514, &everywhere));
}

#[test]
fn memory_of_a_device_that_is_given_needs_a_fence_of_its_own_and_is_forgotten_when_it_goes() {
    let mut world = World::usual();
    let device = RAM - 0x3000;
    world.hart().entries = 0;
    let World { local, host, vm, .. } = &mut world;
    vm.ioremap(local, host, Gpa(device), Hpa(0x5000), 0x2000, true).unwrap();
    let (vmid, written) = (vm.vmid.number(), local.hart.entries);
    let page = |gpa| HfenceGvma(Some(Gpa(gpa)), Some(vmid));
    assert_eq!(fences(&mut world), [page(device), page(device + 0x1000)]);
    assert_eq!(written, 4 + 2, "the tables, and the pages");
    let World { local, host, vm, .. } = &mut world;
    vm.iounmap(local, host, Gpa(device)..Gpa(RAM));
    world.assert_fenced(device, 0x2000);
}

#[test]
fn many_pages_are_one_fence() {
    for (pages, fences) in [(1, 1), (512, 512), (513, 1)] {
        let mut world = World::usual();
        world.local.fence_guest(5, Gpa(RAM), pages * PAGE_SIZE);
        let events = world.take_events();
        assert_eq!(events.len(), fences);
        let first = (pages <= 512).then_some(Gpa(RAM));
        assert_eq!(events[0], HfenceGvma(first, Some(5)));
    }
}
