//! Interrupts that come at once, or one after the other: handlers of the tests' own.

use crate::Program;
use crate::prelude::*;

/// Enters `mode` and checks that an interrupt is taken at once into `taken`, with this cause and the trap CSRs
/// as an interrupt leaves them. Changes `a0` to `a5`, `s2` and the vector's mode bits for a while.
pub(super) fn taken_at_once(p: &mut Program, mode: Mode, cause: Interrupt, taken: Mode) {
    let vector = if taken.virt { csr::vstvec::NUMBER } else { csr::stvec::NUMBER };
    let handler = p.label();
    p.csrr(S2, vector).la(A0, handler).csrw(vector, A0);
    p.in_mode(mode, |p| {
        wait_in_vain(p);
        p.align(4);
        p.place(handler);
        p.assume_mode(taken);
        p.csrr(A0, csr::scause::NUMBER).csrr(A1, csr::sstatus::NUMBER).csrr(A2, csr::stval::NUMBER);
        if !taken.virt {
            p.csrr(A3, csr::hstatus::NUMBER).csrr(A4, csr::htval::NUMBER).csrr(A5, csr::htinst::NUMBER);
        }
    });
    p.csrw(vector, S2);
    p.check_eq(A0, 1 << 63 | cause as u64, &format!("cause of an interrupt in {mode}-mode"));
    let (spp, sie) = (csr::sstatus::SPP, csr::sstatus::SIE);
    p.check_bits(
        A1,
        spp.mask() | sie.mask(),
        spp.of(mode.privilege as u64),
        "SPP and SIE after an interrupt",
    );
    p.check_eq(A2, 0, "stval after an interrupt");
    if !taken.virt {
        let (spv, gva) = (csr::hstatus::SPV, csr::hstatus::GVA);
        p.check_bits(A3, spv.mask() | gva.mask(), spv.of(mode.virt.into()), "SPV and GVA after an interrupt");
        p.check_eq(A4, 0, "htval after an interrupt");
        p.check_eq(A5, 0, "htinst after an interrupt");
    }
}

/// Checks in `mode`, HS or VS, that pending and enabled interrupts come in the order of `causes` when SIE is
/// set. Each is then disabled in `sie` or, those of VS level in HS-mode, in `hie`.
pub(in crate::tests) fn taken_in_order(p: &mut Program, mode: Mode, causes: &[Interrupt]) {
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
