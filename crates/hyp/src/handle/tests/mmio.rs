//! Loads and stores of devices: every width, form and way of finding out.

use isa::tinst::transform;
use kvm::ioctl::IoEventFd;

use super::*;

/// `t0`, in which 32-bit instructions of the table load and from which they store.
const T0: u8 = 5;
/// `a5`, which compressed instructions can name.
const A5: u8 = 15;

/// Loads: instruction, register, size of the access, and what it makes of a device's `bf` in every byte.
const LOADS: [(&str, u32, u8, u32, u64); 14] = [
    ("lb t0, 0(a4)", 0x0007_0283, T0, 1, 0xffff_ffff_ffff_ffbf),
    ("lbu t0, 0(a4)", 0x0007_4283, T0, 1, 0xbf),
    ("lh t0, 0(a4)", 0x0007_1283, T0, 2, 0xffff_ffff_ffff_bfbf),
    ("lhu t0, 0(a4)", 0x0007_5283, T0, 2, 0xbfbf),
    ("lw t0, 0(a4)", 0x0007_2283, T0, 4, 0xffff_ffff_bfbf_bfbf),
    ("lwu t0, 0(a4)", 0x0007_6283, T0, 4, 0xbfbf_bfbf),
    ("ld t0, 0(a4)", 0x0007_3283, T0, 8, 0xbfbf_bfbf_bfbf_bfbf),
    ("c.lw a5, 0(a4)", 0x431c, A5, 4, 0xffff_ffff_bfbf_bfbf),
    ("c.ld a5, 0(a4)", 0x631c, A5, 8, 0xbfbf_bfbf_bfbf_bfbf),
    ("c.lwsp a5, 0(sp)", 0x4782, A5, 4, 0xffff_ffff_bfbf_bfbf),
    ("c.ldsp a5, 0(sp)", 0x6782, A5, 8, 0xbfbf_bfbf_bfbf_bfbf),
    ("c.lbu a5, 0(a4)", 0x831c, A5, 1, 0xbf),
    ("c.lhu a5, 0(a4)", 0x871c, A5, 2, 0xbfbf),
    ("c.lh a5, 0(a4)", 0x875c, A5, 2, 0xffff_ffff_ffff_bfbf),
];

/// Stores: instruction, register and size. The offsets of the last of them make bits 11:7 zero or not.
const STORES: [(&str, u32, u8, u32); 14] = [
    ("sb t0, 0(a4)", 0x0057_0023, T0, 1),
    ("sh t0, 0(a4)", 0x0057_1023, T0, 2),
    ("sw t0, 0(a4)", 0x0057_2023, T0, 4),
    ("sd t0, 0(a4)", 0x0057_3023, T0, 8),
    ("sd x0, 0(a4)", 0x0007_3023, 0, 8),
    ("c.sw a5, 0(a4)", 0xc31c, A5, 4),
    ("c.sd a5, 0(a4)", 0xe31c, A5, 8),
    ("c.swsp a5, 0(sp)", 0xc03e, A5, 4),
    ("c.sdsp a5, 0(sp)", 0xe03e, A5, 8),
    ("c.swsp a5, 32(sp)", 0xd03e, A5, 4),
    ("c.sdsp a5, 32(sp)", 0xf03e, A5, 8),
    ("c.swsp a5, 4(sp)", 0xc23e, A5, 4),
    ("c.sb a5, 0(a4)", 0x8b1c, A5, 1),
    ("c.sh a5, 0(a4)", 0x8f1c, A5, 2),
];

/// What a hart tells of the instruction that faults.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Told {
    /// The instruction, transformed.
    Transformed,
    /// Nothing: the instruction is to be read.
    Nothing,
}

pub(super) const TOLD: [Told; 2] = [Told::Transformed, Told::Nothing];

/// Has the guest fault at `gpa` with an instruction.
pub(super) fn access(
    world: &mut World,
    told: Told,
    word: u32,
    exception: Exception,
    gpa: u64,
) -> Result<Stop, Errno> {
    let htinst = match told {
        Told::Transformed => transform(&isa::decode(word).expect("an instruction"), 0),
        Told::Nothing => {
            world.code(Ok(word));
            0
        }
    };
    world.exit(guest_page_fault(exception, gpa, htinst))
}

