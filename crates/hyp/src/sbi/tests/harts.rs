//! Calls about other virtual harts: masks, interrupts, fences, states.

use super::*;
use crate::addr::Gva;
use crate::fence::Fence;
use crate::request::Request;

const VSSI: u64 = Interrupt::Vssi.bit();

/// Who of the others has a software interrupt, which is withdrawn.
fn interrupted(others: &[Arc<Shared>]) -> Vec<usize> {
    let has = |other: &&Arc<Shared>| other.interrupts.pending() & VSSI != 0;
    let numbers = others.iter().filter(has).map(|other| other.number()).collect();
    others.iter().for_each(|other| other.interrupts.unset(Interrupt::Vssi));
    numbers
}

#[test]
fn a_mask_says_who_from_its_base_on() {
    let (mut world, others) = World::with_harts(&[1, 2, 3, 63, 64, 65, 127]);
    for (mask, base, meant) in [
        (0b1110, 0, vec![1, 2, 3]),
        (0b111, 1, vec![1, 2, 3]),
        (1, 3, vec![3]),
        (1 << 63, 0, vec![63]),
        (1 << 63, 64, vec![127]),
        (0b11, 64, vec![64, 65]),
        (0b111, 63, vec![63, 64, 65]),
        (0, 0, vec![]),
        (0, 500, vec![]),
    ] {
        world.check(IPI, 0, &[mask, base], 0, 0);
        assert_eq!(interrupted(&others), meant, "{mask:#x} from {base}");
        assert_eq!(world.host.take_wakes(), meant);
    }
}

#[test]
fn a_base_of_all_ones_is_everybody_whatever_the_mask() {
    let (mut world, others) = World::with_harts(&[1, 2, 64, 900]);
    for mask in [0, 1, u64::MAX] {
        world.check(IPI, 0, &[mask, u64::MAX], 0, 0);
        assert_eq!(interrupted(&others), [1, 2, 64, 900]);
        assert_eq!(world.vcpu.shared.interrupts.pending(), VSSI, "the caller is one of them");
    }
}

#[test]
fn a_mask_with_a_hart_that_does_not_exist_does_nothing() {
    let (mut world, others) = World::with_harts(&[1, 2, 64]);
    for (mask, base) in [
        (0b1110, 0),
        (1 << 3, 0),
        (u64::MAX, 0),
        (0b11, 64),
        (1, 1 << 32),
        (1, u64::MAX - 1),
        (1 << 63, u64::MAX - 1),
    ] {
        world.check(IPI, 0, &[mask, base], INVALID_PARAM, 0);
        for function in 0..3 {
            world.check(RFENCE, function, &[mask, base, 0, 0, 0], INVALID_PARAM, 0);
        }
        assert_eq!(interrupted(&others), []);
        assert!(others.iter().all(|other| other.requests.is_empty()));
    }
    assert_eq!(world.host.take_wakes(), []);
}

#[test]
fn harts_that_are_off_are_left_alone() {
    let (mut world, others) = World::with_harts(&[1, 2]);
    others[0].stop();
    world.check(IPI, 0, &[0b110, 0], 0, 0);
    world.check(RFENCE, 0, &[0b110, 0], 0, 0);
    assert_eq!(interrupted(&others), [2]);
    assert!(!others[0].requests.has(Request::FenceI) && others[1].requests.has(Request::FenceI));
}

#[test]
fn a_hart_that_runs_is_kicked() {
    let (mut world, others) = World::with_harts(&[1, 2]);
    others[1].begin(5);
    world.check(IPI, 0, &[0b110, 0], 0, 0);
    assert_eq!(world.host.take_kicks(), [5]);
    world.check(RFENCE, 0, &[0b110, 0], 0, 0);
    assert_eq!(world.host.take_kicks(), [5]);
}

#[test]
fn fences_wait_for_the_harts_they_are_asked_of() {
    let (mut world, others) = World::with_harts(&[1, 2]);
    world.check(RFENCE, 0, &[0b010, 0], 0, 0);
    assert!(others[0].requests.take(Request::FenceI) && others[1].requests.is_empty());
    for (function, asid, expected) in [(1, 7, None), (2, 7, Some(7)), (2, 0x1_0007, Some(7))] {
        world.check(RFENCE, function, &[0b100, 0, 0x5000, 0x1000, asid], 0, 0);
        assert!(others[0].requests.is_empty() && others[1].requests.take(Request::Fences));
        let fences: Vec<_> = others[1].take_fences().collect();
        assert_eq!(fences, [Fence::new(0x5000, 0x1000, expected)]);
    }
}

