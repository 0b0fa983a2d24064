//! Reading the instruction that trapped, and the faults of doing so.

use super::*;
use crate::fake::Event;

fn device_fault() -> Trap {
    guest_page_fault(Exception::LoadGuestPageFault, DEVICE, 0)
}

/// What happens between the guest's exit and its next entry, but for the switch.
fn accesses(world: &mut World) -> Vec<Event> {
    let events = world.take_events();
    let first = events.iter().position(|event| matches!(event, Event::Fetch(_))).expect("a fetch");
    let last = events.iter().rposition(|event| matches!(event, Event::Fetch(_))).expect("a fetch");
    events[first - 1..last + 2].to_vec()
}

#[test]
fn the_instruction_is_read_with_the_guests_privilege() {
    for spvp in [0, 1] {
        let mut world = World::guest(&[]);
        world.code(Ok(0x0007_0283));
        let guest_status = hstatus::SPV.of(1) | hstatus::SPVP.of(spvp);
        world.hart().set_csr(hstatus::NUMBER, 0x1000);
        world.hart().guests.push_back(Box::new(move |csrs, _| {
            csrs.insert(hstatus::NUMBER, guest_status);
            crate::fake::set_trap(csrs, &device_fault());
        }));
        assert_eq!(world.run(), EXITED);
        assert_eq!(
            accesses(&mut world),
            [
                Event::Swap("hstatus", guest_status),
                Event::Fetch(PC),
                Event::Fetch(PC + 2),
                Event::Write("hstatus", 0x1000),
            ]
        );
    }
}

#[test]
fn a_compressed_instruction_at_the_end_of_a_page_is_read_alone() {
    let mut world = World::guest(&[]);
    world.hart().code.insert(PC, Ok(0x431c));
    assert_eq!(world.exit(device_fault()), EXITED);
    world.go_on().unwrap();
    assert_eq!(world.vcpu.pc(), PC + 2);
}

#[test]
fn the_guest_gets_the_fault_of_reading_its_instruction_as_a_fetch() {
    for (raised, taken) in [
        (Exception::LoadPageFault, Exception::InstPageFault),
        (Exception::LoadAccessFault, Exception::InstAccessFault),
    ] {
        for first in [device_fault(), trap(Exception::VirtualInst, 0)] {
            let mut world = World::guest(&[]);
            world.code(Err(trap(raised, PC)));
            assert_eq!(world.exit(first), RESUMED);
            world.assert_injected(taken, PC);

            // An instruction can lie on two pages, of which the second is gone.
            let mut world = World::guest(&[]);
            world.hart().code.extend([(PC, Ok(0x0283)), (PC + 2, Err(trap(raised, PC + 2)))]);
            assert_eq!(world.exit(first), RESUMED);
            world.assert_injected(taken, PC + 2);
        }
    }
}

#[test]
fn the_page_of_an_instruction_that_cannot_be_read_is_mapped_and_the_guest_goes_on() {
    for first in [device_fault(), trap(Exception::VirtualInst, 0)] {
        let mut world = World::guest(&[]);
        world.code(Err(guest_page_fault(Exception::LoadGuestPageFault, PC, 0)));
        assert_eq!(world.exit(first), RESUMED);
        world.assert_untouched();
        assert!(world.is_mapped(PC, false), "the guest's own fetch need not fault");
    }
}
