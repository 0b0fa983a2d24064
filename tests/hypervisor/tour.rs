//! One guest that does a bit of everything, on every kind of hart.

use isa::asm::prelude::*;
use kvm::Exit;
use kvm::run::SystemEvent;

use crate::world::{DEVICE, Event, RAM, World, load, store, variants};

/// A page that the guest touches, in memory.
const PAGE: u64 = RAM + 0x12_3000;

fn call(a: &mut Asm, extension: u64, argument: u64) {
    a.li(A7, extension).li(A6, 0).li(A0, argument).ecall();
}

/// Console, device, memory, timer and end.
fn program() -> Asm {
    let mut a = Asm::new(RAM);
    let handler = a.label();
    call(&mut a, 1, b'x'.into());
    a.li(T0, DEVICE).lb(T1, 5, T0);
    a.sd(T1, 8, T0);
    a.li(T0, PAGE).ld(T1, 0, T0);
    a.addi(T1, T1, 7).sd(T1, 0, T0).ld(T1, 0, T0);
    a.li(T0, DEVICE).sb(T1, 0, T0);
    a.la(T0, handler).csrw(csr::stvec::NUMBER, T0);
    a.li(T0, csr::sie::STIE.mask()).csrw(csr::sie::NUMBER, T0);
    call(&mut a, 0x5449_4d45, 1 << 40);
    a.wfi();
    call(&mut a, 0x5449_4d45, 0);
    a.csrsi(csr::sstatus::NUMBER, 2);
    let forever = a.here();
    a.j(forever);
    a.align(4).place(handler);
    a.csrr(T1, csr::scause::NUMBER);
    a.li(T0, DEVICE).sb(T1, 1, T0);
    call(&mut a, 8, 0);
    a
}

#[test]
fn a_guest_sees_its_console_devices_memory_and_timer() {
    for variant in variants() {
        let mut world = World::new(variant, 1);
        let mut guest = world.guest(program());
        let putchar = Exit::Sbi { extension: 1, function: 0, args: [b'x'.into(), 0, 0, 0, 0, 0] };
        assert_eq!(world.run(0, &mut guest), Event::Exit(putchar), "{variant:?}");
        guest.thread.page().set_sbi_return([0, 0]);
        assert_eq!(world.run(0, &mut guest), load(5, 1));
        guest.answer(0x80);
        assert_eq!(world.run(0, &mut guest), store(8, 8, -0x80_i64 as u64));
        assert_eq!(world.run(0, &mut guest), store(0, 1, 7));

        assert_eq!(world.run(0, &mut guest), Event::Blocked);
        let vcpu = &guest.thread.vcpu;
        let due = (1_u64 << 40).wrapping_sub(guest.vm.time_delta());
        assert_eq!(vcpu.wake_time(world.machine.now()), Some(due));
        assert!(!vcpu.is_runnable(due - 1));
        assert!(vcpu.is_runnable(due));
        assert_eq!(world.run(0, &mut guest), store(1, 1, 5), "the timer interrupt, as the guest sees it");
        let shutdown = Exit::SystemEvent { event: SystemEvent::Shutdown, data: 0 };
        assert_eq!(world.run(0, &mut guest), Event::Exit(shutdown));
        assert!(!guest.thread.vcpu.is_runnable(u64::MAX), "it does not run again");
    }
}
