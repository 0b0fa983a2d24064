//! Loads and stores of devices: every width, form and way of finding out.

use isa::tinst::transform;

use super::*;
use crate::fake::Event;
use crate::hart::Width;

/// `t0`, in which 32-bit instructions of the table load and from which they store.
const T0: u8 = 5;
/// `a5`, which compressed instructions can name.
const A5: u8 = 15;

/// Loads: instruction, register, width, and what it makes of a value of all ones but the sign's neighbour.
const LOADS: [(&str, u32, u8, Width, u64); 11] = [
    ("lb t0, 0(a4)", 0x0007_0283, T0, Width::Byte, 0xffff_ffff_ffff_ffbf),
    ("lbu t0, 0(a4)", 0x0007_4283, T0, Width::Byte, 0xbf),
    ("lh t0, 0(a4)", 0x0007_1283, T0, Width::Half, 0xffff_ffff_ffff_bfbf),
    ("lhu t0, 0(a4)", 0x0007_5283, T0, Width::Half, 0xbfbf),
    ("lw t0, 0(a4)", 0x0007_2283, T0, Width::Word, 0xffff_ffff_bfbf_bfbf),
    ("lwu t0, 0(a4)", 0x0007_6283, T0, Width::Word, 0xbfbf_bfbf),
    ("ld t0, 0(a4)", 0x0007_3283, T0, Width::Double, 0xbfbf_bfbf_bfbf_bfbf),
    ("c.lw a5, 0(a4)", 0x431c, A5, Width::Word, 0xffff_ffff_bfbf_bfbf),
    ("c.ld a5, 0(a4)", 0x631c, A5, Width::Double, 0xbfbf_bfbf_bfbf_bfbf),
    ("c.lwsp a5, 0(sp)", 0x4782, A5, Width::Word, 0xffff_ffff_bfbf_bfbf),
    ("c.ldsp a5, 0(sp)", 0x6782, A5, Width::Double, 0xbfbf_bfbf_bfbf_bfbf),
];

/// Stores: instruction, register and width. The offsets of the last four make bits 11:7 zero or not.
const STORES: [(&str, u32, u8, Width); 12] = [
    ("sb t0, 0(a4)", 0x0057_0023, T0, Width::Byte),
    ("sh t0, 0(a4)", 0x0057_1023, T0, Width::Half),
    ("sw t0, 0(a4)", 0x0057_2023, T0, Width::Word),
    ("sd t0, 0(a4)", 0x0057_3023, T0, Width::Double),
    ("sd x0, 0(a4)", 0x0007_3023, 0, Width::Double),
    ("c.sw a5, 0(a4)", 0xc31c, A5, Width::Word),
    ("c.sd a5, 0(a4)", 0xe31c, A5, Width::Double),
    ("c.swsp a5, 0(sp)", 0xc03e, A5, Width::Word),
    ("c.sdsp a5, 0(sp)", 0xe03e, A5, Width::Double),
    ("c.swsp a5, 32(sp)", 0xd03e, A5, Width::Word),
    ("c.sdsp a5, 32(sp)", 0xf03e, A5, Width::Double),
    ("c.swsp a5, 4(sp)", 0xc23e, A5, Width::Word),
];

/// The value of `htinst` for `word`, or zero; with zero, the code itself is there to be read.
fn world_and_htinst(word: u32, transformed: bool) -> (World, u64) {
    let mut world = World::new();
    if transformed {
        return (world, transform(&isa::decode(word).unwrap(), 0));
    }
    world.code(Ok(word));
    (world, 0)
}

fn size(word: u32) -> u64 {
    if word & 3 == 3 { 4 } else { 2 }
}

#[test]
fn loads_extend_and_move_on() {
    for (name, word, rd, width, loaded) in LOADS {
        for transformed in [false, true] {
            let (mut world, htinst) = world_and_htinst(word, transformed);
            let outcome = world.handle(fault(Exception::LoadGuestPageFault, DEVICE, htinst));
            assert_eq!(outcome, Ok(Outcome::Load { address: Gpa(DEVICE), width }), "{name}");
            assert_eq!(world.vcpu.pc(), PC, "{name} has not retired");

            world.vcpu.complete(0xbfbf_bfbf_bfbf_bfbf);
            assert_eq!(world.vcpu.context.guest.get(rd), loaded, "{name}, transformed: {transformed}");
            assert_eq!(world.vcpu.pc(), PC + size(word), "{name}");
            world.vcpu.complete(1);
            assert_eq!(world.vcpu.context.guest.get(rd), loaded, "{name} is completed once");
        }
    }
}