pub(super) fn load(length: u32) -> kvm::Exit {
    kvm::Exit::Mmio { address: DEVICE, length, stored: None }
}

pub(super) fn store(length: u32, value: u64) -> kvm::Exit {
    kvm::Exit::Mmio { address: DEVICE, length, stored: Some(value) }
}

fn size(word: u32) -> u64 {
    if word & 3 == 3 { 4 } else { 2 }
}

fn low_bytes(value: u64, length: u32) -> u64 {
    value & u64::MAX >> (64 - 8 * length)
}

#[test]
fn loads_extend_and_move_on_once() {
    for (name, word, rd, length, loaded) in LOADS {
        for told in TOLD {
            let mut world = World::guest(&[]);
            let exit = access(&mut world, told, word, Exception::LoadGuestPageFault, DEVICE);
            assert_eq!((exit, world.page().exit()), (EXITED, load(length)), "{name}, {told:?}");
            assert_eq!(world.vcpu.pc(), PC, "{name} has not retired");

            world.page().set_loaded(0xbfbf_bfbf_bfbf_bfbf);
            assert_eq!(world.go_on(), RESUMED);
            assert_eq!((world.x(rd), world.vcpu.pc()), (loaded, PC + size(word)), "{name}, {told:?}");
            world.page().set_loaded(1);
            assert_eq!(world.go_on(), RESUMED);
            assert_eq!((world.x(rd), world.vcpu.pc()), (loaded, PC + size(word)), "{name} is done once");
        }
    }
}

#[test]
fn positive_values_are_extended_by_zero() {
    for (name, word, rd, length, _) in LOADS {
        let mut world = World::guest(&[]);
        access(&mut world, Told::Transformed, word, Exception::LoadGuestPageFault, DEVICE).unwrap();
        world.page().set_loaded(0x7f7f_7f7f_7f7f_7f7f);
        world.go_on().unwrap();
        assert_eq!(world.x(rd), low_bytes(0x7f7f_7f7f_7f7f_7f7f, length), "{name}");
    }
}

#[test]
fn stores_carry_their_width_and_move_on() {
    for (name, word, rs2, length) in STORES {
        for told in TOLD {
            let mut world = World::guest(&[]);
            let value = low_bytes(world.x(rs2), length);
            let exit = access(&mut world, told, word, Exception::StoreGuestPageFault, DEVICE);
            assert_eq!((exit, world.page().exit()), (EXITED, store(length, value)), "{name}, {told:?}");
            assert_eq!(world.vcpu.pc(), PC);
            let before = world.vcpu.context.guest.x;
            world.page().set_loaded(0x1234);
            for _ in 0..2 {
                assert_eq!(world.go_on(), RESUMED);
                assert_eq!(world.vcpu.context.guest.x, before, "{name}");
                assert_eq!(world.vcpu.pc(), PC + size(word), "{name}");
            }
        }
    }
}

#[test]
fn a_load_into_x0_leaves_it_zero() {
    let mut world = World::guest(&[]);
    access(&mut world, Told::Transformed, 0x0007_3003, Exception::LoadGuestPageFault, DEVICE).unwrap();
    world.page().set_loaded(u64::MAX);
    world.go_on().unwrap();
    assert_eq!((world.x(0), world.vcpu.pc()), (0, PC + 4));
}

#[test]
fn the_low_bits_of_an_address_come_from_the_virtual_one() {
    for offset in 0..8 {
        let mut world = World::guest(&[]);
        let exception = Exception::StoreGuestPageFault;
        access(&mut world, Told::Transformed, 0x0057_0023, exception, DEVICE + offset).unwrap();
        let kvm::Exit::Mmio { address, .. } = world.page().exit() else { panic!("no access") };
        assert_eq!(address, DEVICE + offset);
    }
}

#[test]
fn an_answer_is_for_the_instruction_wherever_the_monitor_has_moved_the_guest() {
    let mut world = World::guest(&[]);
    access(&mut world, Told::Transformed, 0x0007_3283, Exception::LoadGuestPageFault, DEVICE).unwrap();
    let moved: u64 = 0x8030_0000;
    world.put();
    world.vcpu.set_one_reg(kvm::Register::PC, 0, &moved.to_le_bytes()).unwrap();
    world.load();
    world.page().set_loaded(55);
    assert_eq!(world.go_on(), RESUMED);
    assert_eq!((world.x(T0), world.vcpu.pc()), (55, moved + 4));
}

