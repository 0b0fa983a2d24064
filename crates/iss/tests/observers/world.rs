//! A hypervisor and its guest.

use isa::Mode;
use isa::asm::prelude::*;
use isa::paging::{Pte, SV39, SV39X4};

use crate::twins::{BASE, Side};

/// The hypervisor's trap handler, the guest, and data of both.
pub(crate) const HANDLER: u64 = BASE + 0x1000;
pub(crate) const GUEST: u64 = BASE + 0x2000;
pub(crate) const DATA: u64 = BASE + 0x3000;

/// Where the guest's data are in its own address space.
pub(crate) const GUEST_DATA: u64 = 0x4000_0000;

/// A hypervisor that enters its guest, which accesses memory and asks it for something, over and over; the hypervisor looks into the guest's memory, and now and then changes its tables.
pub(crate) fn world(side: &mut Side) {
    let load = |side: &Side, at: u64, write: &dyn Fn(&mut Asm)| {
        let mut a = Asm::new(at);
        write(&mut a);
        side.bus.ram.write(at, &a.finish().expect("the program assembles")).expect("main memory");
    };
    load(side, BASE, &|a| {
        a.li(S6, DATA).li(S7, GUEST_DATA).li(S8, GUEST).csrw(csr::sepc::NUMBER, S8).sret();
    });
    load(side, HANDLER, &|a| {
        let (kept, loops) = (a.label(), a.label());
        a.addi(S9, S9, 1).ld(T1, 8, S6).addi(T1, T1, 1).sd(T1, 8, S6);
        a.hlv_d(T2, S7).addi(T2, T2, 1).hsv_d(T2, S7);
        a.andi(T1, S9, 3).bnez(T1, kept).hfence_gvma(ZERO, ZERO);
        a.place(kept);
        a.li(T1, 3).place(loops);
        a.addi(T1, T1, -1).lw(T2, 16, S6).bnez(T1, loops);
        a.csrr(T1, csr::sepc::NUMBER).addi(T1, T1, 4).csrw(csr::sepc::NUMBER, T1).sret();
    });
    load(side, GUEST, &|a| {
        let again = a.here();
        a.mv(T0, S7).li(T1, 5).ld(T1, 0, T0).sd(T1, 0, T0).lw(T1, 0x7fe, T0).ecall();
        a.ld(T1, 0, T0).addi(T1, T1, 1).sd(T1, 24, T0).lui(T3, 0x50000).lw(T1, 0, T3).c_nop().j(again);
    });
    let [first, guest] = [(); 2].map(|()| side.new_root());
    side.map(&SV39, first, BASE, 2, Pte::leaf(BASE, 0xcf));
    side.map(&SV39, first, GUEST_DATA, 0, Pte::leaf(GUEST_DATA, 0xcf));
    side.map(&SV39X4, guest, BASE, 1, Pte::leaf(BASE, 0xdf));
    side.map(&SV39X4, guest, GUEST_DATA, 0, Pte::leaf(DATA, 0xdf));
    side.set(csr::vsatp::NUMBER, csr::vsatp::MODE.of(8) | first >> 12);
    side.set(csr::hgatp::NUMBER, csr::hgatp::MODE.of(8) | guest >> 12);
    side.set(csr::hstatus::NUMBER, csr::hstatus::SPVP.mask() | csr::hstatus::SPV.mask());
    side.set_field(csr::mstatus::NUMBER, csr::mstatus::FS, 3);
    side.set_field(csr::mstatus::NUMBER, csr::mstatus::SPP, 1);
    side.set(csr::medeleg::NUMBER, u64::MAX);
    side.set(csr::stvec::NUMBER, HANDLER);
    side.harts[0].set_mode(Mode::HS);
    side.harts[0].set_pc(BASE);
}