#[test]
fn positive_values_are_not_sign_extended() {
    for (name, word, rd, width, _) in LOADS {
        let (mut world, htinst) = world_and_htinst(word, true);
        world.handle(fault(Exception::LoadGuestPageFault, DEVICE, htinst)).unwrap();
        world.vcpu.complete(0x7f7f_7f7f_7f7f_7f7f);
        assert_eq!(world.vcpu.context.guest.get(rd), width.truncate(0x7f7f_7f7f_7f7f_7f7f), "{name}");
    }
}

#[test]
fn stores_carry_their_width_and_move_on() {
    for (name, word, rs2, width) in STORES {
        for transformed in [false, true] {
            let (mut world, htinst) = world_and_htinst(word, transformed);
            let value = width.truncate(world.vcpu.context.guest.get(rs2));
            let outcome = world.handle(fault(Exception::StoreGuestPageFault, DEVICE, htinst));
            let store = Outcome::Store { address: Gpa(DEVICE), width, value };
            assert_eq!(outcome, Ok(store), "{name}, transformed: {transformed}");
            let before = world.vcpu.context.guest.x;
            world.vcpu.complete(0);
            assert_eq!(world.vcpu.context.guest.x, before, "{name}");
            assert_eq!(world.vcpu.pc(), PC + size(word), "{name}");
        }
    }
}

#[test]
fn a_load_into_x0_leaves_it_zero() {
    let (mut world, htinst) = world_and_htinst(0x0007_3003, true);
    world.handle(fault(Exception::LoadGuestPageFault, DEVICE, htinst)).unwrap();
    world.vcpu.complete(u64::MAX);
    assert_eq!(world.vcpu.context.guest.x[0], 0);
    assert_eq!(world.vcpu.pc(), PC + 4);
}

#[test]
fn the_instruction_is_read_with_the_guests_privilege() {
    let (mut world, _) = world_and_htinst(0x0007_0283, false);
    world.vcpu.shared.hstatus = hstatus::SPVP.of(1);
    world.hart.set_csr(hstatus::NUMBER, 0x1000);
    world.handle(fault(Exception::LoadGuestPageFault, DEVICE, 0)).unwrap();
    assert_eq!(
        world.hart.take_events(),
        [
            Event::Swap("hstatus", hstatus::SPVP.of(1)),
            Event::Fetch(PC),
            Event::Fetch(PC + 2),
            Event::Write("hstatus", 0x1000),
        ]
    );
}

#[test]
fn a_compressed_instruction_at_the_end_of_a_page_is_read_alone() {
    let mut world = World::new();
    world.hart.code.insert(PC, Ok(0x431c));
    world.handle(fault(Exception::LoadGuestPageFault, DEVICE, 0)).unwrap();
    world.vcpu.complete(0);
    assert_eq!(world.vcpu.pc(), PC + 2);
}

#[test]
fn what_no_device_takes_is_an_access_fault() {
    let atomic = 0x00f7_22af; // amoadd.w t0, a5, (a4)
    let float = 0x0007_2007; // flw ft0, 0(a4)
    let undefined = 0xffff_ffff;
    for (word, exception) in [
        (atomic, Exception::StoreGuestPageFault),
        (float, Exception::LoadGuestPageFault),
        (undefined, Exception::LoadGuestPageFault),
        // The guest has changed its code since: this is no store.
        (0x0007_0283, Exception::StoreGuestPageFault),
    ] {
        let (mut world, _) = world_and_htinst(word, false);
        assert_eq!(world.handle(fault(exception, DEVICE, 0)), Ok(Outcome::Resume), "{word:#x}");
        let expected = if exception == Exception::StoreGuestPageFault {
            Exception::StoreAccessFault
        } else {
            Exception::LoadAccessFault
        };
        world.assert_injected(expected, DEVICE + (4 << 30));
    }
}

#[test]
fn misaligned_device_accesses_are_access_faults() {
    for (name, word, _, width, _) in LOADS {
        if width != Width::Byte {
            let (mut world, htinst) = world_and_htinst(word, true);
            let outcome = world.handle(fault(Exception::LoadGuestPageFault, DEVICE + 1, htinst));
            assert_eq!(outcome, Ok(Outcome::Resume), "{name}");
            world.assert_injected(Exception::LoadAccessFault, DEVICE + 1 + (4 << 30));
        }
    }
}

#[test]
fn the_host_can_refuse_an_address() {
    let (mut world, htinst) = world_and_htinst(0x0057_0023, true);
    world.handle(fault(Exception::StoreGuestPageFault, DEVICE + 5, htinst)).unwrap();
    world.vcpu.refuse(&mut world.hart);
    world.assert_injected(Exception::StoreAccessFault, DEVICE + 5 + (4 << 30));
    world.vcpu.complete(0);
    assert_eq!(world.vcpu.pc(), HANDLER, "a refused access is not completed as well");
}
