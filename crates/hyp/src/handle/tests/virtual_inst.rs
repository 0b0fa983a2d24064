//! Instructions that the hypervisor carries out or refuses.

use super::*;

const WFI: u32 = 0x1050_0073;
const READ_HSTATUS: u32 = 0x6000_22f3;

fn trap(stval: u64) -> Trap {
    Trap { scause: Exception::VirtualInst as u64, stval, ..Trap::default() }
}

#[test]
fn a_guest_that_waits_has_retired_its_wfi() {
    for told in [false, true] {
        let mut world = World::new();
        world.code(Ok(WFI));
        assert_eq!(world.handle(trap(if told { WFI.into() } else { 0 })), Ok(Outcome::Waiting));
        assert_eq!(world.vcpu.pc(), PC + 4);
    }
}

#[test]
fn hypervisor_instructions_are_illegal_for_a_guest() {
    for told in [false, true] {
        let mut world = World::new();
        world.code(Ok(READ_HSTATUS));
        let outcome = world.handle(trap(if told { READ_HSTATUS.into() } else { 0 }));
        assert_eq!(outcome, Ok(Outcome::Resume));
        world.assert_injected(Exception::IllegalInst, READ_HSTATUS.into());
    }
}

#[test]
fn waiting_ends_with_an_enabled_interrupt_whatever_sie() {
    let mut world = World::new();
    world.vcpu.timer.set(&mut world.hart, &mut world.vcpu.interrupts, 50);
    world.vcpu.vs.vsie = 0;
    assert_eq!(world.vcpu.wake_time(40, 0), None, "the timer interrupt is disabled");
    assert!(!world.vcpu.has_interrupt(60));
    world.vcpu.vs.vsie = 1 << 5;
    assert_eq!(world.vcpu.wake_time(40, 0), Some(50));
    assert!(!world.vcpu.has_interrupt(49) && world.vcpu.has_interrupt(50));

    world.vcpu.interrupts.set(isa::cause::Interrupt::Vsei);
    assert!(!world.vcpu.has_interrupt(0));
    world.vcpu.vs.vsie = 1 << 9;
    assert!(world.vcpu.has_interrupt(0));
}
