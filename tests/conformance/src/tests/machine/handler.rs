//! A trap handler of a test's own.

use crate::Program;
use crate::prelude::*;

/// Writes code that traps into M-mode, from whatever mode; the test goes on in M-mode, where the trap was
/// taken. Changes `s4` and `t0`.
pub(super) fn caught(p: &mut Program, body: impl FnOnce(&mut Program)) {
    let handler = p.label();
    p.csrr(S4, csr::mtvec::NUMBER).la(T0, handler).csrw(csr::mtvec::NUMBER, T0);
    body(p);
    p.unreachable("a trap is taken");
    p.align(4);
    p.place(handler);
    p.assume_mode(Mode::M);
    p.csrw(csr::mtvec::NUMBER, S4);
}

/// Lets the hart trap again in M-mode without an MRET: clears MDT, which a trap sets (Smdbltrp).
pub(super) fn trap_again(p: &mut Program) {
    p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MDT.mask());
}

/// In M-mode: goes to `mode`, which must be S or U, and on there.
pub(super) fn go_to(p: &mut Program, mode: Mode) {
    let there = p.label();
    p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, mode.privilege as u64);
    p.la(T0, there).csrw(csr::mepc::NUMBER, T0).mret();
    p.place(there);
    p.assume_mode(mode);
}
