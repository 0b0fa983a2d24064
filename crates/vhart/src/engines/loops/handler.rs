//! The trap handlers: what raised an exception is passed over, a timer is set again, and an environment call with 1
//! in `a7` ends the phase.

use isa::asm::{Asm, Label};
use isa::csr;
use isa::reg::{A7, RA, T0, T1, T2, ZERO};

use super::layout::{CODE, MTIME, SPAN_BITS, TIMER};

/// Causes with which the instruction itself could not be fetched.
const FETCH: u64 = 1 << 1 | 1 << 12 | 1 << 20;

/// STI, as the handler has shifted it.
const STI: i32 = 5 << 1;

/// The CSRs of a handler.
struct Csrs {
    scratch: u16,
    epc: u16,
    cause: u16,
}

/// Adds the handler of M-mode, which goes to `next` at the end of a phase with the hart's record in `t0`. A timer
/// is set `ticks` ahead.
pub(super) fn machine(a: &mut Asm, next: Label, ticks: i32) -> Label {
    let csrs = Csrs { scratch: csr::mscratch::NUMBER, epc: csr::mepc::NUMBER, cause: csr::mcause::NUMBER };
    let (entry, interrupt, out) = begin(a, &csrs, Some(next));
    a.place(interrupt);
    a.ld(T1, TIMER, T0).li(T2, MTIME).ld(T2, 0, T2).addi(T2, T2, ticks).sd(T2, 0, T1).j(out);
    entry
}

/// Adds the handler of HS- and VS-mode.
pub(super) fn supervisor(a: &mut Asm, ticks: i32) -> Label {
    let csrs = Csrs { scratch: csr::sscratch::NUMBER, epc: csr::sepc::NUMBER, cause: csr::scause::NUMBER };
    let (entry, interrupt, out) = begin(a, &csrs, None);
    let other = a.label();
    a.place(interrupt);
    a.csrr(T2, csr::time::NUMBER).addi(T2, T2, ticks).slli(T1, T1, 1).addi(T1, T1, -STI).bnez(T1, other);
    a.csrw(csr::stimecmp::NUMBER, T2).j(out);
    a.place(other);
    a.csrw(csr::vstimecmp::NUMBER, T2).csrw(csr::hvip::NUMBER, ZERO).csrci(csr::sip::NUMBER, 2).j(out);
    entry
}

/// Everything but interrupts; returns the entry, where interrupts are handled, and what returns from the trap.
fn begin(a: &mut Asm, csrs: &Csrs, next: Option<Label>) -> (Label, Label, Label) {
    let [interrupt, out, skip, back] = [(); 4].map(|()| a.label());
    a.align(4);
    let entry = a.here();
    a.csrrw(T0, csrs.scratch, T0).sd(T1, 8, T0).sd(T2, 16, T0).csrr(T1, csrs.scratch).sd(T1, 0, T0);
    a.csrr(T1, csrs.cause).blt(T1, ZERO, interrupt);
    a.li(T2, FETCH).srl(T2, T2, T1).andi(T2, T2, 1).bnez(T2, back);
    a.addi(T2, T1, -8).sltiu(T2, T2, 4).beqz(T2, skip).addi(T2, A7, -1).bnez(T2, skip);
    match next {
        Some(next) => a.j(next),
        None => a.ecall(),
    };
    a.place(back);
    a.csrw(csrs.epc, RA).j(out);
    // The instruction at the same place in physical memory tells its length.
    let high = 64 - SPAN_BITS as i32;
    a.place(skip);
    a.csrr(T2, csrs.epc).slli(T2, T2, high).srli(T2, T2, high).li(T1, CODE).add(T2, T2, T1).lhu(T2, 0, T2);
    a.andi(T2, T2, 3).addi(T2, T2, -3).sltiu(T2, T2, 1).slli(T2, T2, 1);
    a.csrr(T1, csrs.epc).add(T1, T1, T2).addi(T1, T1, 2).csrw(csrs.epc, T1);
    a.place(out);
    a.csrw(csrs.scratch, T0).ld(T1, 8, T0).ld(T2, 16, T0).ld(T0, 0, T0);
    if next.is_some() {
        a.mret()
    } else {
        a.sret()
    };
    (entry, interrupt, out)
}
