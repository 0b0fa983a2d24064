//! Mistakes that a scripted hart shows: each is noticed when it is made again, and not without it.

use std::panic::{self, AssertUnwindSafe};

use isa::cause::Exception;
use isa::csr::{hgatp, vstvec};

use super::*;
use crate::fake::{Event, FakeHart, FakeHost, World};
use crate::fence::Fence;
use crate::hypervisor::Harts;
use crate::inject::inject;
use crate::probe::probe;
use crate::vmid::{Vmid, Vmids};

type Exhibit = (Mistake, fn());

const EXHIBITS: [Exhibit; 5] = [
    (Mistake::B11, the_width_of_a_vmid_is_that_with_translation),
    (Mistake::B12, guests_leave_before_vmids_begin_anew),
    (Mistake::B23, a_size_that_means_everything_does),
    (Mistake::B32, no_interrupt_is_pending_when_delegation_ends),
    (Mistake::T7, a_handler_is_at_the_base_of_its_vector),
];

#[test]
fn every_mistake_is_noticed() {
    for (mistake, check) in EXHIBITS {
        repeat(None);
        check();
        repeat(Some(mistake));
        let noticed = panic::catch_unwind(AssertUnwindSafe(check)).is_err();
        repeat(None);
        assert!(noticed, "{mistake:?} is not noticed");
    }
}

fn the_width_of_a_vmid_is_that_with_translation() {
    let mut hart = FakeHart::default();
    // With MODE Bare all else is zero.
    hart.legal.insert(hgatp::NUMBER, Box::new(|value| hgatp::MODE.get(value) != 0 || value == 0));
    assert_eq!(probe(&mut hart, None).unwrap().vmid_bits, 14);
}

fn guests_leave_before_vmids_begin_anew() {
    let (mut hart, host) = (FakeHart::default(), FakeHost::default());
    let harts = std::sync::Arc::new(Harts::new(2));
    let vmids = Vmids::new(2, 2);
    let mut update = |vmid: &Vmid| vmids.update(&mut hart, 0, &host, &harts, vmid);
    let first = Vmid::default();
    for vmid in [&first, &Vmid::default(), &Vmid::default()] {
        update(vmid);
    }
    harts.enter(1);
    let expelled = std::sync::Arc::clone(&harts);
    *host.on_kick.borrow_mut() = Some(Box::new(move |hart| expelled.leave(hart)));
    let another = Vmid::default();
    update(&another);
    assert_eq!(another.number(), first.number(), "the number is used again");
    assert_eq!(host.take_kicks(), [1]);
}

fn a_size_that_means_everything_does() {
    for size in [0, u64::MAX] {
        let mut hart = FakeHart::default();
        Fence::new(0, size, None).run(&mut hart);
        assert_eq!(hart.take_events(), [Event::HfenceVvma(None, None)]);
    }
}

fn no_interrupt_is_pending_when_delegation_ends() {
    let World { local, .. } = World::usual();
    let events = local.disable().take_events();
    let at = |wanted: Event| events.iter().position(|event| *event == wanted).expect("it is written");
    let undelegated = at(Event::Write("hideleg", 0));
    assert!(at(Event::Write("vsie", 0)) < undelegated && at(Event::Write("hvip", 0)) < undelegated);
}

fn a_handler_is_at_the_base_of_its_vector() {
    for mode in [0, 1] {
        let mut world = World::usual();
        world.hart().set_csr(vstvec::NUMBER, 0x8020_1000 | mode);
        inject(&mut world.local.hart, &mut world.vcpu, Exception::LoadAccessFault, 0);
        assert_eq!(world.vcpu.pc(), 0x8020_1000);
    }
}