#[test]
fn a_store_that_is_waited_for_signals_and_does_not_exit() {
    for (value, signals) in [(None, true), (Some(u64::MAX / 5), true), (Some(1), false)] {
        for told in TOLD {
            let mut world = World::guest(&[]);
            let flags = if value.is_some() { IoEventFd::DATAMATCH } else { 0 };
            let datamatch = value.unwrap_or(0);
            let wanted = IoEventFd { datamatch, addr: DEVICE, len: 8, fd: 3, flags, padding: [0; 36] };
            world.vm.ioeventfd(&wanted, 77).unwrap();
            let exit = access(&mut world, told, 0x0057_3023, Exception::StoreGuestPageFault, DEVICE);
            assert_eq!(exit, if signals { RESUMED } else { EXITED });
            assert_eq!(world.host.take_signals(), if signals { vec![77] } else { vec![] });
            assert_eq!(world.vcpu.pc(), if signals { PC + 4 } else { PC });
            // Another width is another store.
            let mut narrow = World::guest(&[]);
            narrow.vm.ioeventfd(&wanted, 77).unwrap();
            let exit = access(&mut narrow, told, 0x0057_2023, Exception::StoreGuestPageFault, DEVICE);
            assert_eq!((exit, narrow.host.take_signals()), (EXITED, vec![]));
        }
    }
}

#[test]
fn misaligned_accesses_are_access_faults() {
    let loads = LOADS.map(|(name, word, _, length, _)| (name, word, length, Exception::LoadGuestPageFault));
    let stores = STORES.map(|(name, word, _, length)| (name, word, length, Exception::StoreGuestPageFault));
    for (name, word, length, exception) in loads.into_iter().chain(stores) {
        for offset in 1..u64::from(length) {
            let mut world = World::guest(&[]);
            let exit = access(&mut world, Told::Transformed, word, exception, DEVICE + offset);
            assert_eq!(exit, RESUMED, "{name}");
            world.assert_injected(access_fault(exception), DEVICE + offset + HIGH);
        }
    }
}

pub(super) fn access_fault(exception: Exception) -> Exception {
    match exception {
        Exception::StoreGuestPageFault => Exception::StoreAccessFault,
        Exception::LoadGuestPageFault => Exception::LoadAccessFault,
        _ => Exception::InstAccessFault,
    }
}

#[test]
fn what_is_no_access_of_a_device_is_an_access_fault() {
    let (load, store) = (Exception::LoadGuestPageFault, Exception::StoreGuestPageFault);
    for (name, word, exception) in [
        ("an undefined instruction", 0xffff_ffff, load),
        ("an undefined instruction", 0xffff_ffff, store),
        ("addi", 0x0010_0093, load),
        ("a load where the guest stored: it has changed its code since", 0x0007_0283, store),
        ("a store where the guest loaded", 0x0057_0023, load),
        ("cbo.zero (a4)", 0x0047_200f, store),
        ("amocas.q t0, a5, (a4)", 0x28f7_42af, store),
        ("hlv.w", 0x6807_42f3, load),
    ] {
        let mut world = World::guest(&[]);
        let exit = access(&mut world, Told::Nothing, word, exception, DEVICE);
        assert_eq!(exit, RESUMED, "{name}");
        world.assert_injected(access_fault(exception), DEVICE + HIGH);
    }
}

#[test]
fn a_value_of_htinst_that_says_nothing_is_taken_for_none() {
    // An undefined one, a custom one, and one that is too wide.
    for htinst in [0x13, 0x0000_000b, 1 << 40 | 0x3283] {
        let mut world = World::guest(&[]);
        world.code(Ok(0x0007_0283));
        let exit = world.exit(guest_page_fault(Exception::LoadGuestPageFault, DEVICE, htinst));
        assert_eq!((exit, world.page().exit()), (EXITED, load(1)), "{htinst:#x}");
    }
}
