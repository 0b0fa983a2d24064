//! Every number that there can be, and the rules of those that name a register.

use std::collections::BTreeSet;

use isa::cause::Interrupt;
use isa::ext::Ext;
use kvm::one_reg::{CSR_GENERAL, MULTI_DISABLE, MULTI_ENABLE, STATE_STA, TIMER_OFF, TIMER_ON, index};

use super::*;
use crate::fake::World;

const NOW: u64 = 5000;

fn world() -> World {
    World::new(1, 14, &[Ext::F, Ext::D, Ext::Sstc, Ext::Smstateen, Ext::Zicbom, Ext::Zicboz, Ext::Zicbop])
}

fn get(vcpu: &Vcpu, register: Register) -> Result<u64, Errno> {
    let mut value = [0; 8];
    vcpu.get_one_reg(register, NOW, &mut value[..register.size().min(8)])?;
    Ok(u64::from_le_bytes(value))
}

fn set(vcpu: &mut Vcpu, register: Register, value: u64) -> Result<(), Errno> {
    vcpu.set_one_reg(register, NOW, &value.to_le_bytes()[..register.size().min(8)])
}

/// Every number with a group and a part that there are or nearly are, and any size.
fn every_number() -> impl Iterator<Item = Register> {
    let places = (0..12_u64).flat_map(|group| (0..4_u64).map(move |part| group << 24 | part << 16));
    let places = places.flat_map(|place| (0..140_u64).map(move |index| place | index));
    places.flat_map(|place| (0..6_u64).map(move |size| Register(0x80 << 56 | size << 52 | place)))
}

#[test]
fn what_is_listed_can_be_read_and_written_back_at_any_time() {
    let mut world = world();
    let list = world.vcpu.reg_list();
    assert_eq!(list.iter().map(|register| register.0).collect::<BTreeSet<_>>().len(), list.len());
    for has_run in [false, true] {
        for register in &list {
            let value = get(&world.vcpu, *register).unwrap_or_else(|error| panic!("{register}: {error}"));
            assert_eq!(set(&mut world.vcpu, *register, value), Ok(()), "{register}, has run: {has_run}");
            assert_eq!(get(&world.vcpu, *register), Ok(value), "{register}");
        }
        world.load();
        world.put();
    }
}

#[test]
fn what_is_not_listed_is_not_there() {
    let world = world();
    let list: BTreeSet<u64> = world.vcpu.reg_list().iter().map(|register| register.0).collect();
    let sizeless = |register: Register| register.0 & !(0xf << 52);
    let known: BTreeSet<u64> = list.iter().map(|id| sizeless(Register(*id))).collect();
    for register in every_number().filter(|register| !list.contains(&register.0)) {
        let parts = register.decode();
        let is_multi = parts.is_some_and(|parts| {
            matches!(parts.group, Group::IsaExt | Group::SbiExt)
                && matches!(parts.subgroup, MULTI_ENABLE | MULTI_DISABLE)
        });
        let expected = get(&world.vcpu, register);
        if is_multi && expected.is_ok() {
            continue;
        }
        assert!(matches!(expected, Err(Errno::ENOENT | Errno::EINVAL)), "{:#x}: {expected:?}", register.0);
        if known.contains(&sizeless(register)) {
            assert_eq!(expected, Err(Errno::EINVAL), "{:#x} has another size", register.0);
        }
    }
    for id in [0, 0x6030_0000_0200_0000, 0x8030_0001_0200_0000, u64::MAX] {
        assert_eq!(get(&world.vcpu, Register(id)), Err(Errno::ENOENT), "{id:#x}");
    }
}

#[test]
fn a_buffer_of_another_size_is_refused() {
    let world = world();
    for length in [0, 4, 16] {
        let result = world.vcpu.get_one_reg(Register::PC, NOW, &mut vec![0; length]);
        assert_eq!(result, Err(Errno::EINVAL), "{length}");
    }
}

#[test]
fn random_numbers_and_values_harm_nothing() {
    let mut world = world();
    let mut state = 1_u64;
    let mut random = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state
    };
    for has_run in [false, true] {
        for register in every_number() {
            let _ = set(&mut world.vcpu, register, random());
            let _ = get(&world.vcpu, register);
        }
        if !has_run {
            world.load();
            world.put();
        }
    }
}

