//! Guest-page faults that are not accesses of devices.

use isa::csr::vsatp;
use isa::paging::{Pte, SV39};
use isa::tinst::{READ_RV64, WRITE_RV64};

use super::*;
use crate::fake::Event;

const RAM_PAGE: u64 = 0x8040_0000;

#[test]
fn ram_is_given_when_first_touched_and_the_instruction_runs_again() {
    for exception in
        [Exception::InstGuestPageFault, Exception::LoadGuestPageFault, Exception::StoreGuestPageFault]
    {
        let mut world = World::new();
        assert_eq!(world.handle(fault(exception, RAM_PAGE + 0x123, 0)), Ok(Outcome::Resume));
        assert!(world.vm.gstage.translate(&world.frames, Gpa(RAM_PAGE)).is_some());
        assert_eq!(world.hart.take_events(), [Event::HfenceGvmaPage(RAM_PAGE, 0)]);
        assert_eq!(world.vcpu.pc(), PC);
    }
}

#[test]
fn a_fault_on_a_page_that_is_there_changes_nothing_but_is_fenced() {
    let mut world = World::new();
    world.handle(fault(Exception::LoadGuestPageFault, RAM_PAGE, 0)).unwrap();
    let (frame, live) = (world.vm.gstage.translate(&world.frames, Gpa(RAM_PAGE)), world.frames.live.len());
    world.hart.take_events();
    world.handle(fault(Exception::StoreGuestPageFault, RAM_PAGE, 0)).unwrap();
    assert_eq!(world.vm.gstage.translate(&world.frames, Gpa(RAM_PAGE)), frame);
    assert_eq!(world.frames.live.len(), live);
    assert_eq!(world.hart.take_events(), [Event::HfenceGvmaPage(RAM_PAGE, 0)]);
}

#[test]
fn every_page_gets_a_frame_of_its_own() {
    let mut world = World::new();
    let mut frames = std::collections::BTreeSet::new();
    for page in 0..32 {
        world.handle(fault(Exception::StoreGuestPageFault, RAM_PAGE + page * 4096, 0)).unwrap();
        frames.insert(world.vm.gstage.translate(&world.frames, Gpa(RAM_PAGE + page * 4096)).unwrap());
    }
    assert_eq!(frames.len(), 32);
}

#[test]
fn without_frames_the_machine_cannot_go_on() {
    let mut world = World::new();
    world.frames.left = 2;
    let outcome = world.handle(fault(Exception::LoadGuestPageFault, RAM_PAGE, 0));
    assert_eq!(outcome, Err(Error::OutOfFrames));
    assert_eq!(outcome.unwrap_err().fault(), crate::error::Fault::Host);
}

#[test]
fn page_tables_in_ram_are_given_and_page_tables_elsewhere_refused() {
    for htinst in [READ_RV64, WRITE_RV64] {
        let mut world = World::new();
        let trap = Trap { stval: 0x1003, ..fault(Exception::StoreGuestPageFault, RAM_PAGE + 8, htinst) };
        assert_eq!(world.handle(trap), Ok(Outcome::Resume));
        assert!(world.vm.gstage.translate(&world.frames, Gpa(RAM_PAGE)).is_some());

        // The load at the program counter has nothing to do with the address, and no device is asked.
        let mut world = World::new();
        world.code(Ok(0x0007_0283));
        let trap = Trap { stval: 0x1003, ..fault(Exception::LoadGuestPageFault, DEVICE, htinst) };
        assert_eq!(world.handle(trap), Ok(Outcome::Resume));
        world.assert_injected(Exception::LoadAccessFault, 0x1003);
    }
}

#[test]
fn a_jump_into_a_hole_is_the_guests_to_handle() {
    let mut world = World::new();
    let trap = fault(Exception::InstGuestPageFault, DEVICE, 0);
    assert_eq!(world.handle(trap), Ok(Outcome::Resume));
    world.assert_injected(Exception::InstAccessFault, DEVICE + (4 << 30));
}

#[test]
fn a_trap_handler_in_a_hole_stops_the_machine() {
    let mut world = World::new();
    world.vcpu.context.guest.sepc = DEVICE;
    world.hart.set_csr(vstvec::NUMBER, DEVICE | 1);
    let outcome = world.handle(fault(Exception::InstGuestPageFault, DEVICE, 0));
    assert_eq!(outcome, Err(Error::NoTrapHandler(DEVICE)));
    assert_eq!(outcome.unwrap_err().fault(), crate::error::Fault::Guest);
}

