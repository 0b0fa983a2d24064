//! The alarm that a hart rings for one guest's timer is that guest's alone. SBI, "Timer Extension".

use isa::asm::prelude::*;
use iss::Variant;
use kvm::Register;

use crate::world::{DEVICE, RAM, World, store};

/// What a guest sets its timer to: very soon.
const SOON: u64 = 50;

/// Sets the timer by SBI, and does nothing for a while.
fn with_timer() -> Asm {
    let mut a = Asm::new(RAM);
    a.li(A7, 0x5449_4d45).li(A6, 0).csrr(A0, csr::time::NUMBER).addi(A0, A0, SOON as i32).ecall();
    a.li(T0, DEVICE).sd(ZERO, 0, T0);
    a
}

/// Needs more time than that.
fn busy() -> Asm {
    let mut a = Asm::new(RAM);
    a.li(T0, 20 * SOON);
    let again = a.here();
    a.addi(T0, T0, -1).bnez(T0, again);
    a.li(T0, DEVICE).sd(ZERO, 8, T0);
    a
}

/// Has a guest do without a comparator of its own.
fn take_sstc(guest: &mut crate::world::Guest) {
    let sstc = Register::isa_extension(kvm::extension::isa("sstc").unwrap());
    guest.thread.vcpu.set_one_reg(sstc, 0, &0_u64.to_le_bytes()).unwrap();
}

#[test]
fn a_guest_with_sstc_is_not_woken_for_one_without() {
    let mut world = World::new(Variant::default(), 1);
    let (mut first, mut second) = (world.guest(with_timer()), world.guest(busy()));
    take_sstc(&mut first);
    assert_eq!(world.run(0, &mut first), store(0, 8, 0));
    assert_eq!(world.run(0, &mut second), store(8, 8, 0), "the alarm rings again and again");
}

#[test]
fn an_alarm_from_before_a_hart_was_given_back_or_forgot_does_not_ring() {
    for forgets in [true, false] {
        let mut world = World::new(Variant::default(), 1);
        let (mut first, mut second) = (world.guest(with_timer()), world.guest(busy()));
        take_sstc(&mut first);
        take_sstc(&mut second);
        assert_eq!(world.run(0, &mut first), store(0, 8, 0));
        if forgets {
            world.machine.locals[0].forget();
        } else {
            let hypervisor = world.machine.hypervisor.clone();
            let hart = world.machine.locals.remove(0).disable();
            world.machine.locals.push(hyp::Local::enable(hypervisor, hart, 0));
        }
        assert_eq!(world.run(0, &mut second), store(8, 8, 0), "the alarm rings again and again");
    }
}
