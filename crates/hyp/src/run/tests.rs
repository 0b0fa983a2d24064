//! What is done before a guest is entered and after it has left, and that nothing is missed in between.

use isa::cause::Interrupt;
use isa::csr::hvip;
use isa::ext::Ext;
use kvm::Exit;
use kvm::ioctl::MpState;

use super::*;
use crate::fake::Event::{Alarm, Enter, FenceI, HfenceGvma, HfenceVvma, Write};
use crate::fake::{HOST_INTERRUPT, RAM, World};

/// A call from VS-mode.
const CALL: Trap = Trap { scause: 10, stval: 0, htval: 0, htinst: 0 };

fn entries(world: &mut World) -> usize {
    world.take_events().iter().filter(|event| **event == Enter).count()
}

#[test]
fn an_interrupt_of_the_host_ends_the_run_and_is_left_to_it() {
    let mut world = World::usual();
    world.load();
    world.hart().exit_with(HOST_INTERRUPT);
    assert_eq!(world.run(), Ok(Stop::Interrupt));
    assert_eq!(world.vcpu.counts().total(), 1);
}

#[test]
fn what_is_asked_for_is_done_before_the_entry() {
    let mut world = World::usual();
    world.load();
    let shared = world.vcpu.shared().clone();
    shared.request(&world.host, Request::FenceI);
    shared.request_fence(&world.host, crate::fence::Fence::new(0x1000, 1, Some(3)));
    shared.request(&world.host, Request::FenceAll);
    world.take_events();
    world.hart().exit_with(HOST_INTERRUPT);
    world.run().unwrap();
    let events = world.take_events();
    let at =
        |wanted: crate::fake::Event| events.iter().position(|event| *event == wanted).expect("it is done");
    let entered = at(Enter);
    assert!(at(FenceI) < entered && at(HfenceVvma(None, None)) < entered);
    assert!(at(HfenceVvma(Some(crate::addr::Gva(0x1000)), Some(3))) < entered);
    assert!(shared.requests.is_empty());
}

#[test]
fn too_many_fences_become_one_of_everything() {
    let mut world = World::usual();
    world.load();
    let shared = world.vcpu.shared().clone();
    for page in 0..65 {
        shared.request_fence(&world.host, crate::fence::Fence::new(page << 12, 1, None));
    }
    world.take_events();
    world.hart().exit_with(HOST_INTERRUPT);
    world.run().unwrap();
    assert!(world.take_events().contains(&HfenceVvma(None, None)));
}

#[test]
fn what_is_asked_for_while_the_guest_is_entered_is_done_first() {
    let mut world = World::usual();
    world.load();
    // The request comes when the hart has said that it is in a guest: its kick is for nobody yet.
    let shared = world.vcpu.shared().clone();
    shared.interrupts.set(Interrupt::Vsei);
    let World { local, host, vcpu, .. } = &mut world;
    shared.begin(0);
    shared.request(host, Request::FenceI);
    assert_eq!(host.take_kicks(), [0]);
    assert!(vcpu.try_enter(local, host).is_none(), "it does not enter");
    assert!(vcpu.serve_requests(local, host).is_none());
    local.hart.exit_with(HOST_INTERRUPT);
    assert!(vcpu.try_enter(local, host).is_some());
}

#[test]
fn a_kick_reaches_the_hart_that_the_guest_runs_on_and_nobody_else() {
    let world = World::usual();
    let shared = world.vcpu.shared();
    shared.kick(&world.host);
    assert_eq!((world.host.take_kicks(), world.host.take_wakes()), (vec![], vec![0]));
    shared.begin(3);
    shared.set_interrupt(&world.host, Interrupt::Vsei);
    assert_eq!(world.host.take_kicks(), [3]);
    shared.end();
    shared.kick(&world.host);
    assert_eq!(world.host.take_kicks(), []);
}

#[test]
fn a_stale_vmid_is_renewed_before_the_entry() {
    let mut world = World::new(1, 1, &[]);
    world.load();
    let other = crate::vm::Vm::new(&world.local.hypervisor, &world.host, 0).unwrap();
    let hypervisor = world.local.hypervisor.clone();
    // One bit has one number: the other machine takes it.
    hypervisor.vmids.update(&mut world.local.hart, 0, &world.host, &hypervisor.harts, &other.vmid);
    assert!(hypervisor.vmids.is_stale(&world.vm.vmid));
    world.take_events();
    world.hart().exit_with(HOST_INTERRUPT);
    world.run().unwrap();
    let events = world.take_events();
    // The number is the same, and so is hgatp; but what is cached under it is the other machine's.
    let fences = [HfenceGvma(None, Some(1)), HfenceVvma(None, None), Enter];
    let at = fences.map(|fence| events.iter().position(|event| *event == fence).expect("it is done"));
    assert!(at.is_sorted());
    assert!(!hypervisor.vmids.is_stale(&world.vm.vmid));
    assert!(hypervisor.vmids.is_stale(&other.vmid));
}

