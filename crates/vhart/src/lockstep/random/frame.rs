//! What every random program begins and ends with: the trap handlers, and a state of the machine that
//! reset alone does not give.
//!
//! A handler reads what the trap has left. The first one of a body goes back into it, if the body says
//! where; otherwise each hands over to the mode above, and M-mode goes on after the body.

use isa::asm::Asm;
use isa::csr;
use isa::paging::PAGE_SIZE;
use isa::reg::{FReg, Reg, S3, T0, T1, ZERO};

use super::instruction::{NEXT, POINTERS, RESUME};
use super::layout::{DATA, HS_VECTORS, M_VECTORS, TOHOST, VS_VECTORS};

/// Where `mtimecmp` of the first hart is.
const MTIMECMP: u64 = 0x200_4000;

/// Vectors: one for each interrupt that a base of 64 bytes allows.
const VECTORS: usize = 16;

/// CSRs that programs set or read, and whose values after reset are not all defined.
const ZEROED: [u16; 41] = [
    csr::medeleg::NUMBER,
    csr::mideleg::NUMBER,
    csr::mie::NUMBER,
    csr::mip::NUMBER,
    csr::mcounteren::NUMBER,
    csr::mscratch::NUMBER,
    csr::mcause::NUMBER,
    csr::mepc::NUMBER,
    csr::mtval::NUMBER,
    csr::mtval2::NUMBER,
    csr::mtinst::NUMBER,
    csr::scounteren::NUMBER,
    csr::senvcfg::NUMBER,
    csr::sscratch::NUMBER,
    csr::scause::NUMBER,
    csr::sepc::NUMBER,
    csr::stval::NUMBER,
    csr::satp::NUMBER,
    csr::hstatus::NUMBER,
    csr::hedeleg::NUMBER,
    csr::hideleg::NUMBER,
    csr::hie::NUMBER,
    csr::hvip::NUMBER,
    csr::hcounteren::NUMBER,
    csr::henvcfg::NUMBER,
    csr::htimedelta::NUMBER,
    csr::htval::NUMBER,
    csr::htinst::NUMBER,
    csr::hgatp::NUMBER,
    csr::vsstatus::NUMBER,
    csr::vsie::NUMBER,
    csr::vsip::NUMBER,
    csr::vsscratch::NUMBER,
    csr::vscause::NUMBER,
    csr::vsepc::NUMBER,
    csr::vstval::NUMBER,
    csr::vsatp::NUMBER,
    csr::fcsr::NUMBER,
    csr::pmpaddr0::NUMBER,
    csr::sstatus::NUMBER,
    csr::minstret::NUMBER,
];

/// Adds the handlers and what sets the machine up; `menvcfg` stays as it is given.
pub(crate) fn begin(a: &mut Asm, menvcfg: u64, notes: &mut Vec<(u64, String)>) {
    use csr::{hstatus, htinst, htval, mcause, mepc, mstatus, mtinst, mtval, mtval2};
    use csr::{scause, sepc, sstatus, stval, vsstatus};
    let begin = a.label();
    a.j(begin);
    let first = [scause::NUMBER, sepc::NUMBER, stval::NUMBER, sstatus::NUMBER];
    let second = [htval::NUMBER, htinst::NUMBER, hstatus::NUMBER, vsstatus::NUMBER];
    let machine = [mcause::NUMBER, mepc::NUMBER, mtval::NUMBER, mtval2::NUMBER, mtinst::NUMBER];
    for (mode, base, read) in [
        ("M", M_VECTORS, [&machine[..], &[mstatus::NUMBER, hstatus::NUMBER, vsstatus::NUMBER]].concat()),
        ("HS", HS_VECTORS, [first, second].concat()),
        ("VS", VS_VECTORS, first.to_vec()),
    ] {
        a.space((base - a.pc()) as usize);
        notes.push((base, format!("traps to {mode}-mode")));
        let [handler, above] = [(); 2].map(|()| a.label());
        for _ in 0..VECTORS {
            a.j(handler);
        }
        a.place(handler);
        for number in read {
            a.csrr(T0, number);
        }
        a.beqz(RESUME, above);
        a.csrw(if mode == "M" { mepc::NUMBER } else { sepc::NUMBER }, RESUME).mv(RESUME, ZERO);
        // A trap return may keep or drop the reservation; the manual's advice is a dummy SC.
        a.sc_w(ZERO, ZERO, S3, isa::asm::Order::Plain);
        if mode == "M" {
            a.mret().place(above);
            a.jr(NEXT);
        } else {
            a.sret().place(above);
            a.ecall();
        }
    }
    notes.push((a.pc(), "begin".to_owned()));
    // Other extensions show here already, before anything that has them is executed.
    a.place(begin);
    a.csrr(T0, csr::misa::NUMBER);
    for (number, base) in
        [(csr::mtvec::NUMBER, M_VECTORS), (csr::stvec::NUMBER, HS_VECTORS), (csr::vstvec::NUMBER, VS_VECTORS)]
    {
        a.li(T0, base).csrw(number, T0);
    }
    a.li(T0, MTIMECMP).li(T1, u64::MAX).sd(T1, 0, T0);
    a.li(T0, csr::menvcfg::STCE.mask()).csrw(csr::menvcfg::NUMBER, T0);
    a.csrw(csr::stimecmp::NUMBER, T1).csrw(csr::vstimecmp::NUMBER, T1);
    a.li(T0, menvcfg).csrw(csr::menvcfg::NUMBER, T0);
    a.li(T0, mstatus::FS.of(1)).csrw(mstatus::NUMBER, T0);
    for number in ZEROED {
        a.csrw(number, ZERO);
    }
    a.li(T0, mstatus::FS.of(1)).csrw(mstatus::NUMBER, T0);
    // The first entry is for the data, the second opens everything.
    a.csrw(csr::pmpaddr0::NUMBER + 1, T1).li(T0, 0x1f << 8).csrw(csr::pmpcfg0::NUMBER, T0);
    for register in FReg::ALL {
        a.fmv_d_x(register, ZERO);
    }
    for register in Reg::ALL {
        a.li(register, if POINTERS.contains(&register) { DATA + PAGE_SIZE } else { 0 });
    }
}

/// Adds what lets M-mode prepare a block, whatever the last one has left.
pub(crate) fn prepare(a: &mut Asm) {
    a.li(T0, csr::mstatus::FS.of(1)).csrw(csr::mstatus::NUMBER, T0);
}

/// Adds what ends the program.
pub(crate) fn end(a: &mut Asm) {
    a.li(T0, TOHOST).li(T1, 1).sd(T1, 0, T0);
    let done = a.here();
    a.j(done);
}
