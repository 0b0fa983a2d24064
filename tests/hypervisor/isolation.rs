//! Guests that use the same addresses do not see each other, on however few VMIDs, and wherever they run.

use isa::asm::prelude::*;
use kvm::Exit;

use crate::world::{Event, Guest, RAM, World, variants};

/// A page that each guest has.
const PAGE: u64 = RAM + 0x12_3000;

/// Adds its own number, which it keeps in CSRs, to what it finds in a page, and shows the sum each time.
fn counter(number: u64) -> Asm {
    let mut a = Asm::new(RAM);
    a.li(S0, PAGE).li(S1, number);
    a.csrw(csr::sscratch::NUMBER, S1).csrw(csr::scounteren::NUMBER, S1);
    a.li(T0, csr::senvcfg::FIOM.mask()).csrw(csr::senvcfg::NUMBER, T0);
    let again = a.here();
    a.ld(T0, 0, S0);
    // Where these are another guest's or the host's, the sum is wrong.
    a.csrr(T1, csr::sscratch::NUMBER).csrr(T2, csr::scounteren::NUMBER).and(T1, T1, T2);
    a.csrr(T2, csr::senvcfg::NUMBER).add(T1, T1, T2).addi(T1, T1, -1);
    a.add(T0, T0, T1).sd(T0, 0, S0);
    a.mv(A0, T0).li(A1, 0).li(A2, 0).li(A3, 0).li(A4, 0).li(A5, 0).li(A6, 0).li(A7, 1).ecall();
    a.j(again);
    a
}

fn shown(sum: u64) -> Event {
    Event::Exit(Exit::Sbi { extension: 1, function: 0, args: [sum, 0, 0, 0, 0, 0] })
}

#[test]
fn machines_with_the_same_addresses_do_not_see_each_other() {
    for variant in variants() {
        let mut world = World::new(variant, 1);
        let mut guests: Vec<Guest> = (1..=5).map(|number| world.guest(counter(number))).collect();
        for round in 1..=6 {
            for (number, guest) in (1..).zip(&mut guests) {
                assert_eq!(world.run(0, guest), shown(round * number), "{variant:?}");
            }
        }
    }
}

/// Uses VMIDs up until so few are left that the guests of a test come to the end of them.
fn use_up(world: &mut World, left: u32) {
    let native::Machine { kernel, locals, hypervisor, .. } = &mut world.machine;
    let vmids = &hypervisor.vmids;
    let count = (1_u32 << vmids.bits()).saturating_sub(1);
    for _ in 0..count.saturating_sub(left) {
        vmids.update(&mut locals[0].hart, 0, kernel, &hypervisor.harts, &hyp::vmid::Vmid::default());
    }
}

#[test]
fn vmids_that_run_out_are_never_shared() {
    for (vmid_len, harts) in [(0, 4), (1, 1), (1, 4), (2, 2), (2, 3), (2, 4), (7, 4), (14, 4)] {
        for variant in variants() {
            let variant = iss::Variant { vmid_len, ..variant };
            let mut world = World::new(variant, harts);
            let mut guests: Vec<Guest> = (1..=7).map(|number| world.guest(counter(number))).collect();
            let mut renewed = 0;
            for round in 1..=8 {
                use_up(&mut world, 3);
                for (number, guest) in (1..).zip(&mut guests) {
                    let before = guest.vm.vmid.number();
                    // Each guest wanders over the harts, at its own pace.
                    let hart = (round * number) as usize % harts;
                    assert_eq!(world.run(hart, guest), shown(round * number), "{variant:?}");
                    renewed += u32::from(guest.vm.vmid.number() != before);
                }
            }
            assert_eq!(renewed > 0, !world.machine.hypervisor.vmids.is_unused());
        }
    }
}