#[test]
fn a_number_that_another_hart_renews_meanwhile_is_not_entered_with() {
    use std::cell::Cell;
    use std::rc::Rc;

    use isa::csr::hgatp;

    use crate::fake::{FakeHart, FakeHost};
    use crate::vmid::Vmid;

    // Two bits have three numbers, for two harts.
    let mut world = World::new(2, 2, &[]);
    world.load();
    let (hypervisor, vm) = (world.local.hypervisor.clone(), world.vm.clone());
    hypervisor.vmids.exhaust(&hypervisor.harts, &vm.vmid);
    // When this hart has written the new number, the other one begins another generation, in which it gives the machine
    // yet another number for a virtual hart of its own.
    let renewed = Rc::new(Cell::new(false));
    let done = renewed.clone();
    let renew = move |_| {
        if !done.replace(true) {
            hypervisor.vmids.exhaust(&hypervisor.harts, &vm.vmid);
            let (mut hart, host) = (FakeHart::default(), FakeHost::default());
            for vmid in [&Vmid::default(), &vm.vmid] {
                hypervisor.vmids.update(&mut hart, 1, &host, &hypervisor.harts, vmid);
            }
        }
        true
    };
    world.hart().legal.insert(hgatp::NUMBER, Box::new(renew));
    world.take_events();
    let vm = world.vm.clone();
    world.hart().guests.push_back(Box::new(move |csrs, _| {
        assert_eq!(csrs[&hgatp::NUMBER], vm.hgatp(), "the guest runs with another machine's number");
        crate::fake::set_trap(csrs, &HOST_INTERRUPT);
    }));
    world.run().unwrap();
    assert!(renewed.get());
}

#[test]
fn interrupts_are_told_before_the_entry_and_only_once() {
    let mut world = World::usual();
    world.load();
    world.vcpu.shared().interrupts.set(Interrupt::Vsei);
    world.take_events();
    for told in [true, false] {
        world.hart().guests.push_back(Box::new(|csrs, _| crate::fake::set_trap(csrs, &HOST_INTERRUPT)));
        world.run().unwrap();
        let vsei = Write("hvip", Interrupt::Vsei.bit());
        assert_eq!(world.take_events().contains(&vsei), told);
        world.hart().set_csr(hvip::NUMBER, Interrupt::Vsei.bit());
    }
}

#[test]
fn without_sstc_the_hart_is_interrupted_when_the_guests_timer_is_due() {
    // The guest's clock shows 100.
    for (deadline, alarm, pending) in [(150, Some(1050), false), (100, None, true), (u64::MAX, None, false)] {
        let mut world = World::usual();
        world.load();
        let World { local, vcpu, .. } = &mut world;
        vcpu.timer.set(&mut local.hart, &vcpu.shared.interrupts, deadline);
        world.take_events();
        world.hart().exit_with(HOST_INTERRUPT);
        world.run().unwrap();
        let events = world.take_events();
        let alarms: Vec<_> = events.iter().filter(|event| matches!(event, Alarm(_))).collect();
        assert_eq!(alarms, alarm.map(Alarm).iter().collect::<Vec<_>>(), "deadline {deadline}");
        let told = events.contains(&Write("hvip", Interrupt::Vsti.bit()));
        assert_eq!(told, pending, "deadline {deadline}");
        assert!(!world.vcpu.has_interrupt(1000), "the guest has not enabled it");
    }
}

#[test]
fn with_sstc_no_alarm_is_needed() {
    let mut world = World::new(1, 14, &[Ext::Sstc]);
    world.load();
    world.take_events();
    world.hart().exit_with(HOST_INTERRUPT);
    world.run().unwrap();
    assert!(!world.take_events().iter().any(|event| matches!(event, Alarm(_))));
}