#[test]
fn what_a_guest_has_is_settled_by_its_first_run() {
    let mut world = world();
    let sstc = Register::isa_extension(kvm::extension::isa("sstc").unwrap());
    let zba = Register::isa_extension(kvm::extension::isa("m").unwrap());
    let h = Register::isa_extension(kvm::extension::isa("h").unwrap());
    let dbcn = Register::sbi_extension(kvm::extension::SBI_DBCN);
    let vendor = Register::config(index::config::MVENDORID);
    let vcpu = &mut world.vcpu;
    assert_eq!(set(vcpu, sstc, 0), Ok(()));
    assert_eq!(set(vcpu, sstc, 2), Err(Errno::EINVAL));
    assert_eq!(set(vcpu, zba, 0), Err(Errno::EINVAL), "multiplication has no switch");
    assert_eq!(set(vcpu, h, 1), Err(Errno::EINVAL), "nobody emulates a hypervisor extension");
    assert_eq!((set(vcpu, dbcn, 1), set(vcpu, vendor, 9)), (Ok(()), Ok(())));
    world.load();
    world.put();
    let vcpu = &mut world.vcpu;
    assert_eq!(vcpu.config.henvcfg & isa::csr::henvcfg::STCE.mask(), 0);
    assert_eq!((set(vcpu, sstc, 1), set(vcpu, sstc, 0)), (Err(Errno::EBUSY), Ok(())));
    assert_eq!((set(vcpu, dbcn, 0), set(vcpu, dbcn, 1)), (Err(Errno::EBUSY), Ok(())));
    assert_eq!((set(vcpu, vendor, 1), set(vcpu, vendor, 9)), (Err(Errno::EBUSY), Ok(())));
    assert_eq!(get(vcpu, vendor), Ok(9));
    let letters = get(vcpu, Register::ISA).unwrap();
    assert_eq!(set(vcpu, Register::ISA, letters & !1), Err(Errno::EBUSY));
    assert_eq!(set(vcpu, Register::ISA, 1 << 26), Err(Errno::EINVAL));
}

#[test]
fn letters_that_have_a_switch_are_taken_and_the_others_stay() {
    let mut world = world();
    let vcpu = &mut world.vcpu;
    let bit = |letter: u8| 1_u64 << (letter - b'a');
    let all = b"imafdc".iter().fold(0, |letters, letter| letters | bit(*letter));
    assert_eq!(get(vcpu, Register::ISA), Ok(all));
    assert_eq!(set(vcpu, Register::ISA, bit(b'v') | bit(b'h')), Ok(()));
    assert_eq!(get(vcpu, Register::ISA), Ok(all & !bit(b'f') & !bit(b'd')));
    assert_eq!(get(vcpu, Register::fp_d(0)), Err(Errno::ENOENT));
    assert_eq!(isa::csr::sstatus::FS.get(vcpu.context.guest.sstatus), 0, "the registers are off");
}

#[test]
fn many_extensions_are_set_at_once() {
    let mut world = world();
    let vcpu = &mut world.vcpu;
    let number = u64::from(kvm::extension::SBI_DBCN);
    let many = |part| Register(Register::sbi_extension(0).0 | u64::from(part) << 16);
    assert_eq!(set(vcpu, many(MULTI_ENABLE), 1 << number | 1 << 63), Ok(()));
    assert_eq!(get(vcpu, many(MULTI_ENABLE)).unwrap() >> number & 1, 1);
    assert_eq!(set(vcpu, many(MULTI_DISABLE), 1 << number), Ok(()));
    assert_eq!(get(vcpu, Register::sbi_extension(kvm::extension::SBI_DBCN)), Ok(0));
    assert_eq!(get(vcpu, many(MULTI_DISABLE)).unwrap() >> number & 1, 1);
    let isa = |part| Register(Register::isa_extension(0).0 | u64::from(part) << 16);
    let sstc = kvm::extension::isa("sstc").unwrap();
    assert_eq!(set(vcpu, isa(MULTI_DISABLE), 1 << sstc), Ok(()));
    assert_eq!(get(vcpu, isa(MULTI_ENABLE)).unwrap() >> sstc & 1, 0);
}

