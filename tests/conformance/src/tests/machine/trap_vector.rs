//! mtvec: where traps into M-mode go.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;
use crate::tests::handler::trap_again;

conformance_tests! {
    /// mtvec holds any base of a multiple of four, and the modes Direct and Vectored; the reserved modes do
    /// not stay.
    mtvec_bits
    [rules "mtvec_enc" "mtvec_sz" "mtvec_acc" "MTVEC_WARL" "mtvec_mandatory" "MTVEC_RDONLY"
        "mtvec_base_align_4B" "MTVEC_BASE_ALIGN_FUNC_MODE" "mtvec_mode_enc"]
    |p| {
        use csr::mtvec::NUMBER;
        for base in (2..64).map(|n| 1 << n).chain([0, !3, 0x8000_0000, 0xffff_ffff_8000_0004]) {
            for mode in [0, 1] {
                p.write_csr(NUMBER, base | mode);
                p.csrr(A0, NUMBER);
                p.check_eq(A0, base | mode, "mtvec");
            }
            for reserved in [2, 3] {
                p.write_csr(NUMBER, base | reserved);
                p.csrr(A0, NUMBER).andi(A1, A0, 2);
                p.check_eq(A1, 0, "the upper bit of MODE after writing a reserved mode");
            }
        }
    }

    /// In Direct mode all traps into M-mode go to the base, from every mode.
    direct_traps_go_to_the_base
    [rules "mtvec_mode_direct_op" "mtvec_mode_enc"]
    |p| {
        let table = entries(p, 0);
        for mode in [Mode::M, Mode::HS, Mode::U] {
            exception_goes_to(p, mode, table, 0, 0);
            for interrupt in interrupts(p) {
                interrupt_goes_to(p, mode, table, 0, interrupt, 0);
            }
        }
    }

    /// In Vectored mode interrupts go to the base and four times their number, exceptions to the base.
    vectored_interrupts_go_to_their_entries
    [rules "mtvec_mode_vectored_op" "mtvec_mode_enc" "MTVEC_BASE_ALIGN_FUNC_MODE"]
    |p| {
        for offset in [0, 4] {
            // A base of no larger alignment than four is enough.
            let table = entries(p, offset);
            for mode in [Mode::M, Mode::HS, Mode::U] {
                exception_goes_to(p, mode, table, 1, 0);
                for interrupt in interrupts(p) {
                    interrupt_goes_to(p, mode, table, 1, interrupt, interrupt as u64);
                }
            }
        }
    }
}

/// Writes a trap vector of 16 entries, `offset` bytes after a multiple of 64, each of which puts its number
/// into `a0` and goes on where `a5` says.
fn entries(p: &mut Program, offset: usize) -> Label {
    let over = p.label();
    let slots: Vec<Label> = (0..16).map(|_| p.label()).collect();
    p.j(over);
    p.align(64).space(offset);
    let table = p.here();
    for slot in &slots {
        p.j(*slot);
    }
    for (n, slot) in (0..).zip(slots) {
        p.place(slot);
        p.li(A0, n).jr(A5);
    }
    p.place(over);
    table
}

/// The interrupts that a test can make pending, and that come while they are not delegated.
fn interrupts(p: &Program) -> Vec<Interrupt> {
    let mut all = vec![Interrupt::Ssi, Interrupt::Msi, Interrupt::Sti, Interrupt::Mti, Interrupt::Sei];
    if p.cpu().has(Ext::Sscofpmf) {
        all.push(Interrupt::Lcofi);
    }
    all
}

/// Checks that an illegal instruction in `mode` goes to an entry of `table`, in this mode of mtvec.
fn exception_goes_to(p: &mut Program, mode: Mode, table: Label, vector_mode: i32, entry: u64) {
    vector_to(p, mode, table, vector_mode, entry, |p| {
        p.csrrw(ZERO, csr::mhartid::NUMBER, ZERO);
    });
    p.check_csr(csr::mcause::NUMBER, Exception::IllegalInst as u64, "the cause of an illegal instruction");
}

/// Checks that an interrupt in `mode` goes to an entry of `table`, in this mode of mtvec.
fn interrupt_goes_to(
    p: &mut Program,
    mode: Mode,
    table: Label,
    vector_mode: i32,
    cause: Interrupt,
    entry: u64,
) {
    p.write_csr(csr::mie::NUMBER, cause.bit());
    match cause {
        Interrupt::Msi => word(p, device::MSIP, 1),
        Interrupt::Mti => {
            p.store(device::MTIMECMP, 0);
        }
        _ => p.set_csr(csr::mip::NUMBER, cause.bit()),
    }
    vector_to(p, mode, table, vector_mode, entry, |p| {
        if mode == Mode::M {
            p.csrsi(csr::mstatus::NUMBER, 1 << csr::mstatus::MIE.lo);
        }
        p.li(A3, 1000);
        let again = p.here();
        p.addi(A3, A3, -1).bnez(A3, again);
    });
    p.check_csr(csr::mcause::NUMBER, 1 << 63 | cause as u64, "the cause of an interrupt");
    p.csrw(csr::mie::NUMBER, ZERO).csrw(csr::mip::NUMBER, ZERO);
    word(p, device::MSIP, 0);
    p.store(device::MTIMECMP, u64::MAX);
}

/// Runs in `mode` what traps into M-mode, and checks that it goes to an entry of `table`.
fn vector_to(
    p: &mut Program,
    mode: Mode,
    table: Label,
    vector_mode: i32,
    entry: u64,
    body: impl FnOnce(&mut Program),
) {
    let landed = p.label();
    p.la(A5, landed).la(A0, table).addi(A0, A0, vector_mode);
    p.csrr(S2, csr::mtvec::NUMBER).csrw(csr::mtvec::NUMBER, A0).li(A0, 99);
    let whole = |p: &mut Program| {
        body(p);
        p.unreachable("there is a trap");
        p.place(landed);
        p.assume_mode(Mode::M);
        p.csrw(csr::mtvec::NUMBER, S2);
        trap_again(p);
    };
    if mode == Mode::M {
        whole(p);
        p.csrci(csr::mstatus::NUMBER, 1 << csr::mstatus::MIE.lo);
    } else {
        p.csrci(csr::mstatus::NUMBER, 1 << csr::mstatus::MIE.lo);
        // The call that leads back to M-mode is a trap of its own.
        p.in_mode(mode, |p| {
            whole(p);
            p.csrr(S3, csr::mcause::NUMBER);
        });
        p.csrw(csr::mcause::NUMBER, S3);
    }
    p.check_eq(A0, entry, &format!("the entry of a trap in {mode}-mode"));
}

/// Stores a word at an address.
fn word(p: &mut Program, address: u64, value: u64) {
    p.li(A3, address).li(A4, value).sw(A4, 0, A3);
}
