//! Every order in which harts can act, where they do so without a lock:
//! `RUSTFLAGS="--cfg loom" cargo test -p hyp --lib --release loom`, in a target folder of its own.

use std::sync::Arc;

use isa::cause::Interrupt;
use isa::csr::hvip;
use loom::thread;

use super::{AtomicU64, Mutex, Ordering};
use crate::fake::{FakeHart, FakeHost, HOST_INTERRUPT, World, set_trap};
use crate::hypervisor::Harts;
use crate::interrupt::Interrupts;
use crate::museum::{Mistake, repeat};
use crate::request::Request;
use crate::vcpu::Shared;
use crate::vmid::{Vmid, Vmids};

const VSSI: u64 = Interrupt::Vssi.bit();

/// Tries every order; a mistake may be made in all of them.
fn model(mistake: Option<Mistake>, harts: impl Fn() + Sync + Send + 'static) {
    repeat(mistake);
    loom::model(harts);
}

/// What `hvip` holds for a virtual hart that runs and exits twice, and leaves its own interrupts alone.
fn run_twice(interrupts: &Interrupts, mut hvip: u64) -> u64 {
    for _ in 0..2 {
        hvip = interrupts.flush(hvip).unwrap_or(hvip);
        interrupts.sync(hvip);
    }
    hvip
}

/// Two producers, whose order a lock tells, and the virtual hart.
fn the_last_of_two_wins() {
    let interrupts = Arc::new(Interrupts::new());
    let last = Arc::new(Mutex::new(0));
    let producers = [true, false].map(|pending| {
        let (interrupts, last) = (interrupts.clone(), last.clone());
        thread::spawn(move || {
            let mut last = last.lock();
            if pending {
                interrupts.set(Interrupt::Vssi);
            } else {
                interrupts.unset(Interrupt::Vssi);
            }
            *last = if pending { VSSI } else { 0 };
        })
    });
    let hvip = run_twice(&interrupts, 0);
    for producer in producers {
        producer.join().unwrap();
    }
    let hvip = interrupts.flush(hvip).unwrap_or(hvip);
    let last = *last.lock();
    assert_eq!((interrupts.pending(), hvip), (last, last));
}

#[test]
fn the_last_of_two_that_set_and_unset_an_interrupt_wins() {
    model(None, the_last_of_two_wins);
}

#[test]
#[should_panic(expected = "left == right")]
fn a_bit_and_its_change_in_two_steps_lose_an_interrupt() {
    model(Some(Mistake::B15), the_last_of_two_wins);
}

#[test]
fn what_two_set_and_unset_at_once_ends_as_it_is_told() {
    model(None, || {
        let interrupts = Arc::new(Interrupts::new());
        let other = interrupts.clone();
        let setter = thread::spawn(move || other.set(Interrupt::Vssi));
        let other = interrupts.clone();
        let unsetter = thread::spawn(move || other.unset(Interrupt::Vssi));
        let hvip = run_twice(&interrupts, 0);
        setter.join().unwrap();
        unsetter.join().unwrap();
        let hvip = interrupts.flush(hvip).unwrap_or(hvip);
        assert_eq!(hvip, interrupts.pending());
    });
}

#[test]
fn an_interrupt_that_comes_while_the_guest_clears_the_one_before_is_not_lost() {
    model(None, || {
        let interrupts = Arc::new(Interrupts::new());
        interrupts.set(Interrupt::Vssi);
        let hvip = interrupts.flush(0).unwrap();
        let other = interrupts.clone();
        let setter = thread::spawn(move || other.set(Interrupt::Vssi));
        let hvip = run_twice(&interrupts, hvip & !VSSI);
        setter.join().unwrap();
        let hvip = interrupts.flush(hvip).unwrap_or(hvip);
        assert_eq!((interrupts.pending(), hvip), (VSSI, VSSI));
    });
}