#[test]
fn pending_interrupts_are_written_over_whatever_was_under_way() {
    let mut world = world();
    let sip = Register::csr(CSR_GENERAL, index::csr::SIP);
    world.vcpu.shared.interrupts.set(Interrupt::Vsei);
    assert_eq!(get(&world.vcpu, sip), Ok(1 << 9));
    assert_eq!(set(&mut world.vcpu, sip, u64::MAX), Ok(()));
    assert_eq!(get(&world.vcpu, sip), Ok(1 << 9 | 1 << 5 | 1 << 1));
    assert_eq!(set(&mut world.vcpu, sip, 1 << 1), Ok(()));
    assert_eq!((get(&world.vcpu, sip), world.vcpu.vs.hvip), (Ok(1 << 1), 1 << 2));
    assert!(!world.vcpu.shared.interrupts.is_changed());
}

#[test]
fn the_timer_is_turned_on_as_it_was_set() {
    let mut world = world();
    let vcpu = &mut world.vcpu;
    let timer = |index| Register::timer(index);
    let (compare, state) = (timer(index::timer::COMPARE), timer(index::timer::STATE));
    assert_eq!(get(vcpu, state), Ok(TIMER_OFF));
    set(vcpu, compare, 700).unwrap();
    assert_eq!(get(vcpu, state), Ok(TIMER_OFF), "to be set is not to be on");
    set(vcpu, state, TIMER_ON).unwrap();
    assert_eq!((get(vcpu, compare), get(vcpu, state)), (Ok(700), Ok(TIMER_ON)));
    assert!(vcpu.timer.is_due(700) && !vcpu.timer.is_due(699));
    set(vcpu, state, TIMER_OFF).unwrap();
    assert_eq!((get(vcpu, compare), vcpu.timer.is_due(701)), (Ok(700), false));
    assert_eq!(set(vcpu, state, 2), Err(Errno::EINVAL));
    assert_eq!(set(vcpu, timer(index::timer::FREQUENCY), 1), Err(Errno::EINVAL));
    set(vcpu, timer(index::timer::TIME), 70).unwrap();
    assert_eq!(vcpu.vm.time_delta(), 70_u64.wrapping_sub(NOW), "the machine's clock is one");
}

#[test]
fn floating_point_registers_are_boxed_and_have_both_names() {
    let mut world = world();
    let vcpu = &mut world.vcpu;
    set(vcpu, Register::fp_f(3), 0x3f80_0000).unwrap();
    assert_eq!(get(vcpu, Register::fp_d(3)), Ok(0xffff_ffff_3f80_0000));
    set(vcpu, Register::fp_d(31), 7 << 32 | 5).unwrap();
    assert_eq!(get(vcpu, Register::fp_f(31)), Ok(5));
    set(vcpu, Register::fp_f(kvm::one_reg::FCSR), 0x1f).unwrap();
    assert_eq!(get(vcpu, Register::fp_d(kvm::one_reg::FCSR)), Ok(0x1f));
}

#[test]
fn a_mode_is_what_the_guest_goes_on_in() {
    use isa::csr::{hstatus, sstatus};
    let mut world = world();
    let mode = Register::core(index::core::MODE);
    let vcpu = &mut world.vcpu;
    assert_eq!(get(vcpu, mode), Ok(1));
    set(vcpu, mode, 0).unwrap();
    assert!(!sstatus::SPP.is_set(vcpu.context.guest.sstatus) && !hstatus::SPVP.is_set(vcpu.around.hstatus));
    assert_eq!(set(vcpu, mode, 2), Err(Errno::EINVAL));
    assert_eq!((set(vcpu, Register::A0, 9), vcpu.context.guest.get(10)), (Ok(()), 9));
}

#[test]
fn a_record_of_stolen_time_is_aligned_and_is_not_there_without_the_extension() {
    let mut world = world();
    let vcpu = &mut world.vcpu;
    let (low, high) = (index::sta::SHMEM_LO, index::sta::SHMEM_HI);
    let record = |index| Register::sbi_state(STATE_STA, index);
    assert_eq!(set(vcpu, record(low), 0x8000_0020), Err(Errno::EINVAL));
    assert_eq!(set(vcpu, record(low), 0x8000_0040), Ok(()));
    assert_eq!((get(vcpu, record(low)), get(vcpu, record(high))), (Ok(0x8000_0040), Ok(0)));
    assert_eq!(set(vcpu, record(high), 1), Err(Errno::EINVAL));
    assert_eq!((set(vcpu, record(low), u64::MAX), vcpu.stolen.record), (Ok(()), None));
    set(vcpu, Register::sbi_extension(kvm::extension::sbi("sta").unwrap()), 0).unwrap();
    assert_eq!(get(vcpu, record(low)), Err(Errno::ENOENT));
}
