//! Instructions that the hypervisor carries out or refuses.

use super::*;

const WFI: u32 = 0x1050_0073;
const READ_HSTATUS: u32 = 0x6000_22f3;
const HLV_W: u32 = 0x6807_42f3;
const SRET: u32 = 0x1020_0073;
const WRS_NTO: u32 = 0x00d0_0073;
const WRS_STO: u32 = 0x01d0_0073;
const UNDEFINED: u32 = 0xffff_ffff;

/// Has the guest trap with an instruction, which the hart tells of or not.
fn virtual_inst(world: &mut World, inst: u32, told: bool) -> Result<Stop, Errno> {
    world.code(Ok(inst));
    let exit = world.exit(trap(Exception::VirtualInst, if told { inst.into() } else { 0 }));
    let fetched = world.take_events().iter().any(|event| matches!(event, crate::fake::Event::Fetch(_)));
    assert_eq!(fetched, !told, "it is read where the hart does not tell");
    exit
}

#[test]
fn a_guest_that_waits_has_retired_its_wfi() {
    for told in [false, true] {
        let mut world = World::guest(&[]);
        assert_eq!(virtual_inst(&mut world, WFI, told), Ok(Stop::Blocked));
        assert_eq!(world.vcpu.pc(), PC + 4);
        assert_eq!(world.go_on(), RESUMED, "a wait may end at any time");
        assert_eq!(world.vcpu.pc(), PC + 4);
    }
}

#[test]
fn a_wait_for_what_is_pending_ends_at_once() {
    use isa::cause::Interrupt;
    use isa::csr::{hip, vsie};
    for (pending, enabled, goes_on) in [
        (Interrupt::Vssi, Interrupt::Ssi, true),
        (Interrupt::Vsti, Interrupt::Sti, true),
        (Interrupt::Vsei, Interrupt::Sei, true),
        (Interrupt::Vssi, Interrupt::Sti, false),
        // The host's own, which the guest's bit one below means nothing to.
        (Interrupt::Sti, Interrupt::Mti, false),
    ] {
        let mut world = World::guest(&[]);
        world.hart().set_csr(hip::NUMBER, pending.bit());
        world.hart().set_csr(vsie::NUMBER, enabled.bit());
        let expected = if goes_on { RESUMED } else { Ok(Stop::Blocked) };
        assert_eq!(virtual_inst(&mut world, WFI, true), expected, "{pending:?}, {enabled:?}");
        assert_eq!(world.vcpu.pc(), PC + 4);
    }
}

#[test]
fn a_wait_for_what_is_on_its_way_ends_at_once() {
    let mut world = World::guest(&[]);
    let shared = world.vcpu.shared().clone();
    world.hart().guests.push_back(Box::new(move |csrs, _| {
        shared.interrupts.set(isa::cause::Interrupt::Vsei);
        crate::fake::set_trap(csrs, &trap(Exception::VirtualInst, WFI.into()));
    }));
    world.hart().exit_with(crate::fake::HOST_INTERRUPT);
    assert_eq!(world.run(), RESUMED);
}

#[test]
fn what_only_a_hypervisor_may_do_is_illegal_for_a_guest() {
    for told in [false, true] {
        for inst in [READ_HSTATUS, HLV_W, SRET, UNDEFINED] {
            for user in [false, true] {
                let mut world = World::guest(&[]);
                if user {
                    world = world.in_user_mode();
                }
                assert_eq!(virtual_inst(&mut world, inst, told), RESUMED);
                world.assert_injected(Exception::IllegalInst, inst.into());
            }
        }
    }
}

#[test]
fn programs_of_the_guest_do_not_wait() {
    for told in [false, true] {
        for inst in [WFI, WRS_NTO, WRS_STO] {
            let mut world = World::guest(&[]).in_user_mode();
            assert_eq!(virtual_inst(&mut world, inst, told), RESUMED);
            world.assert_injected(Exception::IllegalInst, inst.into());
        }
    }
}

#[test]
fn a_wait_for_a_reservation_ends_at_once() {
    for told in [false, true] {
        for inst in [WRS_NTO, WRS_STO] {
            let mut world = World::guest(&[]);
            assert_eq!(virtual_inst(&mut world, inst, told), RESUMED);
            assert_eq!(world.vcpu.pc(), PC + 4);
            assert_eq!(world.local.hart.csr(vscause::NUMBER), 0);
        }
    }
}

#[test]
fn bits_that_are_no_instruction_word_are_not_believed() {
    let mut world = World::guest(&[]);
    world.code(Ok(WFI));
    assert_eq!(
        world.exit(trap(Exception::VirtualInst, 1 << 32 | u64::from(READ_HSTATUS))),
        Ok(Stop::Blocked)
    );
}
