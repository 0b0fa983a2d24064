//! Trap handlers of tests' own, for what comes as soon as a mode is entered or an interrupt is let through.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;

/// The vector of the mode that takes traps: M, HS or VS.
fn vector(taken: Mode) -> u16 {
    match (taken, taken.virt) {
        (Mode::M, _) => csr::mtvec::NUMBER,
        (_, true) => csr::vstvec::NUMBER,
        (_, false) => csr::stvec::NUMBER,
    }
}

/// The same vector as `taken` itself calls it.
fn own_vector(taken: Mode) -> u16 {
    if taken == Mode::M { csr::mtvec::NUMBER } else { csr::stvec::NUMBER }
}

/// Writes code that traps into `taken`, from whatever mode; the test goes on in `taken`, where the trap was
/// taken. The code begins in a mode that can write the vector. Changes `s4` and `t0`.
pub(super) fn caught(p: &mut Program, taken: Mode, body: impl FnOnce(&mut Program)) {
    let (handler, vector) = (p.label(), vector(taken));
    p.csrr(S4, vector).la(T0, handler).csrw(vector, T0);
    body(p);
    p.unreachable("a trap is taken");
    p.align(4);
    p.place(handler);
    p.assume_mode(taken);
    p.csrw(own_vector(taken), S4);
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

/// Enters `mode` and checks that an interrupt is taken at once into `taken`, with this cause and the trap CSRs
/// as an interrupt leaves them. Changes `a0` to `a5`, `s2` and for a while the trap vector.
pub(super) fn taken_at_once(p: &mut Program, mode: Mode, cause: Interrupt, taken: Mode) {
    use csr::{hstatus, mstatus, sstatus};
    let (cause_csr, status_csr, value_csr) = match taken {
        Mode::M => (csr::mcause::NUMBER, mstatus::NUMBER, csr::mtval::NUMBER),
        _ => (csr::scause::NUMBER, sstatus::NUMBER, csr::stval::NUMBER),
    };
    let shows_guest = taken == Mode::HS && p.cpu().has(Ext::H);
    let (handler, vector) = (p.label(), vector(taken));
    p.csrr(S2, vector).la(A0, handler).csrw(vector, A0);
    p.in_mode(mode, |p| {
        wait_in_vain(p);
        p.align(4);
        p.place(handler);
        p.assume_mode(taken);
        p.csrr(A0, cause_csr).csrr(A1, status_csr).csrr(A2, value_csr);
        if shows_guest {
            p.csrr(A3, hstatus::NUMBER).csrr(A4, csr::htval::NUMBER).csrr(A5, csr::htinst::NUMBER);
        }
        p.csrw(own_vector(taken), S2);
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
    if shows_guest {
        let (spv, gva) = (hstatus::SPV, hstatus::GVA);
        p.check_bits(A3, spv.mask() | gva.mask(), spv.of(mode.virt.into()), "SPV and GVA after an interrupt");
        p.check_eq(A4, 0, "htval after an interrupt");
        p.check_eq(A5, 0, "htinst after an interrupt");
    }
}

/// Checks in `mode`, HS or VS, that pending and enabled interrupts come in the order of `causes` when SIE is
/// set. Each is then disabled in `sie` or, those of VS level in HS-mode, in `hie`.
pub(super) fn taken_in_order(p: &mut Program, mode: Mode, causes: &[Interrupt]) {
    let vector = if mode.virt { csr::vstvec::NUMBER } else { csr::stvec::NUMBER };
    let (handler, end) = (p.label(), p.label());
    p.csrr(S2, vector).la(A0, handler).csrw(vector, A0);
    p.in_mode(mode, |p| {
        for cause in causes {
            let after = p.label();
            p.la(A2, after);
            p.csrsi(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
            wait_in_vain(p);
            p.place(after);
            p.check_eq(A0, 1 << 63 | *cause as u64, &format!("{cause:?} comes next"));
            let supervisor =
                matches!(cause, Interrupt::Ssi | Interrupt::Sti | Interrupt::Sei | Interrupt::Lcofi);
            let enables = if supervisor { csr::sie::NUMBER } else { csr::hie::NUMBER };
            p.clear_csr(enables, cause.bit());
        }
        p.expect_no_trap("no more interrupts", |p| {
            p.csrsi(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
        });
        p.csrci(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
        p.j(end).align(4);
        p.place(handler);
        // Back to where `a2` says, with SIE clear.
        p.csrr(A0, csr::scause::NUMBER).csrw(csr::sepc::NUMBER, A2);
        p.clear_csr(csr::sstatus::NUMBER, csr::sstatus::SPIE.mask());
        p.sret();
        p.place(end);
    });
    p.csrw(vector, S2);
}

/// Time for an interrupt that is due, which must come before it is over.
fn wait_in_vain(p: &mut Program) {
    p.li(A3, 10_000);
    let again = p.here();
    p.addi(A3, A3, -1).bnez(A3, again);
    p.unreachable("an interrupt is due");
}
