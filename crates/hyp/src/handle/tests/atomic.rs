//! Atomics on devices: a load and a store, as user space sees them.

use kvm::ioctl::IoEventFd;

use super::mmio::{TOLD, Told, access, load, store};
use super::*;

const STORE: Exception = Exception::StoreGuestPageFault;

/// Starts `op` with `t0` as destination and `a5` as operand, and answers its load with `old`.
fn begin(world: &mut World, told: Told, op: Op, length: u32, old: u64) -> Result<Stop, Errno> {
    let exit = access(world, told, word(op, 5, 14, 15, 0), STORE, DEVICE);
    assert_eq!((exit, world.page().exit()), (EXITED, load(length)), "{op:?}");
    assert_eq!(world.vcpu.pc(), PC);
    world.page().set_loaded(old);
    world.go_on()
}

#[test]
fn an_atomic_loads_and_then_stores_and_then_has_its_old_value() {
    let old = 0xbfbf_bfbf_8000_0001;
    for (op, length, stored, loaded) in [
        (Op::amoadd_w, 4, 0x8000_0006, 0xffff_ffff_8000_0001),
        (Op::amoadd_d, 8, 0xbfbf_bfbf_8000_0006, old),
        (Op::amoswap_w, 4, 5, 0xffff_ffff_8000_0001),
        (Op::amoor_d, 8, 0xbfbf_bfbf_8000_0005, old),
        (Op::amomax_w, 4, 5, 0xffff_ffff_8000_0001),
        (Op::amomaxu_w, 4, 0x8000_0001, 0xffff_ffff_8000_0001),
        (Op::amoadd_b, 1, 6, 1),
        (Op::amoadd_h, 2, 6, 1),
    ] {
        for told in TOLD {
            let mut world = World::guest(&[Ext::Zabha]);
            world.vcpu.context.guest.set(15, 5);
            let before = world.x(5);
            assert_eq!(begin(&mut world, told, op, length, old), EXITED);
            assert_eq!(world.page().exit(), store(length, stored), "{op:?}");
            assert_eq!((world.x(5), world.vcpu.pc()), (before, PC), "{op:?} is not done");
            for _ in 0..2 {
                world.page().set_loaded(0x4444);
                assert_eq!(world.go_on(), RESUMED);
                assert_eq!((world.x(5), world.vcpu.pc()), (loaded, PC + 4), "{op:?} is done, once");
            }
        }
    }
}

#[test]
fn a_compare_and_swap_that_fails_stores_nothing() {
    for (expected, swaps) in [(0x8000_0001, true), (7, false)] {
        let mut world = World::guest(&[Ext::Zacas]);
        world.vcpu.context.guest.set(5, expected);
        world.vcpu.context.guest.set(15, 9);
        let next = begin(&mut world, Told::Nothing, Op::amocas_w, 4, 0x8000_0001);
        assert_eq!(next, if swaps { EXITED } else { RESUMED });
        if swaps {
            assert_eq!(world.page().exit(), store(4, 9));
            world.go_on().unwrap();
        }
        assert_eq!((world.x(5), world.vcpu.pc()), (0xffff_ffff_8000_0001, PC + 4));
    }
}

#[test]
fn the_store_of_an_atomic_can_be_waited_for() {
    let mut world = World::guest(&[]);
    let wanted = IoEventFd { datamatch: 0, addr: DEVICE, len: 4, fd: 3, flags: 0, padding: [0; 36] };
    world.vm.ioeventfd(&wanted, 77).unwrap();
    assert_eq!(begin(&mut world, Told::Nothing, Op::amoswap_w, 4, 3), RESUMED);
    assert_eq!(world.host.take_signals(), [77]);
    assert_eq!((world.x(5), world.vcpu.pc()), (3, PC + 4));
}

#[test]
fn an_immediate_exit_between_load_and_store_loses_neither() {
    let mut world = World::guest(&[]);
    world.vcpu.context.guest.set(15, 5);
    access(&mut world, Told::Nothing, word(Op::amoadd_w, 5, 14, 15, 0), STORE, DEVICE).unwrap();
    world.page().set_loaded(3);
    world.page().set_immediate_exit(true);
    assert_eq!(world.run(), EXITED, "the store is another exit");
    assert_eq!(world.page().exit(), store(4, 8));
    assert_eq!(world.run(), Err(Errno::EINTR));
    assert_eq!((world.x(5), world.vcpu.pc()), (3, PC + 4));
}

#[test]
fn an_atomic_is_aligned() {
    let mut world = World::guest(&[]);
    let amoadd = word(Op::amoadd_d, 5, 14, 15, 0);
    assert_eq!(access(&mut world, Told::Transformed, amoadd, STORE, DEVICE + 4), RESUMED);
    world.assert_injected(Exception::StoreAccessFault, DEVICE + 4 + HIGH);
}

#[test]
fn devices_have_no_reservations() {
    for (op, exception, fault) in [
        (Op::lr_w, Exception::LoadGuestPageFault, Exception::LoadAccessFault),
        (Op::lr_d, Exception::LoadGuestPageFault, Exception::LoadAccessFault),
        (Op::sc_w, STORE, Exception::StoreAccessFault),
        (Op::sc_d, STORE, Exception::StoreAccessFault),
    ] {
        for told in TOLD {
            let mut world = World::guest(&[]);
            let rs2 = if matches!(op, Op::lr_w | Op::lr_d) { 0 } else { 15 };
            let exit = access(&mut world, told, word(op, 5, 14, rs2, 0), exception, DEVICE);
            assert_eq!(exit, RESUMED, "{op:?}, {told:?}");
            world.assert_injected(fault, DEVICE + HIGH);
        }
    }
}
