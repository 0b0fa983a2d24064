//! A trap that the hypervisor injects leaves the guest as a trap of its own does.

use isa::asm::prelude::*;
use iss::Variant;
use kvm::Register;
use kvm::one_reg::{CSR_GENERAL, index};

use crate::world::{Event, RAM, World};

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
    let mut world = World::new(Variant::default(), 1);
    let mut guest = world.guest(program(trapping, sstatus, user));
    if !delegated {
        guest.thread.vcpu.config_mut().hedeleg = 0;
    }
    assert!(matches!(world.run(0, &mut guest), Event::Exit(kvm::Exit::Sbi { extension: 1, .. })));
    // The first fetch, the call, and the trap where it comes here first.
    assert_eq!(guest.thread.vcpu.counts().total(), 2 + u64::from(!delegated));
    [
        Register::csr(CSR_GENERAL, index::csr::SSTATUS),
        Register::csr(CSR_GENERAL, index::csr::SEPC),
        Register::csr(CSR_GENERAL, index::csr::SCAUSE),
        Register::csr(CSR_GENERAL, index::csr::STVAL),
        Register::PC,
        Register::core(index::core::MODE),
    ]
    .map(|register| {
        let mut value = [0; 8];
        guest.thread.vcpu.get_one_reg(register, 0, &mut value).unwrap();
        u64::from_le_bytes(value)
    })
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