/// A virtual hart is entered while another thread posts something: either it is seen before, or the guest, which waits
/// for nothing else, is made to exit.
fn is_seen_or_kicks(post: fn(&Shared, &FakeHost)) {
    model(None, move || {
        let mut world = World::usual();
        world.load();
        let shared = world.vcpu.shared().clone();
        let poster = thread::spawn(move || {
            let host = FakeHost::default();
            post(&shared, &host);
            host.take_kicks()
        });
        let mut poster = Some(poster);
        world.hart().guests.push_back(Box::new(move |csrs, _| {
            let told = csrs[&hvip::NUMBER] != 0;
            let kicks = poster.take().expect("the guest is entered once").join().unwrap();
            assert!(told || kicks == [0], "the guest runs on and nobody makes it exit");
            set_trap(csrs, &HOST_INTERRUPT);
        }));
        let World { local, host, vcpu, .. } = &mut world;
        if vcpu.try_enter(local, host).is_none() {
            assert!(!vcpu.shared().requests.is_empty(), "only a request keeps the guest from running");
        }
    });
}

#[test]
fn a_request_is_seen_before_the_entry_or_kicks() {
    is_seen_or_kicks(|shared, host| shared.request(host, Request::FenceI));
}

#[test]
fn an_interrupt_is_seen_before_the_entry_or_kicks() {
    is_seen_or_kicks(|shared, host| shared.set_interrupt(host, Interrupt::Vsei));
}

/// Two harts with two machines, when the numbers come to an end. Each hart says in the word of its own which VMID
/// its guest runs with.
fn vmids_come_to_an_end() {
    let harts = Arc::new(Harts::new(2));
    let vmids = Arc::new(Vmids::new(2, 2));
    let mine = Arc::new(Vmid::default());
    let (mut hart, host) = (FakeHart::default(), FakeHost::default());
    for vmid in [&mine, &Vmid::default(), &Vmid::default()] {
        vmids.update(&mut hart, 1, &host, &harts, vmid);
    }
    let running = Arc::new(AtomicU64::new(0));
    let guest = {
        let (harts, vmids, running) = (harts.clone(), vmids.clone(), running.clone());
        thread::spawn(move || {
            harts.enter(1);
            if !vmids.is_stale(&mine) {
                running.store(mine.number().into(), Ordering::SeqCst);
                running.store(0, Ordering::SeqCst);
            }
            harts.leave(1);
        })
    };
    let other = Vmid::default();
    vmids.update(&mut hart, 0, &host, &harts, &other);
    assert_ne!(running.load(Ordering::SeqCst), u64::from(other.number()), "two machines run with one VMID");
    guest.join().unwrap();
}

#[test]
fn no_guest_runs_with_a_number_that_another_has_been_given() {
    model(None, vmids_come_to_an_end);
}

#[test]
#[should_panic(expected = "two machines run with one VMID")]
fn guests_that_are_not_expelled_share_a_number() {
    model(Some(Mistake::B12), vmids_come_to_an_end);
}

#[test]
fn of_two_harts_that_renew_their_numbers_at_once_each_has_its_own() {
    model(None, || {
        let harts = Arc::new(Harts::new(2));
        let vmids = Arc::new(Vmids::new(2, 2));
        let running = Arc::new([AtomicU64::new(0), AtomicU64::new(0)]);
        let run = |own: usize| {
            let (harts, vmids, running) = (harts.clone(), vmids.clone(), running.clone());
            move || {
                let (mut hart, host, vmid) = (FakeHart::default(), FakeHost::default(), Vmid::default());
                vmids.update(&mut hart, own, &host, &harts, &vmid);
                harts.enter(own);
                if !vmids.is_stale(&vmid) {
                    let number = vmid.number().into();
                    running[own].store(number, Ordering::SeqCst);
                    assert_ne!(running[1 - own].load(Ordering::SeqCst), number);
                    running[own].store(0, Ordering::SeqCst);
                }
                harts.leave(own);
            }
        };
        let second = thread::spawn(run(1));
        run(0)();
        second.join().unwrap();
    });
}
