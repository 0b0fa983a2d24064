//! Traps that come while traps are disabled in M-mode: mstatus.MDT.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;
use crate::program::FIRST_STATUS;
use csr::mstatus::{MDT, MIE, MPIE, SDT};

const MSTATUS: u16 = csr::mstatus::NUMBER;

/// Sets SDT of HS- and of VS-mode, which double traps are enabled for.
fn disable_traps(p: &mut Program) {
    p.write_csr(csr::menvcfg::NUMBER, csr::menvcfg::DTE.mask());
    p.write_csr(csr::henvcfg::NUMBER, csr::henvcfg::DTE.mask());
    p.set_csr(MSTATUS, SDT.mask());
    p.set_csr(csr::vsstatus::NUMBER, SDT.mask());
}

/// The SDT that is left to HS- and to VS-mode.
fn check_traps_disabled(p: &mut Program, supervisor: bool, guest: bool, to: Mode) {
    let (supervisor, guest) = (SDT.of(supervisor.into()), SDT.of(guest.into()));
    p.check_csr_bits(csr::sstatus::NUMBER, SDT.mask(), supervisor, &format!("SDT after a return to {to}"));
    p.check_csr_bits(
        csr::vsstatus::NUMBER,
        SDT.mask(),
        guest,
        &format!("the guest's, after a return to {to}"),
    );
}

/// Returns to `mode` by SRET, and from there by ECALL, with mtvec in `a3` for the while.
fn sret_and_call(p: &mut Program, mode: Mode) {
    let (there, back) = (p.label(), p.label());
    p.la(A2, there).csrw(csr::sepc::NUMBER, A2);
    p.csrr(A3, csr::mtvec::NUMBER).la(A2, back).csrw(csr::mtvec::NUMBER, A2);
    p.set_field(MSTATUS, csr::mstatus::SPP, mode.privilege as u64);
    p.set_field(csr::hstatus::NUMBER, csr::hstatus::SPV, mode.virt.into());
    p.set_csr(MSTATUS, MDT.mask());
    p.sret();
    p.place(there);
    p.ecall();
    p.align(4);
    p.place(back);
    p.csrw(csr::mtvec::NUMBER, A3);
    p.clear_csr(MSTATUS, MDT.mask());
}

