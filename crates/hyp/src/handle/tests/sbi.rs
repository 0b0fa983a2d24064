//! SBI calls, by number as the guest makes them.

use super::super::Reset;
use super::*;

const NOT_SUPPORTED: u64 = -2i64 as u64;
const INVALID_PARAM: u64 = -3i64 as u64;
const TIME: u64 = 0x5449_4d45;
const SRST: u64 = 0x5352_5354;
const DBCN: u64 = 0x4442_434e;

/// The world after a call of `function` of `extension`, with what the handler said.
fn call(extension: u64, function: u64, arguments: [u64; 3]) -> (World, Outcome) {
    let mut world = World::new();
    let guest = &mut world.vcpu.context.guest;
    for (register, value) in (10..).zip(arguments) {
        guest.set(register, value);
    }
    guest.set(16, function);
    guest.set(17, extension);
    let trap = Trap { scause: Exception::EcallVs as u64, ..Trap::default() };
    let outcome = world.handle(trap).unwrap();
    (world, outcome)
}

/// Asserts that the call returned this error and value.
fn check(extension: u64, function: u64, arguments: [u64; 3], error: u64, value: u64) {
    let (world, outcome) = call(extension, function, arguments);
    assert_eq!(outcome, Outcome::Resume);
    let guest = &world.vcpu.context.guest;
    let what = format!("{extension:#x} {function} {arguments:x?}");
    assert_eq!((guest.get(10), guest.get(11)), (error, value), "{what}");
    assert_eq!(world.vcpu.pc(), PC + 4, "{what}");
}

#[test]
fn base_tells_what_there_is() {
    check(0x10, 0, [0; 3], 0, 2 << 24);
    for extension in [0, 1, 2, 3, 8, 0x10, TIME, SRST, DBCN] {
        check(0x10, 3, [extension, 0, 0], 0, 1);
    }
    for extension in [4, 5, 6, 7, 9, 0x48_534d, 0xffff_ffff_0000_0010] {
        check(0x10, 3, [extension, 0, 0], 0, 0);
    }
    check(0x10, 7, [0; 3], NOT_SUPPORTED, 0);
}

#[test]
fn unknown_calls_are_not_supported() {
    check(0x48_534d, 0, [0; 3], NOT_SUPPORTED, 0);
    check(TIME, 1, [0; 3], NOT_SUPPORTED, 0);
    check(SRST, 1, [0; 3], NOT_SUPPORTED, 0);
    check(DBCN, 3, [0; 3], NOT_SUPPORTED, 0);
    check(u64::MAX, u64::MAX, [u64::MAX; 3], NOT_SUPPORTED, 0);
}

#[test]
fn both_calls_set_the_timer() {
    for (extension, legacy) in [(TIME, false), (0, true)] {
        let (world, outcome) = call(extension, 0, [500, 0x1234, 0]);
        assert_eq!(outcome, Outcome::Resume);
        assert!(world.vcpu.timer.is_due(500) && !world.vcpu.timer.is_due(499));
        assert_eq!(world.vcpu.context.guest.get(10), 0);
        assert_eq!(world.vcpu.context.guest.get(11), if legacy { 0x1234 } else { 0 });
    }
}

#[test]
fn calls_of_version_0_1_return_in_a0_alone() {
    for (extension, outcome) in [
        (1, Outcome::WriteByte(b'x')),
        (2, Outcome::ReadByte),
        (8, Outcome::Reset(Reset { reboot: false, failure: false })),
    ] {
        let (mut world, asked) = call(extension, 9, [0x100 | u64::from(b'x'), 0x1234, 0]);
        assert_eq!(asked, outcome);
        assert_eq!(world.vcpu.pc(), PC);
        world.vcpu.complete(u64::MAX);
        assert_eq!(world.vcpu.context.guest.get(10), u64::MAX);
        assert_eq!(world.vcpu.context.guest.get(11), 0x1234);
        assert_eq!(world.vcpu.pc(), PC + 4);
    }
    for extension in [4, 5, 6, 7, 9, 15] {
        check(extension, 0, [0, 0x1234, 0], NOT_SUPPORTED, 0x1234);
    }
}

#[test]
fn clear_ipi_withdraws_the_software_interrupt() {
    let mut world = World::new();
    world.vcpu.interrupts.set(isa::cause::Interrupt::Vssi);
    world.vcpu.context.guest.set(17, 3);
    let trap = Trap { scause: Exception::EcallVs as u64, ..Trap::default() };
    assert_eq!(world.handle(trap), Ok(Outcome::Resume));
    assert_eq!(world.vcpu.interrupts.pending(), 0);
}

#[test]
fn resets_say_what_is_wanted() {
    for (kind, reason, reset) in [
        (0, 0, Reset { reboot: false, failure: false }),
        (0, 1, Reset { reboot: false, failure: true }),
        (1, 0, Reset { reboot: true, failure: false }),
        (0xdead_0000_0002, 0, Reset { reboot: true, failure: false }),
    ] {
        assert_eq!(call(SRST, 0, [kind, reason, 0]).1, Outcome::Reset(reset));
    }
    check(SRST, 0, [3, 0, 0], INVALID_PARAM, 0);
    check(SRST, 0, [0, 2, 0], INVALID_PARAM, 0);
}

#[test]
fn console_memory_must_be_the_guests_ram() {
    let (mut world, outcome) = call(DBCN, 0, [5, 0x80ff_fffb, 0]);
    assert_eq!(outcome, Outcome::Write { address: Gpa(0x80ff_fffb), length: 5 });
    world.vcpu.complete(3);
    assert_eq!((world.vcpu.context.guest.get(10), world.vcpu.context.guest.get(11)), (0, 3));
    let (_, outcome) = call(DBCN, 1, [0x100_0000, 0x8000_0000, 0]);
    assert_eq!(outcome, Outcome::Read { address: Gpa(0x8000_0000), length: 0x100_0000 });
    assert_eq!(call(DBCN, 2, [0x141, 0, 0]).1, Outcome::WriteByte(b'A'));

    for [length, low, high] in [
        [6, 0x80ff_fffb, 0],
        [1, 0x7fff_ffff, 0],
        [u64::MAX, 0x8000_0000, 0],
        [0x8000_0001, u64::MAX - 0x7fff_ffff, 0],
        [1, 0x8000_0000, 1],
    ] {
        check(DBCN, 0, [length, low, high], INVALID_PARAM, 0);
        check(DBCN, 1, [length, low, high], INVALID_PARAM, 0);
    }
}
