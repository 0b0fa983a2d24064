//! CSRs that a guest reaches by way of the hypervisor.

use isa::csr::{cycle, hpmcounter3, instret, seed, time};

use super::*;

const COUNTERS: &[Ext] = &[Ext::Zihpm];
/// The last counter.
const HPMCOUNTER31: u16 = hpmcounter3::NUMBER + 28;

fn csrr(number: u16) -> u32 {
    word(Op::csrrs, 5, 0, 0, number.into())
}

fn access(world: &mut World, inst: u32) -> Result<Stop, Errno> {
    world.exit(trap(Exception::VirtualInst, inst.into()))
}

#[track_caller]
fn assert_illegal(mut world: World, inst: u32) {
    let before = world.vcpu.context.guest.x;
    assert_eq!(access(&mut world, inst), RESUMED);
    world.assert_injected(Exception::IllegalInst, inst.into());
    assert_eq!(world.vcpu.context.guest.x, before);
}

#[test]
fn counters_that_nobody_counts_are_zero() {
    for number in [cycle::NUMBER, instret::NUMBER, hpmcounter3::NUMBER, HPMCOUNTER31] {
        let mut world = World::guest(COUNTERS);
        assert_eq!(access(&mut world, csrr(number)), RESUMED);
        assert_eq!((world.x(5), world.vcpu.pc()), (0, PC + 4), "{number:#x}");
    }
}

#[test]
fn the_time_is_the_guests() {
    let mut world = World::guest(COUNTERS);
    assert_eq!(access(&mut world, csrr(time::NUMBER)), RESUMED);
    assert_eq!((world.x(5), world.vcpu.pc()), (100, PC + 4), "its clock is 900 behind");
}

#[test]
fn every_form_that_does_not_write_reads() {
    for op in [Op::csrrs, Op::csrrc, Op::csrrsi, Op::csrrci] {
        let mut world = World::guest(COUNTERS);
        let inst = word(op, 5, 0, 0, time::NUMBER.into());
        assert_eq!(access(&mut world, inst), RESUMED);
        assert_eq!((world.x(5), world.vcpu.pc()), (100, PC + 4), "{op:?}");
    }
}

#[test]
fn counters_cannot_be_written() {
    for op in [Op::csrrw, Op::csrrs, Op::csrrc, Op::csrrwi, Op::csrrsi, Op::csrrci] {
        assert_illegal(World::guest(COUNTERS), word(op, 5, 6, 0, cycle::NUMBER.into()));
    }
    for op in [Op::csrrw, Op::csrrwi] {
        assert_illegal(World::guest(COUNTERS), word(op, 5, 0, 0, cycle::NUMBER.into()));
    }
}

#[test]
fn without_the_extension_there_are_no_counters() {
    for number in [hpmcounter3::NUMBER, HPMCOUNTER31] {
        assert_illegal(World::guest(&[]), csrr(number));
    }
    // Next to the counters there is nothing.
    for number in [cycle::NUMBER - 1, HPMCOUNTER31 + 1, 0x600, 0x200] {
        assert_illegal(World::guest(COUNTERS), csrr(number));
    }
}

#[test]
fn the_guests_kernel_says_which_counters_its_programs_have() {
    for number in [cycle::NUMBER, time::NUMBER, instret::NUMBER, HPMCOUNTER31] {
        let bit = number - cycle::NUMBER;
        let mut world = World::guest(COUNTERS).in_user_mode();
        world.vcpu.around.scounteren = 1 << bit;
        assert_eq!(access(&mut world, csrr(number)), RESUMED);
        assert_eq!(world.vcpu.pc(), PC + 4, "{number:#x}");

        let mut world = World::guest(COUNTERS).in_user_mode();
        world.vcpu.around.scounteren = !(1 << bit);
        assert_illegal(world, csrr(number));
    }
}

#[test]
fn user_space_gives_the_seed_once() {
    for (op, value, mask) in [
        (Op::csrrw, u64::MAX / 6, u64::MAX),
        (Op::csrrs, u64::MAX / 6, u64::MAX / 6),
        (Op::csrrc, 0, u64::MAX / 6),
        (Op::csrrwi, 6, u64::MAX),
        (Op::csrrsi, 6, 6),
        (Op::csrrci, 0, 6),
    ] {
        let mut world = World::guest(&[Ext::Zkr]);
        let inst = word(op, 5, 6, 0, seed::NUMBER.into());
        assert_eq!(access(&mut world, inst), EXITED);
        let number = seed::NUMBER.into();
        assert_eq!(
            world.page().exit(),
            kvm::Exit::Csr { number, new_value: value, write_mask: mask },
            "{op:?}"
        );
        assert_eq!(world.vcpu.pc(), PC);
        world.page().set_csr_return(0x8000_1234);
        assert_eq!(world.go_on(), RESUMED);
        assert_eq!((world.x(5), world.vcpu.pc()), (0x8000_1234, PC + 4));
        world.page().set_csr_return(1);
        assert_eq!(world.go_on(), RESUMED);
        assert_eq!((world.x(5), world.vcpu.pc()), (0x8000_1234, PC + 4), "once");
    }
}

#[test]
fn a_write_of_register_0_is_a_write_of_zero() {
    let mut world = World::guest(&[Ext::Zkr]);
    access(&mut world, word(Op::csrrw, 0, 0, 0, seed::NUMBER.into())).unwrap();
    let number = seed::NUMBER.into();
    assert_eq!(world.page().exit(), kvm::Exit::Csr { number, new_value: 0, write_mask: u64::MAX });
    world.page().set_csr_return(7);
    world.go_on().unwrap();
    assert_eq!((world.x(0), world.vcpu.pc()), (0, PC + 4));
}

#[test]
fn without_zkr_there_is_no_seed() {
    assert_illegal(World::guest(&[]), word(Op::csrrw, 5, 0, 0, seed::NUMBER.into()));
}

#[test]
fn the_seed_is_the_kernels_and_must_be_written() {
    for op in [Op::csrrs, Op::csrrc, Op::csrrsi, Op::csrrci] {
        assert_illegal(World::guest(&[Ext::Zkr]), word(op, 5, 0, 0, seed::NUMBER.into()));
    }
    let mut world = World::guest(&[Ext::Zkr]);
    let guest = &mut world.vcpu.context.guest;
    guest.sstatus = isa::csr::sstatus::SPP.set(guest.sstatus, 0);
    let inst = word(Op::csrrw, 5, 0, 0, seed::NUMBER.into());
    assert_eq!(access(&mut world, inst), RESUMED);
    assert_eq!(world.vcpu.pc(), HANDLER);
}

#[test]
fn to_write_no_bits_of_a_counter_is_to_write_it() {
    for (op, rs1) in [(Op::csrrs, 7), (Op::csrrc, 7)] {
        let mut world = World::guest(COUNTERS);
        world.vcpu.context.guest.set(7, 0);
        assert_illegal(world, word(op, 5, rs1, 0, cycle::NUMBER.into()));
    }
}
