//! Whether a guest has used its memory is found out without its being kept from it. Privileged ISA, "Svade".

use isa::asm::prelude::*;
use isa::ext::Ext;
use isa::paging::Pte;
use kvm::Exit;

use crate::world::{DEVICE, Event, RAM, RAM_SIZE, World, store, variants};

/// Where the guest's page table is.
const TABLE: u64 = RAM + 0x20_0000;

/// Calls user space again and again, by addresses that it translates itself.
fn program() -> Asm {
    let mut a = Asm::new(RAM);
    let all =
        [Pte::V, Pte::R, Pte::W, Pte::X, Pte::A, Pte::D].iter().fold(0, |bits, field| bits | field.mask());
    a.li(S0, TABLE).li(T0, Pte::leaf(RAM, all).0).sd(T0, 16, S0);
    a.li(T0, 8 << 60 | TABLE >> 12).csrw(csr::satp::NUMBER, T0).sfence_vma(ZERO, ZERO);
    a.li(S0, 0).li(S1, RAM + 0x30_0000);
    let again = a.here();
    a.ld(T0, 0, S1).addi(S0, S0, 1).sd(S0, 0, S1).sfence_vma(ZERO, ZERO);
    a.li(A7, 1).mv(A0, S0);
    for register in [A1, A2, A3, A4, A5, A6] {
        a.li(register, 0);
    }
    a.ecall().j(again);
    a
}

#[test]
fn harts_that_leave_a_to_software_go_on_when_pages_are_aged() {
    for mut variant in variants() {
        for (updates_ad, reports_gpa) in [(true, true), (true, false), (false, true), (false, false)] {
            variant = variant.without(Ext::Svadu);
            (variant.updates_ad, variant.reports_gpa) = (updates_ad, reports_gpa);
            let mut world = World::new(variant, 1);
            let mut guest = world.guest(program());
            for round in 1..5 {
                let args = [round, 0, 0, 0, 0, 0];
                let expected = Event::Exit(Exit::Sbi { extension: 1, function: 0, args });
                assert_eq!(world.run(0, &mut guest), expected, "{variant:?}");
                let native::Machine { kernel, locals, .. } = &mut world.machine;
                let memory = guest.memory..guest.memory.offset(RAM_SIZE);
                assert!(guest.vm.age(kernel, memory.clone(), true), "it has used its memory");
                assert!(!guest.vm.age(kernel, memory, true), "it has not run since");
                if round == 3 {
                    // Now they are not cached either.
                    hyp::Hart::hfence_gvma(&mut locals[0].hart, None, None);
                }
            }
        }
    }
}

/// Stores to a device again and again.
fn storing() -> Asm {
    let mut a = Asm::new(RAM);
    a.li(S0, 0).li(S1, DEVICE);
    let again = a.here();
    a.addi(S0, S0, 1).sd(S0, 0, S1).j(again);
    a
}

#[test]
fn an_instruction_on_an_aged_page_is_read_all_the_same() {
    for mut variant in variants() {
        variant = variant.without(Ext::Svadu);
        (variant.updates_ad, variant.reports_tinst) = (false, false);
        let mut world = World::new(variant, 1);
        let mut guest = world.guest(storing());
        for round in 1..8 {
            assert_eq!(world.run(0, &mut guest), store(0, 8, round), "{variant:?}");
            let memory = guest.memory..guest.memory.offset(RAM_SIZE);
            guest.vm.age(&world.machine.kernel, memory, true);
        }
    }
}
