//! Calls of version 0.1.

use isa::csr::hstatus;

use super::*;
use crate::addr::{Gpa, Gva};
use crate::fake::RAM;
use crate::fence::Fence;
use crate::request::Request;

/// Where the guest has a mask of harts.
const MASK: u64 = 0x5008;

impl World {
    /// As [`check`](World::check), for calls that leave a1 as it is.
    #[track_caller]
    fn check_legacy(&mut self, extension: u64, arguments: [u64; 4], error: i64) {
        self.check(extension, 9, &arguments, error, arguments[1]);
    }
}

#[test]
fn the_timer_is_set() {
    let mut world = World::with_harts(&[]).0;
    world.check_legacy(0, [500, 0x1234, 0, 0], 0);
    assert!(world.vcpu.timer.is_due(500) && !world.vcpu.timer.is_due(499));
}

#[test]
fn consoles_are_user_spaces_and_return_in_a0_alone() {
    for (extension, answer) in [(1, 0), (2, b'x'.into()), (2, u64::MAX)] {
        let mut world = World::with_harts(&[]).0;
        assert_eq!(world.call(extension, 9, &[b'y'.into(), 0x1234]), EXITED);
        let args = [b'y'.into(), 0x1234, 0x1111 * 12, 0x1111 * 13, 0x1111 * 14, 0x1111 * 15];
        assert_eq!(world.page().exit(), Exit::Sbi { extension, function: 9, args });
        world.page().set_sbi_return([answer, 77]);
        for _ in 0..2 {
            world.go_on().unwrap();
            assert_eq!((world.returned(), world.vcpu.pc()), ((answer as i64, 0x1234), PC + 4));
        }
        world.call(extension, 0, &[0, 0x1234]).unwrap();
        world.go_on().unwrap();
        assert_eq!(world.returned(), (NOT_SUPPORTED, 0x1234), "nobody has answered");
    }
}

#[test]
fn the_software_interrupt_is_withdrawn() {
    let mut world = World::with_harts(&[]).0;
    world.vcpu.shared.interrupts.set(Interrupt::Vssi);
    world.check_legacy(3, [0, 0x1234, 0, 0], 0);
    assert_eq!(world.vcpu.shared.interrupts.pending(), 0);
}

#[test]
fn a_shutdown_is_one() {
    let (mut world, others) = World::with_harts(&[1]);
    assert_eq!(world.call(8, 9, &[5, 6]), EXITED);
    assert_eq!(world.page().exit(), Exit::SystemEvent { event: SystemEvent::Shutdown, data: 0 });
    assert!(!others[0].is_on());
}

#[test]
fn there_are_no_others() {
    for extension in 9..16 {
        World::with_harts(&[]).0.check_legacy(extension, [0, 0x1234, 0, 0], NOT_SUPPORTED);
    }
}

#[test]
fn masks_are_read_as_the_guest_would_and_harts_that_do_not_exist_are_no_error() {
    let cases = [
        (0b110, vec![1, 2]),
        (0, vec![]),
        (1 << 5, vec![]),
        (1 << 5 | 0b10, vec![1]),
        (u64::MAX, vec![1, 2]),
    ];
    for (mask, meant) in cases {
        let (mut world, others) = World::with_harts(&[1, 2, 64]);
        world.hart().data.insert(MASK, Ok(mask));
        let status = world.vcpu.around.hstatus;
        world.hart().set_csr(hstatus::NUMBER, 0x1000);
        world.take_events();
        world.check_legacy(4, [MASK, 0x1234, 0, 0], 0);
        let with = |other: &&Arc<Shared>| other.interrupts.pending() != 0;
        assert_eq!(others.iter().filter(with).map(|other| other.number()).collect::<Vec<_>>(), meant);
        let events = world.take_events();
        let load = events.iter().position(|event| *event == Event::Load(MASK)).expect("it is read");
        assert_eq!(events[load - 1], Event::Swap("hstatus", status));
        assert_eq!(events[load + 1], Event::Write("hstatus", 0x1000));
    }
}

#[test]
fn no_mask_means_every_hart_even_of_more_than_a_mask_can_name() {
    let numbers: Vec<usize> = (1..65).collect();
    let (mut world, others) = World::with_harts(&numbers);
    world.check_legacy(4, [0, 0x1234, 0, 0], 0);
    assert!(others.iter().all(|other| other.interrupts.pending() == Interrupt::Vssi.bit()));
    assert_eq!(world.vcpu.shared.interrupts.pending(), Interrupt::Vssi.bit());
}

