//! Double traps of S-mode: menvcfg.DTE and sstatus.SDT.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;
use csr::sstatus::{SDT, SIE};

const MENVCFG: u16 = csr::menvcfg::NUMBER;
const DTE: u64 = csr::menvcfg::DTE.mask();
const SSTATUS: u16 = csr::sstatus::NUMBER;

/// A breakpoint, which is delegated to S-mode.
fn break_into_supervisor(p: &mut Program, sdt: u64) {
    p.expect_trap(trap(Exception::Breakpoint, Mode::HS).status(SDT, sdt), |p| {
        p.ebreak();
    });
}

conformance_tests! {
    /// DTE and SDT are there with the extension, SDT only while DTE is set.
    sdt_needs_dte
    [rules "menvcfg_DTE" "sstatus_SDT" "menvcfg_dte_op"]
    [cpus "ssdbltrp=off"]
    |p| {
        let there = p.cpu().has(Ext::Ssdbltrp);
        let (dte, sdt) = if there { (DTE, SDT.mask()) } else { (0, 0) };
        p.write_csr(MENVCFG, 0);
        p.set_csr(SSTATUS, SDT.mask());
        p.check_csr_bits(SSTATUS, SDT.mask(), 0, "SDT without DTE");
        p.write_csr(MENVCFG, DTE);
        p.check_csr_bits(MENVCFG, DTE, dte, "DTE");
        p.set_csr(SSTATUS, SDT.mask());
        p.check_csr_bits(SSTATUS, SDT.mask(), sdt, "SDT with DTE");
        p.check_csr_bits(csr::mstatus::NUMBER, SDT.mask(), sdt, "SDT of mstatus");
        p.clear_csr(csr::mstatus::NUMBER, SDT.mask());
        p.check_csr_bits(SSTATUS, SDT.mask(), 0, "SDT cleared in mstatus");
        p.set_csr(SSTATUS, SDT.mask());
        p.write_csr(MENVCFG, 0);
        p.check_csr_bits(SSTATUS, SDT.mask(), 0, "SDT after DTE has been cleared");
    }

    /// DTE of henvcfg and SDT of vsstatus are there with the extension, and only while menvcfg enables it.
    guest_fields_need_dte
    [rules "henvcfg_DTE" "vsstatus_SDT" "menvcfg_dte_op"]
    [needs H]
    [cpus "ssdbltrp=off"]
    |p| {
        let there = p.cpu().has(Ext::Ssdbltrp);
        for menvcfg in [0, DTE] {
            p.write_csr(MENVCFG, menvcfg);
            p.write_csr(csr::henvcfg::NUMBER, DTE);
            p.set_csr(csr::vsstatus::NUMBER, SDT.mask());
            let set = there && menvcfg != 0;
            p.check_csr_bits(csr::henvcfg::NUMBER, DTE, if set { DTE } else { 0 }, "DTE of henvcfg");
            p.check_csr_bits(csr::vsstatus::NUMBER, SDT.mask(), SDT.of(set.into()), "SDT of vsstatus");
        }
    }

    /// A trap into S-mode sets SDT and SRET clears it; while it is set, the next trap is a double trap into
    /// M-mode, with the cause in mtval2 and all else as M-mode would have got it.
    a_trap_into_s_mode_while_sdt_is_set
    [rules "M_mode_invoke_error" "sstatus_SDT" "menvcfg_dte_op"]
    [needs Ssdbltrp H]
    [only |cpu| delegates(cpu, &[Exception::Breakpoint])]
    |p| {
        p.write_csr(csr::medeleg::NUMBER, Exception::Breakpoint.bit() | Exception::LoadPageFault.bit());
        for menvcfg in [0, DTE] {
            p.write_csr(MENVCFG, menvcfg);
            let sdt = u64::from(menvcfg != 0);
            p.in_mode(Mode::U, |p| break_into_supervisor(p, sdt));
            p.in_mode(Mode::HS, |p| {
                break_into_supervisor(p, sdt);
                p.check_csr_bits(SSTATUS, SDT.mask(), 0, "SDT after SRET");
                p.set_csr(SSTATUS, SDT.mask());
                if sdt == 0 {
                    break_into_supervisor(p, 0);
                } else {
                    p.csrw(csr::scause::NUMBER, ZERO).csrw(csr::sepc::NUMBER, ZERO);
                    let double = trap(Exception::DoubleTrap, Mode::M).tval2(Exception::Breakpoint as u64);
                    p.expect_trap(double.status(csr::mstatus::SDT, 1), |p| {
                        p.ebreak();
                    });
                    p.check_csr(csr::scause::NUMBER, 0, "scause of the first trap");
                    p.check_csr(csr::sepc::NUMBER, 0, "sepc of the first trap");
                    p.clear_csr(SSTATUS, SDT.mask());
                }
            });
        }
    }

    /// SIE cannot be set while SDT is, and is cleared when SDT is set.
    sdt_keeps_sie_clear
    [rules "sstatus_SDT"]
    [needs Ssdbltrp]
    |p| {
        p.write_csr(MENVCFG, DTE);
        p.in_mode(Mode::HS, |p| {
            let both = SDT.mask() | SIE.mask();
            p.set_csr(SSTATUS, SIE.mask());
            p.set_csr(SSTATUS, both);
            p.check_csr_bits(SSTATUS, both, SDT.mask(), "SIE when SDT is set");
            p.set_csr(SSTATUS, SIE.mask());
            p.check_csr_bits(SSTATUS, both, SDT.mask(), "SIE while SDT is set");
            p.li(A0, both).csrr(A1, SSTATUS).xor(A1, A1, A0).csrw(SSTATUS, A1);
            p.check_csr_bits(SSTATUS, both, SIE.mask(), "SIE set as SDT is cleared");
        });
    }

    /// A guest-page fault of HLV that is a double trap has its cause in mtval2, and the address nowhere.
    a_guest_page_fault_while_sdt_is_set
    [rules "M_mode_invoke_error"]
    [needs Ssdbltrp H]
    [only |cpu| delegates(cpu, &[Exception::LoadGuestPageFault])]
    |p| {
        p.g_stage(&SV39X4);
        p.write_csr(MENVCFG, DTE);
        p.write_csr(csr::medeleg::NUMBER, Exception::LoadGuestPageFault.bit());
        p.in_mode(Mode::HS, |p| {
            p.set_csr(SSTATUS, SDT.mask());
            p.li(A0, SPARE);
            let double = trap(Exception::DoubleTrap, Mode::M).tval(SPARE).gva(true).any_tinst();
            p.expect_trap(double.tval2(Exception::LoadGuestPageFault as u64), |p| {
                p.hlv_d(A1, A0);
            });
        });
    }
}
