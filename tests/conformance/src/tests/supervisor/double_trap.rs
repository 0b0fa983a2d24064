//! sstatus.SDT: traps into S-mode while it is set are unexpected.

use isa::ext::Ext;

use crate::prelude::*;
use csr::sstatus::{SDT, SIE};

conformance_tests! {
    /// SDT can be written where menvcfg.DTE is set, and is zero where it is not, or where Ssdbltrp is not.
    sdt_follows_dte
    [rules "sstatus_sdt_sz" "sstatus_sdt_acc" "sstatus_sdt_Ssdbltrp" "SSTATUS_SDT_WARL"]
    [cpus "ssdbltrp=off"]
    |p| {
        for dte in [1, 0] {
            p.set_field(csr::menvcfg::NUMBER, csr::menvcfg::DTE, dte);
            let there = if p.cpu().has(Ext::Ssdbltrp) && dte == 1 { SDT.mask() } else { 0 };
            p.in_mode(Mode::HS, |p| {
                p.set_csr(csr::sstatus::NUMBER, SDT.mask());
                p.check_csr_bits(csr::sstatus::NUMBER, SDT.mask(), there, "SDT after setting");
                p.clear_csr(csr::sstatus::NUMBER, SDT.mask());
                p.check_csr_bits(csr::sstatus::NUMBER, SDT.mask(), 0, "SDT after clearing");
            });
        }
    }

    /// Setting SDT clears SIE, also in the same write; SIE cannot be set while SDT is, but with the write that
    /// clears it.
    sdt_holds_sie_down
    [rules "sstatus_sdt_sstatus_sie_overwrite" "sstatus_sdt_op"]
    [needs Ssdbltrp]
    |p| {
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::DTE.mask());
        let both = SDT.mask() | SIE.mask();
        p.in_mode(Mode::HS, |p| {
            p.set_csr(csr::sstatus::NUMBER, SIE.mask());
            p.set_csr(csr::sstatus::NUMBER, SDT.mask());
            p.check_csr_bits(csr::sstatus::NUMBER, both, SDT.mask(), "SIE after setting SDT");
            p.set_csr(csr::sstatus::NUMBER, SIE.mask());
            p.check_csr_bits(csr::sstatus::NUMBER, both, SDT.mask(), "SIE, which SDT holds down");
            p.set_csr(csr::sstatus::NUMBER, both);
            p.check_csr_bits(csr::sstatus::NUMBER, both, SDT.mask(), "SIE written with SDT");
            p.csrr(A0, csr::sstatus::NUMBER).li(A1, SDT.mask()).sub(A0, A0, A1).addi(A0, A0, 2);
            p.csrw(csr::sstatus::NUMBER, A0);
            p.check_csr_bits(csr::sstatus::NUMBER, both, SIE.mask(), "SIE written as SDT is cleared");
            p.clear_csr(csr::sstatus::NUMBER, SIE.mask());
        });
    }

    /// A trap into S-mode sets SDT; another one before it is cleared is a double trap into M-mode, with the cause
    /// that it would have had in mtval2. SRET clears SDT.
    sdt_at_traps_and_returns
    [rules "sstatus_sdt_trap" "sstatus_sdt_sret" "sstatus_sdt_op"]
    [needs Ssdbltrp]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::DTE.mask());
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit());
        p.in_mode(Mode::HS, |p| {
            // The handler's SRET clears it again.
            p.expect_trap(trap(Exception::Breakpoint, Mode::HS).status(SDT, 1), |p| {
                p.ebreak();
            });
            p.check_csr_bits(csr::sstatus::NUMBER, SDT.mask(), 0, "SDT after SRET");
            p.set_csr(csr::sstatus::NUMBER, SDT.mask());
            let double = trap(Exception::DoubleTrap, Mode::M).tval2(Exception::Breakpoint as u64);
            p.expect_trap(double, |p| {
                p.ebreak();
            });
            p.clear_csr(csr::sstatus::NUMBER, SDT.mask());
        });
        p.write_csr(csr::medeleg::NUMBER, 0);
    }
}