#[test]
fn fences_are_asked_of_other_harts() {
    let (mut world, others) = World::with_harts(&[1, 2]);
    world.hart().data.insert(MASK, Ok(0b10));
    world.check_legacy(5, [MASK, 0x1234, 0, 0], 0);
    assert!(others[0].requests.take(Request::FenceI) && others[1].requests.is_empty());
    for (extension, asid) in [(6, None), (7, Some(3))] {
        world.check_legacy(extension, [MASK, 0x5000, 0x2000, 0x1_0003], 0);
        assert!(others[0].requests.take(Request::Fences) && others[1].requests.is_empty());
        assert_eq!(others[0].take_fences().collect::<Vec<_>>(), [Fence::new(0x5000, 0x2000, asid)]);
    }
    world.take_events();
    world.check_legacy(6, [0, 0, 0, 0], 0);
    assert!(world.take_events().contains(&Event::HfenceVvma(None::<Gva>, None)), "its own");
}

#[test]
fn fences_reach_the_harts_of_a_mask_that_exist() {
    let (mut world, others) = World::with_harts(&[1, 3]);
    world.hart().data.insert(MASK, Ok(u64::MAX));
    for (extension, request) in [(5, Request::FenceI), (6, Request::Fences), (7, Request::Fences)] {
        world.check_legacy(extension, [MASK, 0x1234, 1, 0], 0);
        assert!(others.iter().all(|other| other.requests.take(request)), "{extension}");
    }
}

#[test]
fn a_fault_of_reading_a_mask_is_the_guests_at_its_call() {
    for (raised, taken) in [
        (Exception::LoadPageFault, Exception::LoadPageFault),
        (Exception::LoadAccessFault, Exception::LoadAccessFault),
        (Exception::LoadAddrMisaligned, Exception::LoadAddrMisaligned),
        (Exception::LoadGuestPageFault, Exception::LoadAccessFault),
    ] {
        for extension in 4..8 {
            let (mut world, others) = World::with_harts(&[1]);
            let trap = Trap { scause: raised as u64, stval: MASK + 3, htval: 5, htinst: 0 };
            world.hart().data.insert(MASK, Err(trap));
            world.hart().code.extend([(PC, Ok(0x0073)), (PC + 2, Ok(0))]); // ecall
            world.hart().set_csr(vstvec::NUMBER, 0x8020_1001);
            assert_eq!(world.call(extension, 0, &[MASK, 0x1234, 0, 0]), RESUMED);
            let hart = &world.local.hart;
            let injected = [vscause::NUMBER, vsepc::NUMBER, vstval::NUMBER].map(|csr| hart.csr(csr));
            assert_eq!(injected, [taken as u64, PC, MASK + 3], "{raised:?}");
            assert_eq!((world.vcpu.pc(), world.returned()), (0x8020_1000, (MASK as i64, 0x1234)));
            assert!(others[0].requests.is_empty() && others[0].interrupts.pending() == 0);
        }
    }
}

#[test]
fn a_mask_whose_page_is_not_mapped_is_read_when_it_is() {
    for htval in [RAM >> 2, 0] {
        let (mut world, others) = World::with_harts(&[1]);
        // A hart that leaves htval zero has a guest here that does not translate.
        let mask = if htval == 0 { RAM } else { MASK };
        let fault = Trap { scause: Exception::LoadGuestPageFault as u64, stval: mask, htval, htinst: 0 };
        world.hart().data.insert(mask, Err(fault));
        assert_eq!(world.call(4, 0, &[mask, 0x1234]), RESUMED);
        assert_eq!((world.vcpu.pc(), world.local.hart.csr(vscause::NUMBER)), (PC, 0), "it calls again");
        assert!(world.vm.memory.lock().is_mapped(&world.host, Gpa(RAM), false));
        assert_eq!(others[0].interrupts.pending(), 0);
        world.hart().data.insert(mask, Ok(0b10));
        world.check_legacy(4, [mask, 0x1234, 0, 0], 0);
        assert_eq!(others[0].interrupts.pending(), Interrupt::Vssi.bit());
    }
}

#[test]
fn a_mask_whose_memory_user_space_does_not_have_fails_the_run() {
    let (mut world, _) = World::with_harts(&[1]);
    world.host.user.set(0);
    let fault =
        Trap { scause: Exception::LoadGuestPageFault as u64, stval: MASK, htval: RAM >> 2, htinst: 0 };
    world.hart().data.insert(MASK, Err(fault));
    assert_eq!(world.call(4, 0, &[MASK, 0x1234]), Err(Errno::EFAULT));
    assert_eq!(world.vcpu.pc(), PC);
}
