//! Loads and stores of devices with floating-point registers.

use super::mmio::{TOLD, Told, access, load, store};
use super::*;

const DIRTY: u64 = 3;

fn guest() -> World {
    let mut world = World::guest(&[Ext::F, Ext::D, Ext::Zfh]);
    world.hart().float.f[5] = 0x1122_3344_5566_7788;
    world.hart().float.f[6] = 6;
    world
}

/// FS of both `sstatus`, which the guest's use of the registers sets.
fn status(world: &World) -> [u64; 2] {
    let own = sstatus::FS.get(world.vcpu.context.guest.sstatus);
    [own, vsstatus::FS.get(world.local.hart.csr(vsstatus::NUMBER))]
}

#[test]
fn loads_are_boxed_and_make_the_registers_dirty_for_both_worlds() {
    for (op, length, loaded) in [
        (Op::flh, 2, 0xffff_ffff_ffff_bfbf),
        (Op::flw, 4, 0xffff_ffff_bfbf_bfbf),
        (Op::fld, 8, 0xbfbf_bfbf_bfbf_bfbf),
    ] {
        for told in TOLD {
            let mut world = guest();
            let others = vsstatus::SUM.mask() | vsstatus::FS.of(1);
            world.hart().set_csr(vsstatus::NUMBER, others);
            let inst = word(op, 5, 14, 0, 0);
            let exit = access(&mut world, told, inst, Exception::LoadGuestPageFault, DEVICE);
            assert_eq!((exit, world.page().exit()), (EXITED, load(length)), "{op:?}");
            let x = world.vcpu.context.guest.x;
            world.page().set_loaded(0xbfbf_bfbf_bfbf_bfbf);
            assert_eq!(world.go_on(), RESUMED);
            assert_eq!(world.hart().float.f[5], loaded, "{op:?}, {told:?}");
            assert_eq!(world.hart().float.f[6], 6, "the others stay");
            assert_eq!(status(&world), [DIRTY; 2]);
            assert_eq!(world.local.hart.csr(vsstatus::NUMBER), others | vsstatus::FS.mask());
            assert_eq!((world.vcpu.context.guest.x, world.vcpu.pc()), (x, PC + 4));
        }
    }
}

#[test]
fn what_was_loaded_before_the_guest_ran_on_is_saved() {
    let mut world = guest();
    let inst = word(Op::fld, 5, 14, 0, 0);
    access(&mut world, Told::Nothing, inst, Exception::LoadGuestPageFault, DEVICE).unwrap();
    // The monitor's thread has given up the hart in between.
    world.put();
    world.hart().float.f[5] = 99;
    world.load();
    world.page().set_loaded(55);
    world.page().set_immediate_exit(true);
    assert_eq!(world.run(), Err(Errno::EINTR));
    world.put();
    assert_eq!(world.vcpu.float.f[5], 55);
    assert_eq!(world.hart().float.f[5], 99, "the host's register is the host's");
}

#[test]
fn stores_take_the_low_bits_and_leave_the_registers_clean() {
    for (op, length, value) in
        [(Op::fsh, 2, 0x7788), (Op::fsw, 4, 0x5566_7788), (Op::fsd, 8, 0x1122_3344_5566_7788)]
    {
        for told in TOLD {
            let mut world = guest();
            let before = status(&world);
            let inst = word(op, 0, 14, 5, 0);
            let exit = access(&mut world, told, inst, Exception::StoreGuestPageFault, DEVICE);
            assert_eq!((exit, world.page().exit()), (EXITED, store(length, value)), "{op:?}");
            assert_eq!(world.go_on(), RESUMED);
            assert_eq!((world.vcpu.pc(), status(&world)), (PC + 4, before));
        }
    }
}

#[test]
fn compressed_doubles_are_doubles() {
    // c.fld fa5, 0(a4) and c.fsd fa5, 0(a4)
    let mut world = guest();
    access(&mut world, Told::Transformed, 0x231c, Exception::LoadGuestPageFault, DEVICE).unwrap();
    world.page().set_loaded(77);
    world.go_on().unwrap();
    assert_eq!((world.hart().float.f[15], world.vcpu.pc()), (77, PC + 2));
    world.vcpu.context.guest.sepc = PC;
    access(&mut world, Told::Nothing, 0xa31c, Exception::StoreGuestPageFault, DEVICE).unwrap();
    assert_eq!(world.page().exit(), store(8, 77));
}
