//! SBI calls, by number as the guest makes them.

mod harts;
mod legacy;
mod stolen;

use std::sync::Arc;

use isa::cause::{Exception, Interrupt};
use isa::csr::{vscause, vsepc, vstval, vstvec};
use kvm::extension;
use kvm::run::SystemEvent;

use super::*;
use crate::extensions::sbi_number;
use crate::fake::{Event, World};
use crate::vcpu::Shared;

/// Where the guest's call is.
const PC: u64 = 0x8020_0000;
const DENIED: i64 = -4;

/// Runs on: what a run says of a guest that would.
const RESUMED: Result<Stop, Errno> = Ok(Stop::Interrupt);
const EXITED: Result<Stop, Errno> = Ok(Stop::Exit);

const ECALL: Trap = Trap { scause: 10, stval: 0, htval: 0, htinst: 0 };

impl World {
    /// A loaded guest, beside whose virtual hart there are `others`, all started.
    fn with_harts(others: &[usize]) -> (World, Vec<Arc<Shared>>) {
        let mut world = World::usual();
        world.load();
        let others: Vec<_> =
            others.iter().map(|number| world.vm.create_vcpu(*number).unwrap().shared().clone()).collect();
        for other in &others {
            other.start(&world.host, PC, 0);
            other.requests.clear();
        }
        world.host.take_wakes();
        (world, others)
    }

    /// Gives the guest an extension of the SBI, or takes it away.
    fn set_extension(&mut self, name: &str, enabled: bool) {
        self.vcpu.sbi.set(sbi_number(name), enabled);
    }

    fn call(&mut self, extension: u64, function: u64, arguments: &[u64]) -> Result<Stop, Errno> {
        let guest = &mut self.vcpu.context.guest;
        guest.sepc = PC;
        for register in 10..16 {
            guest.set(register, 0x1111 * u64::from(register));
        }
        for (register, argument) in (10..).zip(arguments) {
            guest.set(register, *argument);
        }
        guest.set(16, function);
        guest.set(17, extension);
        self.exit(ECALL)
    }

    /// What the guest finds in a0 and a1 after its call.
    fn returned(&self) -> (i64, u64) {
        let guest = &self.vcpu.context.guest;
        (guest.get(10) as i64, guest.get(11))
    }

    /// Asserts that a call returns this error and value, and changes nothing else.
    #[track_caller]
    fn check(&mut self, extension: u64, function: u64, arguments: &[u64], error: i64, value: u64) {
        let what = format!("{extension:#x} {function} {arguments:x?}");
        assert_eq!(self.call(extension, function, arguments), RESUMED, "{what}");
        assert_eq!(self.returned(), (error, value), "{what}");
        assert_eq!(self.vcpu.pc(), PC + 4, "{what}");
        assert_eq!(self.vcpu.context.guest.get(17), extension);
    }
}

/// Extensions of KVM's names by the numbers that guests call.
const NAMES: [(&str, u64); 11] = [
    ("v01", 0),
    ("time", TIME),
    ("ipi", IPI),
    ("rfence", RFENCE),
    ("srst", RESET),
    ("hsm", HSM),
    ("experimental", 0x0800_0000),
    ("vendor", 0x0900_0000),
    ("dbcn", DEBUG_CONSOLE),
    ("sta", STA),
    ("susp", SUSPEND),
];

#[test]
fn base_tells_what_this_is() {
    let mut world = World::with_harts(&[]).0;
    for (function, value) in [(0, 2 << 24), (1, 0x0068_7970), (2, 1), (4, 1), (5, 2), (6, 3)] {
        world.check(BASE, function, &[], 0, value);
    }
    for function in [7, 8, u64::MAX] {
        world.check(BASE, function, &[], NOT_SUPPORTED, 0);
    }
}

#[test]
fn base_tells_which_extensions_there_are() {
    let mut world = World::with_harts(&[]).0;
    world.check(BASE, 3, &[BASE], 0, 1);
    for (name, number) in NAMES {
        for enabled in [true, false] {
            world.set_extension(name, enabled);
            world.check(BASE, 3, &[number], 0, enabled.into());
        }
    }
    for number in [0x0050_4d55, 0x4657_4654, 0x4d50_5859, 0x11, 0x0a00_0000, 1 << 32 | BASE, u64::MAX] {
        world.check(BASE, 3, &[number], 0, 0);
    }
}

#[test]
fn extensions_are_ranges_where_the_specification_says_so() {
    let mut world = World::with_harts(&[]).0;
    for number in [0xf, 0x0800_0000, 0x08ff_ffff, 0x0900_0000, 0x09ff_ffff] {
        world.check(BASE, 3, &[number], 0, 1);
    }
}

#[test]
fn every_extension_of_kvms_is_answered_or_never_available() {
    let names: Vec<_> = NAMES.iter().map(|(name, _)| *name).collect();
    for (number, name) in extension::SBI.iter().enumerate() {
        let status = World::usual().vcpu.sbi.status(number as u16);
        assert_eq!(status == Status::Unavailable, !names.contains(name), "{name}");
    }
}

#[test]
fn what_is_turned_off_or_unknown_is_not_supported() {
    let mut world = World::with_harts(&[]).0;
    for (name, number) in NAMES {
        world.set_extension(name, false);
        world.check(number, 0, &[], NOT_SUPPORTED, 0);
    }
    for number in [0x0050_4d55, 0x4657_4654, 0x11, 1 << 32 | TIME, u64::MAX] {
        for function in [0, u64::MAX] {
            world.check(number, function, &[u64::MAX; 6], NOT_SUPPORTED, 0);
        }
    }
}