conformance_tests! {
    /// With Smdbltrp, MDT can be written; without, it is zero.
    mdt_can_be_written
    [rules "mstatus_mdt_sz" "MSTATUS_MDT_WARL"]
    [cpus "smdbltrp=on"]
    |p| {
        let mdt = MDT.of(p.cpu().has(Ext::Smdbltrp).into());
        p.set_csr(MSTATUS, MDT.mask());
        p.check_csr_bits(MSTATUS, MDT.mask(), mdt, "MDT set");
        p.clear_csr(MSTATUS, MDT.mask());
        p.check_csr_bits(MSTATUS, MDT.mask(), 0, "MDT cleared");
    }

    /// Traps are disabled at reset.
    mdt_is_set_at_reset
    [rules "mstatus_mdt_rst"]
    [needs Smdbltrp]
    |p| {
        p.li(A0, FIRST_STATUS).ld(A0, 0, A0);
        p.check_bits(A0, MDT.mask(), MDT.mask(), "MDT as the program has found it");
    }

    /// Setting MDT clears MIE, whatever the same write says of it, and MIE stays clear while MDT is set.
    mdt_keeps_mie_clear
    [rules
        "mstatus_mie_clr_by_mdt" "mstatus_mie_clr_by_mdt_rv64" "mstatus_mie_set_mdt_0"
        "mstatus_mie_set_mdt_0_rv64"]
    [needs Smdbltrp]
    |p| {
        let (mdt, mie) = (MDT.mask(), MIE.mask());
        for (written, held) in
            [(mie, mie), (mdt | mie, mdt), (mdt | mie, mdt), (mie, mie), (mdt, mdt), (0, 0)]
        {
            p.li(A0, written).csrr(A1, MSTATUS).li(A2, !(mdt | mie)).and(A1, A1, A2).or(A1, A1, A0);
            p.csrw(MSTATUS, A1);
            p.check_csr_bits(MSTATUS, mdt | mie, held, "MDT and MIE");
        }
        p.set_csr(MSTATUS, mie);
        p.check_csr_bits(MSTATUS, mie, mie, "MIE with MDT clear");
        p.set_csr(MSTATUS, mdt);
        p.check_csr_bits(MSTATUS, mdt | mie, mdt, "MIE when MDT is set");
        p.set_csr(MSTATUS, mie);
        p.check_csr_bits(MSTATUS, mdt | mie, mdt, "MIE while MDT is set");
        // One write that clears MDT and sets MIE.
        p.li(A0, mdt | mie).csrr(A1, MSTATUS).xor(A1, A1, A0).csrw(MSTATUS, A1);
        p.check_csr_bits(MSTATUS, mdt | mie, mie, "MIE set as MDT is cleared");
    }

    /// A trap into M-mode sets MDT.
    a_trap_sets_mdt
    [rules "trap_exp"]
    [needs Smdbltrp]
    |p| {
        p.expect_trap(trap(Exception::Breakpoint, Mode::M).status(MDT, 1), |p| {
            p.ebreak();
        });
        p.in_mode(Mode::HS, |p| {
            p.expect_trap(trap(Exception::Breakpoint, Mode::M).status(MDT, 1), |p| {
                p.ebreak();
            });
        });
    }

    /// MRET clears MDT, so that a trap can come; SDT too where it goes below HS-mode, and the guest's in VU-mode.
    mret_enables_traps
    [rules "mstatus_mdt_clr_mret_sret" "sstatus_sdt_clr_mret_sret" "vsstatus_sdt_clr_mret_sret"]
    [needs Smdbltrp Ssdbltrp H]
    |p| {
        for (mode, supervisor, guest) in [
            (Mode::HS, true, true),
            (Mode::U, false, true),
            (Mode::VS, false, true),
            (Mode::VU, false, false),
        ] {
            disable_traps(p);
            p.set_csr(MSTATUS, MDT.mask());
            p.in_mode(mode, |p| {
                p.nop();
            });
            check_traps_disabled(p, supervisor, guest, mode);
        }
    }

    /// SRET does in M-mode as MRET does.
    sret_of_machine_mode_enables_traps
    [rules "mstatus_mdt_clr_mret_sret" "sstatus_sdt_clr_mret_sret" "vsstatus_sdt_clr_mret_sret"]
    [needs Smdbltrp Ssdbltrp H]
    |p| {
        for (mode, guest) in [(Mode::U, true), (Mode::VS, true), (Mode::VU, false)] {
            disable_traps(p);
            sret_and_call(p, mode);
            check_traps_disabled(p, false, guest, mode);
        }
    }

    /// An exception while MDT is set puts the hart into the critical-error state, where it stays.
    exception_in_a_handler
    [rules "trap_unexp" "trap_unexp_hndl_no_rnmi" "CRITICAL_ERROR"]
    [needs Smdbltrp]
    |p| {
        p.set_csr(MSTATUS, MDT.mask() | MPIE.mask());
        p.expect_critical_error(|p| {
            p.ebreak();
        });
    }

    /// So it does in the handler of another trap, which has not cleared MDT.
    trap_in_a_handler_that_is_not_done
    [rules "trap_unexp" "trap_unexp_hndl_no_rnmi" "CRITICAL_ERROR"]
    [needs Smdbltrp]
    |p| {
        let handler = p.label();
        p.la(A0, handler).csrw(csr::mtvec::NUMBER, A0);
        p.ecall();
        p.align(4);
        p.place(handler);
        p.expect_critical_error(|p| {
            p.csrw(csr::mhartid::NUMBER, ZERO);
        });
    }
}
