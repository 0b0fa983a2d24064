//! Interrupts that come as soon as a mode is entered: handlers of the tests' own.

use super::handler::trap_again;
use crate::Program;
use crate::prelude::*;

/// Enters `mode`, HS or U, and checks that an interrupt is taken at once into `taken`, M or HS, with this
/// cause and the mode it came from. Changes `a0` to `a3`, `s2` and for a while the trap vector.
pub(super) fn taken_at_once(p: &mut Program, mode: Mode, cause: Interrupt, taken: Mode) {
    use csr::{mstatus, sstatus};
    let (vector, cause_csr, value_csr, status_csr) = if taken == Mode::M {
        (csr::mtvec::NUMBER, csr::mcause::NUMBER, csr::mtval::NUMBER, mstatus::NUMBER)
    } else {
        (csr::stvec::NUMBER, csr::scause::NUMBER, csr::stval::NUMBER, sstatus::NUMBER)
    };
    let handler = p.label();
    p.csrr(S2, vector).la(A0, handler).csrw(vector, A0);
    p.in_mode(mode, |p| {
        p.li(A3, 1000);
        let again = p.here();
        p.addi(A3, A3, -1).bnez(A3, again);
        p.unreachable("an interrupt is due");
        p.align(4);
        p.place(handler);
        p.assume_mode(taken);
        p.csrw(vector, S2).csrr(A0, cause_csr).csrr(A1, status_csr).csrr(A2, value_csr);
        if taken == Mode::M {
            trap_again(p);
        }
    });
    p.check_eq(A0, 1 << 63 | cause as u64, &format!("cause of an interrupt in {mode}-mode"));
    p.check_eq(A2, 0, "trap value of an interrupt");
    let (previous, enable) =
        if taken == Mode::M { (mstatus::MPP, mstatus::MIE) } else { (sstatus::SPP, sstatus::SIE) };
    let mask = previous.mask() | enable.mask();
    p.check_bits(A1, mask, previous.of(mode.privilege as u64), "status after an interrupt");
}