#[test]
fn the_guest_gets_the_fault_of_reading_its_instruction_as_a_fetch() {
    for (raised, taken) in [
        (Exception::LoadPageFault, Exception::InstPageFault),
        (Exception::LoadAccessFault, Exception::InstAccessFault),
    ] {
        let mut world = World::new();
        world.code(Err(Trap { scause: raised as u64, stval: PC, ..Trap::default() }));
        let trap = fault(Exception::LoadGuestPageFault, DEVICE, 0);
        assert_eq!(world.handle(trap), Ok(Outcome::Resume));
        world.assert_injected(taken, PC);
    }
}

#[test]
fn an_instruction_whose_page_is_not_mapped_is_fetched_again() {
    let mut world = World::new();
    world.code(Err(fault(Exception::LoadGuestPageFault, RAM_PAGE, 0)));
    assert_eq!(world.handle(fault(Exception::LoadGuestPageFault, DEVICE, 0)), Ok(Outcome::Resume));
    assert_eq!(world.vcpu.pc(), PC);
    assert_eq!(world.hart.csr(vscause::NUMBER), 0);
}

/// A fault on a hart that leaves htval zero.
fn unlocated(exception: Exception, stval: u64) -> Trap {
    Trap { scause: exception as u64, stval, ..Trap::default() }
}

#[test]
fn without_htval_an_unpaged_guests_address_is_its_virtual_one() {
    let mut world = World::new();
    let trap = unlocated(Exception::StoreGuestPageFault, RAM_PAGE + 0x128);
    assert_eq!(world.handle(trap), Ok(Outcome::Resume));
    assert!(world.vm.gstage.translate(&world.frames, Gpa(RAM_PAGE)).is_some());
}

#[test]
fn without_htval_the_guests_page_tables_are_walked() {
    const ROOT: u64 = 0x8050_0000;
    const MIDDLE: u64 = 0x8050_1000;
    const LAST: u64 = 0x8050_2000;
    let mut world = World::new();
    world.hart.set_csr(vsatp::NUMBER, vsatp::MODE.of(SV39.mode) | vsatp::PPN.of(ROOT >> 12));
    world.code(Ok(0x0007_2283)); // lw t0,0(a4)
    let gva = 0x1234_5678;
    let trap = unlocated(Exception::LoadGuestPageFault, gva);
    // First the tables themselves are given, one by one, as far as they lead on.
    for (table, level, next) in
        [(ROOT, 2, Pte::pointer(MIDDLE)), (MIDDLE, 1, Pte::pointer(LAST)), (LAST, 0, Pte::leaf(DEVICE, 0xcf))]
    {
        assert!(world.vm.gstage.translate(&world.frames, Gpa(table)).is_none());
        assert_eq!(world.handle(trap), Ok(Outcome::Resume));
        assert!(world.vm.gstage.translate(&world.frames, Gpa(table)).is_some());
        // An entry that is not valid is the guest's own affair.
        assert_eq!(world.handle(trap), Ok(Outcome::Resume));
        assert_eq!(world.hart.csr(vscause::NUMBER), 0);
        let entry = Gpa(table + 8 * SV39.index(gva, level));
        world.vm.write(&mut world.frames, entry, &next.0.to_le_bytes()).unwrap();
    }
    let address = Gpa(DEVICE + gva % 4096);
    assert_eq!(world.handle(trap), Ok(Outcome::Load { address, width: crate::hart::Width::Word }));
}

#[test]
fn without_htval_page_tables_outside_ram_are_refused() {
    let mut world = World::new();
    world.hart.set_csr(vsatp::NUMBER, vsatp::MODE.of(SV39.mode) | vsatp::PPN.of(DEVICE >> 12));
    world.code(Ok(0x0007_2283));
    let trap = unlocated(Exception::LoadGuestPageFault, 0x1234_5678);
    assert_eq!(world.handle(trap), Ok(Outcome::Resume));
    world.assert_injected(Exception::LoadAccessFault, 0x1234_5678);
}

#[test]
fn addresses_beyond_the_g_stage_are_no_ram() {
    let mut world = World::new();
    let trap = Trap { htval: u64::MAX, ..fault(Exception::InstGuestPageFault, 0, 0) };
    assert_eq!(world.handle(trap), Ok(Outcome::Resume));
    world.assert_injected(Exception::InstAccessFault, 4 << 30);
}
