//! Guest-page faults that are not accesses of devices.

use isa::tinst::{READ_RV32, READ_RV64, WRITE_RV32, WRITE_RV64};
use kvm::ioctl::UserMemoryRegion;

use super::mmio::access_fault;
use super::*;
use crate::addr::Gpa;
use crate::fake::{Event, region};

const RAM_PAGE: u64 = 0x8040_0000;

const FAULTS: [Exception; 3] =
    [Exception::InstGuestPageFault, Exception::LoadGuestPageFault, Exception::StoreGuestPageFault];

impl World {
    pub(super) fn is_mapped(&self, gpa: u64, write: bool) -> bool {
        self.vm.memory.lock().is_mapped(&self.host, Gpa(gpa), write)
    }

    /// Maps the guest's memory in small pages, for reading alone until it is written.
    pub(super) fn log_writes(&mut self) {
        let World { local, host, vm, .. } = self;
        let region = region(UserMemoryRegion::LOG_DIRTY_PAGES);
        vm.set_user_memory_region(local, host, &region).unwrap();
        self.take_events();
    }
}

#[test]
fn memory_is_given_when_first_touched_and_the_instruction_runs_again() {
    for exception in FAULTS {
        let mut world = World::guest(&[]);
        assert_eq!(world.exit(guest_page_fault(exception, RAM_PAGE + 0x123, 0)), RESUMED);
        assert!(world.is_mapped(RAM_PAGE, true));
        let fence = Event::HfenceGvma(Some(Gpa(RAM_PAGE)), Some(world.vm.vmid.number()));
        assert!(world.take_events().contains(&fence));
        world.assert_untouched();
    }
}

#[test]
fn only_what_stores_makes_a_page_writable_while_writes_are_logged() {
    for exception in FAULTS {
        let mut world = World::guest(&[]);
        world.log_writes();
        world.exit(guest_page_fault(exception, RAM_PAGE, 0)).unwrap();
        assert!(world.is_mapped(RAM_PAGE, false));
        assert_eq!(world.is_mapped(RAM_PAGE, true), exception == Exception::StoreGuestPageFault);
        world.exit(guest_page_fault(Exception::StoreGuestPageFault, RAM_PAGE, 0)).unwrap();
        assert!(world.is_mapped(RAM_PAGE, true));
    }
}

#[test]
fn without_tables_or_user_memory_the_run_fails_and_can_be_tried_again() {
    let mut world = World::guest(&[]);
    let fault = guest_page_fault(Exception::LoadGuestPageFault, RAM_PAGE, 0);
    world.host.left.set(2);
    assert_eq!(world.exit(fault), Err(Errno::ENOMEM));
    world.assert_untouched();
    world.host.left.set(usize::MAX);
    let user = world.host.user.replace(0);
    assert_eq!(world.exit(fault), Err(Errno::EFAULT));
    world.assert_untouched();
    world.host.user.set(user);
    assert_eq!(world.exit(fault), RESUMED);
    assert!(world.is_mapped(RAM_PAGE, true));
}

#[test]
fn page_tables_in_memory_are_given_and_page_tables_elsewhere_refused() {
    for htinst in [READ_RV32, WRITE_RV32, READ_RV64, WRITE_RV64] {
        for exception in FAULTS {
            let mut world = World::guest(&[]);
            let gva = 0x1003;
            let trap = Trap { stval: gva, ..guest_page_fault(exception, RAM_PAGE + 8, htinst) };
            assert_eq!(world.exit(trap), RESUMED);
            assert!(world.is_mapped(RAM_PAGE, false));
            world.assert_untouched();

            // The instruction at the program counter has nothing to do with the address, and no device is asked.
            let mut world = World::guest(&[]);
            let trap = Trap { stval: gva, ..guest_page_fault(exception, DEVICE, htinst) };
            assert_eq!(world.exit(trap), RESUMED);
            world.assert_injected(access_fault(exception), gva);
        }
    }
}

#[test]
fn an_update_of_a_and_d_makes_the_table_writable_whatever_the_guest_did() {
    for exception in FAULTS {
        for (htinst, writable) in
            [(READ_RV64, exception == Exception::StoreGuestPageFault), (WRITE_RV64, true)]
        {
            let mut world = World::guest(&[]);
            world.log_writes();
            let trap = Trap { stval: 0x1003, ..guest_page_fault(exception, RAM_PAGE + 8, htinst) };
            assert_eq!(world.exit(trap), RESUMED);
            assert_eq!(world.is_mapped(RAM_PAGE, true), writable, "{exception:?} {htinst:#x}");
            world.assert_untouched();
        }
    }
}

#[test]
fn a_jump_into_a_hole_is_the_guests_to_handle() {
    // Beyond what the G-stage can translate, too.
    for gpa in [DEVICE, 1 << 59, u64::MAX << 2] {
        let mut world = World::guest(&[]);
        let trap = Trap { htval: gpa >> 2, ..trap(Exception::InstGuestPageFault, 0x5004) };
        assert_eq!(world.exit(trap), RESUMED, "{gpa:#x}");
        world.assert_injected(Exception::InstAccessFault, 0x5004);
    }
}

#[test]
fn stores_to_read_only_memory_are_a_devices_and_loads_are_not() {
    let mut world = World::guest(&[]);
    let World { local, host, vm, .. } = &mut world;
    let flags = UserMemoryRegion::READONLY;
    let rom = UserMemoryRegion { slot: 1, guest_phys_addr: DEVICE, flags, ..region(0) };
    vm.set_user_memory_region(local, host, &rom).unwrap();
    world.code(Ok(0x0057_3023));
    assert_eq!(world.exit(guest_page_fault(Exception::StoreGuestPageFault, DEVICE, 0)), EXITED);
    let stored = Some(world.x(5));
    assert_eq!(world.page().exit(), kvm::Exit::Mmio { address: DEVICE, length: 8, stored });
    world.go_on().unwrap();
    world.vcpu.context.guest.sepc = PC;
    assert_eq!(world.exit(guest_page_fault(Exception::LoadGuestPageFault, DEVICE, 0)), RESUMED);
    assert!(world.is_mapped(DEVICE, false) && !world.is_mapped(DEVICE, true));
    world.assert_untouched();
}
