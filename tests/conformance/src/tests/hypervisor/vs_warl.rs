//! What the VS CSRs can hold: the same as their supervisor counterparts.

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// Of vsstatus the fields of a guest's sstatus can be written; all else is zero, but UXL, which says 64.
    vsstatus_bits
    [rules "vsstatus_sz" "vsstatus_acc" "VSSTATUS_UXL_WARL" "vsstatus_uxl_op"]
    [cases 81 82]
    [needs H]
    |p| {
        use csr::vsstatus::{FS, MXR, NUMBER, SD, SIE, SPIE, SPP, SUM, UXL};
        let flags = [SIE, SPIE, SPP, SUM, MXR];
        let writable = flags.iter().fold(0, |bits, field| bits | field.mask());
        // SDT needs henvcfg.DTE, which is clear.
        p.write_csr(NUMBER, u64::MAX);
        p.check_csr(NUMBER, writable | FS.mask() | SD.mask() | UXL.of(2), "vsstatus after writing ones");
        p.write_csr(NUMBER, 0);
        p.check_csr(NUMBER, UXL.of(2), "vsstatus after writing zeros");
        for field in flags {
            p.check_write(NUMBER, field.mask(), field.mask() | UXL.of(2), "vsstatus with one field set");
            p.in_mode(Mode::VS, |p| {
                p.check_csr(csr::sstatus::NUMBER, field.mask() | UXL.of(2), "the guest's view of it");
            });
        }
        p.write_csr(NUMBER, 0);
        for xlen in [0, 1, 3] {
            p.check_write(NUMBER, UXL.of(xlen), UXL.of(2), "UXL is fixed");
        }
        p.in_mode(Mode::VS, |p| {
            p.write_csr(csr::sstatus::NUMBER, !SIE.mask());
            p.check_csr(
                csr::sstatus::NUMBER,
                writable & !SIE.mask() | FS.mask() | SD.mask() | UXL.of(2),
                "sstatus after the guest has written ones",
            );
            p.write_csr(csr::sstatus::NUMBER, 0);
            p.check_csr(csr::sstatus::NUMBER, UXL.of(2), "sstatus after the guest has written zeros");
        });
    }

    /// vstvec holds what stvec holds: any base of four bytes, and the modes Direct and Vectored.
    vstvec_holds_what_stvec_holds
    [rules "VSTVEC_MODE_WARL" "VSTVEC_BASE_WARL" "vstvec_sz" "vstvec_acc"]
    [cases 100]
    [needs H]
    |p| {
        p.csrr(S2, csr::vstvec::NUMBER).csrr(S3, csr::stvec::NUMBER);
        for number in [csr::vstvec::NUMBER, csr::stvec::NUMBER] {
            for base in [0, 4, 0x8000_0004, 0x7fff_ffff_fffc, 0xffff_ffff_ffff_fffc, 0xffff_ffc0_0000_0000] {
                p.check_write(number, base, base, "BASE with Direct");
            }
            for base in [0x100, 0x8000_0100] {
                p.check_write(number, base | 1, base | 1, "BASE with Vectored");
            }
            // A reserved mode is none that can be held.
            for mode in [2, 3] {
                p.write_csr(number, 0x8000_0100 | mode);
                p.csrr(A0, number).andi(A0, A0, 2);
                p.check_eq(A0, 0, "the reserved bit of MODE");
            }
        }
        p.csrw(csr::vstvec::NUMBER, S2).csrw(csr::stvec::NUMBER, S3);
    }

    /// Interrupts of the guest are vectored by their cause as the guest sees it; exceptions are not.
    vstvec_vectored
    [rules "vstvec_op" "VSTVEC_MODE_WARL" "hideleg_trans"]
    [cases 100]
    [needs H]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        p.write_csr(csr::hideleg::NUMBER, VS_LEVEL);
        p.write_csr(csr::hie::NUMBER, VS_LEVEL);
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        p.write_csr(csr::hedeleg::NUMBER, Exception::Breakpoint.bit());
        for (pending, entry) in [(Interrupt::Vssi, 1), (Interrupt::Vsti, 5), (Interrupt::Vsei, 9)] {
            p.write_csr(csr::hvip::NUMBER, pending.bit());
            check_vector_entry(p, entry);
        }
        p.write_csr(csr::hvip::NUMBER, 0);
        check_vector_entry(p, 0);
    }

    /// vsepc holds any even address, and sepc the same.
    vsepc_holds_what_sepc_holds
    [rules "VSEPC_WARL" "vspec_sz" "vspec_acc"]
    [cases 100]
    [needs H]
    |p| {
        for number in [csr::vsepc::NUMBER, csr::sepc::NUMBER] {
            p.check_writable(number, !1, 0);
            for value in [2, 0x8000_0006, 0x0123_4567_89ab_cdee, 0xffff_ffff_ffff_fffe] {
                p.check_write(number, value | 1, value, "an exception program counter");
            }
        }
    }

    /// vscause holds every cause that there is, and vstval every address, as scause and stval do.
    vscause_and_vstval_hold_what_theirs_hold
    [rules "VSCAUSE_WLRL" "VSTVAL_WARL" "vscause_sz" "vscause_acc" "vstval_sz" "vstval_acc"]
    [needs H]
    |p| {
        for number in [csr::vscause::NUMBER, csr::scause::NUMBER] {
            for exception in Exception::ALL {
                p.check_write(number, exception as u64, exception as u64, "the cause of an exception");
            }
            for interrupt in [Interrupt::Ssi, Interrupt::Sti, Interrupt::Sei] {
                let cause = 1 << 63 | interrupt as u64;
                p.check_write(number, cause, cause, "the cause of an interrupt");
            }
        }
        for number in [csr::vstval::NUMBER, csr::stval::NUMBER, csr::vsscratch::NUMBER, csr::sscratch::NUMBER] {
            p.check_writable(number, u64::MAX, 0);
        }
    }
}

const VS_LEVEL: u64 = Interrupt::Vssi.bit() | Interrupt::Vsti.bit() | Interrupt::Vsei.bit();

/// Enters VU-mode, where a trap is taken into VS-mode in Vectored mode, at the latest by EBREAK, and checks
/// which entry it takes.
fn check_vector_entry(p: &mut Program, entry: u64) {
    let (table, landed) = (p.label(), p.label());
    p.la(A0, table).addi(A0, A0, 1).csrw(csr::vstvec::NUMBER, A0);
    p.in_mode(Mode::VU, |p| {
        p.li(A0, 1000);
        let again = p.here();
        p.addi(A0, A0, -1).bnez(A0, again).ebreak();
        let entries: Vec<Label> = (0..16).map(|_| p.label()).collect();
        p.align(256);
        p.place(table);
        for own in &entries {
            p.j(*own);
        }
        for (number, own) in entries.into_iter().enumerate() {
            p.place(own);
            p.li(A1, number as u64).j(landed);
        }
        p.place(landed);
        p.assume_mode(Mode::VS);
    });
    p.check_eq(A1, entry, "the entry of the vector");
}