#[test]
fn a_virtual_hart_that_is_off_waits_until_it_is_started() {
    let mut world = World::usual();
    let mut second = world.vm.create_vcpu(1).unwrap();
    let mut page = vec![0; 4096];
    let shared = second.shared().clone();
    second.load(&mut world.local, &world.host);
    world.take_events();
    let mut run = |second: &mut Vcpu, world: &mut World| {
        second.run(&mut world.local, &world.host, &mut Run::new(&mut page).unwrap())
    };
    assert_eq!(run(&mut second, &mut world), Ok(Stop::Blocked));
    assert!(!second.is_runnable(u64::MAX));
    assert!(shared.start(&world.host, RAM, 77));
    assert!(!shared.start(&world.host, RAM, 78), "it is started already");
    assert_eq!(world.host.take_wakes(), [1]);
    assert!(second.is_runnable(0));
    world.hart().guests.push_back(Box::new(|csrs, context| {
        assert_eq!([context.guest.sepc, context.guest.get(10), context.guest.get(11)], [RAM, 1, 77]);
        crate::fake::set_trap(csrs, &HOST_INTERRUPT);
    }));
    assert_eq!(run(&mut second, &mut world), Ok(Stop::Interrupt));
    assert_eq!(entries(&mut world), 1);
}

#[test]
fn user_space_stops_and_starts_a_virtual_hart_where_its_registers_are() {
    let mut world = World::usual();
    let shared = world.vcpu.shared().clone();
    assert_eq!(shared.mp_state(), MpState::RUNNABLE);
    shared.set_mp_state(&world.host, MpState::STOPPED).unwrap();
    world.vcpu.context.guest.sepc = 0x1234;
    world.load();
    assert_eq!(world.run(), Ok(Stop::Blocked));
    shared.set_mp_state(&world.host, MpState::RUNNABLE).unwrap();
    world.hart().guests.push_back(Box::new(|csrs, context| {
        assert_eq!(context.guest.sepc, 0x1234);
        crate::fake::set_trap(csrs, &HOST_INTERRUPT);
    }));
    assert_eq!(world.run(), Ok(Stop::Interrupt));
    let state = MpState { mp_state: 1 };
    assert_eq!(shared.set_mp_state(&world.host, state), Err(Errno::EINVAL));
}

#[test]
fn an_immediate_exit_finishes_the_last_exit_and_enters_nothing() {
    let mut world = World::usual();
    world.load();
    let guest = &mut world.vcpu.context.guest;
    guest.set(17, 0x0900_0000);
    let pc = guest.sepc;
    world.hart().exit_with(CALL);
    assert_eq!(world.run(), Ok(Stop::Exit));
    assert!(matches!(world.page().exit(), Exit::Sbi { extension: 0x0900_0000, .. }));
    world.page().set_sbi_return([5, 6]);
    world.page().set_immediate_exit(true);
    for _ in 0..2 {
        assert_eq!(world.run(), Err(Errno::EINTR));
        let guest = &world.vcpu.context.guest;
        assert_eq!([guest.sepc, guest.get(10), guest.get(11)], [pc + 4, 5, 6], "once");
    }
}

#[test]
fn external_interrupts_are_what_user_space_says() {
    use kvm::ioctl;
    let world = World::usual();
    let shared = world.vcpu.shared();
    shared.interrupt(&world.host, ioctl::Interrupt::SET).unwrap();
    assert_eq!(shared.interrupts.pending(), Interrupt::Vsei.bit());
    shared.interrupt(&world.host, ioctl::Interrupt::UNSET).unwrap();
    assert_eq!(shared.interrupts.pending(), 0);
    let other = ioctl::Interrupt { irq: 9 };
    assert_eq!(shared.interrupt(&world.host, other), Err(Errno::EINVAL));
}

#[test]
fn an_enabled_interrupt_ends_a_wait_whatever_the_guests_status_says() {
    let mut world = World::usual();
    assert!(!world.vcpu.is_runnable(1000));
    world.vcpu.shared().interrupts.set(Interrupt::Vsei);
    assert!(!world.vcpu.is_runnable(1000), "it is not enabled");
    world.vcpu.vs.vsie = Interrupt::Sei.bit();
    assert!(world.vcpu.is_runnable(1000));
    world.vcpu.vs.vsie = Interrupt::Sti.bit();
    assert_eq!(world.vcpu.wake_time(940), None, "the timer is off");
    // The guest's clock is 900 behind.
    let World { local, vcpu, .. } = &mut world;
    vcpu.timer.set(&mut local.hart, &vcpu.shared.interrupts, 50);
    assert_eq!(vcpu.wake_time(940), Some(950));
    assert!(!vcpu.is_runnable(949) && vcpu.is_runnable(950));
}
