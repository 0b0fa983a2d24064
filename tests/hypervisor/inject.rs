//! A trap that the hypervisor injects leaves the guest as a trap of its own does.

use hyp::Outcome;
use isa::asm::prelude::*;
use iss::Variant;

use crate::guest::{RAM, World};

/// Goes to a trapping instruction in VS- or VU-mode with `sstatus` as given; its trap handler calls the SBI.
fn program(trapping: u32, sstatus: u64, user: bool) -> Asm {
    let mut a = Asm::new(RAM);
    let (handler, place) = (a.label(), a.label());
    a.la(T0, handler).csrw(csr::stvec::NUMBER, T0);
    a.li(T0, sstatus).csrw(csr::sstatus::NUMBER, T0);
    if user {
        // sret takes SIE from SPIE.
        a.la(T0, place).csrw(csr::sepc::NUMBER, T0);
        a.sret();
    }
    a.place(place);
    a.word(trapping);
    a.align(4).place(handler);
    a.li(A7, 1).ecall();
    a
}

/// Everything that a trap changes, as it is when the handler makes its call.
fn after_trap(trapping: u32, sstatus: u64, user: bool, delegated: bool) -> [u64; 6] {
    let mut world = World::new(Variant::default());
    let mut guest = world.guest(program(trapping, sstatus, user));
    if !delegated {
        guest.vcpu.config.hedeleg = 0;
    }
    world.load(&mut guest);
    assert_eq!(world.run(&mut guest), Outcome::WriteByte(0));
    let injected = guest.vcpu.counts.total() - 1;
    // The first fetch may fault as well, but the image is there from the start.
    assert_eq!(injected, u64::from(!delegated));
    let csr = |number| world.machine.csr_value(number);
    [
        csr(csr::vsstatus::NUMBER),
        csr(csr::vsepc::NUMBER),
        csr(csr::vscause::NUMBER),
        csr(csr::vstval::NUMBER),
        guest.vcpu.pc(),
        csr::sstatus::SPP.get(guest.vcpu.context.guest.sstatus),
    ]
}

#[test]
fn injection_and_the_harts_own_trap_entry_agree() {
    let ebreak = 0x0010_0073;
    let undefined = 0xffff_ffff;
    let ecall = 0x0000_0073;
    let (sie, spie, sum) = (csr::sstatus::SIE.mask(), csr::sstatus::SPIE.mask(), csr::sstatus::SUM.mask());
    for trapping in [ebreak, undefined, ecall] {
        for sstatus in [0, sie, spie, sie | spie, sum | spie] {
            for user in [false, true] {
                // A call from VS-mode is the hypervisor's.
                if trapping == ecall && !user {
                    continue;
                }
                assert_eq!(
                    after_trap(trapping, sstatus, user, false),
                    after_trap(trapping, sstatus, user, true),
                    "{trapping:#x}, sstatus {sstatus:#x}, from VU: {user}"
                );
            }
        }
    }
}