#[test]
fn functions_that_an_extension_does_not_have_are_not_supported() {
    let mut world = World::with_harts(&[1]).0;
    world.set_extension("susp", true);
    for (number, first) in [(TIME, 1), (IPI, 1), (RFENCE, 7), (RESET, 1), (HSM, 4), (STA, 1), (SUSPEND, 1)] {
        for function in [first, first + 1, 1 << 32, u64::MAX] {
            world.check(number, function, &[0, 0], NOT_SUPPORTED, 0);
        }
    }
}

#[test]
fn a_guest_has_no_guests_whose_translations_it_could_forget() {
    let mut world = World::with_harts(&[1]).0;
    for function in 3..7 {
        world.check(RFENCE, function, &[1, 0, 0, 0, 0], NOT_SUPPORTED, 0);
    }
}

#[test]
fn the_timer_is_set_in_the_guests_time_and_its_interrupt_withdrawn() {
    let mut world = World::with_harts(&[]).0;
    world.vcpu.shared.interrupts.set(Interrupt::Vsti);
    world.check(TIME, 0, &[500], 0, 0);
    assert_eq!(world.vcpu.shared.interrupts.pending(), 0);
    assert!(world.vcpu.timer.is_due(500) && !world.vcpu.timer.is_due(499));
    assert!(world.take_events().contains(&Event::Alarm(1400)));
    world.check(TIME, 0, &[u64::MAX], 0, 0);
    assert!(!world.vcpu.timer.is_on());
}

#[test]
fn resets_are_said_in_32_bits_and_stop_every_virtual_hart() {
    let high = 0xdead_0000_0000;
    for (kind, reason, event, data) in [
        (0, 0, SystemEvent::Shutdown, 0),
        (high, 1, SystemEvent::Shutdown, 1),
        (1, 0, SystemEvent::Reset, 0),
        (high | 2, high | 0xe000_0001, SystemEvent::Reset, 0xe000_0001),
    ] {
        let (mut world, others) = World::with_harts(&[1, 2, 70]);
        assert_eq!(world.call(RESET, 0, &[kind, reason]), EXITED);
        assert_eq!(world.page().exit(), Exit::SystemEvent { event, data });
        assert!(!world.vcpu.shared.is_on() && others.iter().all(|other| !other.is_on()));
        assert_eq!(world.host.take_wakes(), [0, 1, 2, 70]);
        assert_eq!(world.go_on(), Ok(Stop::Blocked), "nothing runs any more");
    }
}

#[test]
fn resets_of_no_kind_are_refused() {
    let (mut world, others) = World::with_harts(&[1]);
    for kind in [3, 0xefff_ffff, 0xf000_0000, 0xffff_ffff] {
        world.check(RESET, 0, &[kind, 0], INVALID_PARAM, 0);
    }
    assert!(world.vcpu.shared.is_on() && others[0].is_on());
}

#[test]
fn a_machine_is_suspended_by_user_space_where_no_other_hart_runs() {
    let (mut world, others) = World::with_harts(&[1]);
    world.set_extension("susp", true);
    world.check(SUSPEND, 0, &[0, PC, 7], DENIED, 0);
    for kind in [1, 0x7fff_ffff, 0x8000_0000] {
        world.check(SUSPEND, 0, &[kind, PC, 7], INVALID_PARAM, 0);
    }
    others[0].stop();
    for kind in [0, 1 << 32] {
        assert_eq!(world.call(SUSPEND, 0, &[kind, PC, 7]), EXITED);
        let args = [kind, PC, 7, 0x1111 * 13, 0x1111 * 14, 0x1111 * 15];
        assert_eq!(world.page().exit(), Exit::Sbi { extension: SUSPEND, function: 0, args });
        world.page().set_sbi_return([-1_i64 as u64, 0]);
        world.go_on().unwrap();
        assert_eq!(world.returned(), (-1, 0));
    }
}

#[test]
fn calls_of_user_space_go_there_with_all_they_have_and_are_answered_once() {
    let mut world = World::with_harts(&[]).0;
    world.set_extension("dbcn", true);
    for (extension, function) in [
        (DEBUG_CONSOLE, 0),
        (DEBUG_CONSOLE, 1),
        (DEBUG_CONSOLE, 2),
        (DEBUG_CONSOLE, 3),
        (0x0800_0000, 9),
        (0x09ff_ffff, u64::MAX),
    ] {
        let args = [1, 2, 3, 4, 5, u64::MAX];
        assert_eq!(world.call(extension, function, &args), EXITED);
        assert_eq!(world.page().exit(), Exit::Sbi { extension, function, args });
        assert_eq!(world.vcpu.pc(), PC);
        world.page().set_sbi_return([-3_i64 as u64, 77]);
        for _ in 0..2 {
            assert_eq!(world.go_on(), RESUMED);
            assert_eq!((world.returned(), world.vcpu.pc()), ((-3, 77), PC + 4));
            world.page().set_sbi_return([1, 1]);
        }
    }
}

#[test]
fn what_user_space_does_not_answer_is_not_supported() {
    let mut world = World::with_harts(&[]).0;
    // What it has answered to the call before does not count.
    world.call(0x0900_0000, 0, &[]).unwrap();
    world.page().set_sbi_return([0, 55]);
    world.go_on().unwrap();
    for extension in [0x0900_0000, 0x0800_0000] {
        assert_eq!(world.call(extension, 0, &[]), EXITED);
        world.go_on().unwrap();
        assert_eq!((world.returned(), world.vcpu.pc()), ((NOT_SUPPORTED, 0), PC + 4));
    }
}