#[test]
fn the_caller_carries_its_own_fences_out_before_it_runs_on() {
    let page = |gva| Event::HfenceVvma(Some(Gva(gva)), None);
    let every = Event::HfenceVvma(None, None);
    for (start, size, expected) in [
        (0x5000, 0x1000, vec![page(0x5000)]),
        (0x5ff8, 0x10, vec![page(0x5000), page(0x6000)]),
        (0, 0, vec![every.clone()]),
        (0x5000, 0, vec![]),
        (0x5000, u64::MAX, vec![every.clone()]),
        (u64::MAX - 0xfff, 0x2000, vec![every.clone()]),
        (0, 1 << 40, vec![every]),
    ] {
        let mut world = World::with_harts(&[]).0;
        world.take_events();
        world.check(RFENCE, 1, &[1, 0, start, size], 0, 0);
        let events = world.take_events();
        let entries: Vec<_> =
            (0..).zip(&events).filter(|(_, event)| **event == Event::Enter).map(|(at, _)| at).collect();
        let between = &events[entries[0]..entries[1]];
        let fences: Vec<_> =
            between.iter().filter(|event| matches!(event, Event::HfenceVvma(..))).cloned().collect();
        assert_eq!(fences, expected, "{size:#x} bytes at {start:#x}");
    }
    let mut world = World::with_harts(&[]).0;
    world.take_events();
    world.check(RFENCE, 0, &[1, 0], 0, 0);
    assert!(world.take_events().contains(&Event::FenceI));
}

#[test]
fn harts_are_started_once_and_say_how_they_are() {
    let (mut world, others) = World::with_harts(&[1, 2]);
    others[0].stop();
    others[0].requests.clear();
    world.check(HSM, 2, &[0], 0, 0);
    world.check(HSM, 2, &[1], 0, 1);
    world.check(HSM, 2, &[2], 0, 0);
    world.check(HSM, 0, &[1, 0x8000_1000, 77], 0, 0);
    assert!(others[0].requests.has(Request::Reset));
    assert_eq!(world.host.take_wakes(), [1]);
    world.check(HSM, 2, &[1], 0, 0);
    for number in [0, 1, 2] {
        world.check(HSM, 0, &[number, 0x8000_2000, 78], ALREADY_AVAILABLE, 0);
    }
    assert_eq!(others[0].take_start(), Some((0x8000_1000, 77)));
    for number in [3, 64, 1 << 32, u64::MAX] {
        world.check(HSM, 0, &[number, 0, 0], INVALID_PARAM, 0);
        world.check(HSM, 2, &[number], INVALID_PARAM, 0);
    }
}

#[test]
fn a_hart_that_stops_does_not_come_back() {
    let (mut world, others) = World::with_harts(&[1]);
    assert_eq!(world.call(HSM, 1, &[]), Ok(Stop::Blocked));
    assert!(!world.vcpu.shared.is_on() && others[0].is_on());
    assert_eq!(world.vcpu.pc(), PC);
    assert_eq!(world.go_on(), Ok(Stop::Blocked));
    assert!(world.vcpu.shared.start(&world.host, 0x8000_4000, 5));
    assert_eq!(world.go_on(), RESUMED);
    assert_eq!((world.vcpu.pc(), world.returned()), (0x8000_4000, (0, 5)));
}

#[test]
fn suspend_types_have_32_bits() {
    let mut world = World::with_harts(&[]).0;
    for kind in [0, 1 << 32, 0xdead_0000_0000] {
        assert_eq!(world.call(HSM, 3, &[kind, 1, 2]), Ok(Stop::Blocked), "{kind:#x}");
        assert_eq!((world.returned(), world.vcpu.pc()), ((0, 0), PC + 4));
        assert!(world.vcpu.shared.is_on());
    }
    for kind in [0x8000_0000, 1 << 32 | 0x8000_0000] {
        world.check(HSM, 3, &[kind, 1, 2], NOT_SUPPORTED, 0);
    }
    for kind in [1, 0x0fff_ffff, 0x7fff_ffff, 0x8000_0001, 0xffff_ffff, u64::MAX] {
        world.check(HSM, 3, &[kind, 1, 2], INVALID_PARAM, 0);
    }
}
