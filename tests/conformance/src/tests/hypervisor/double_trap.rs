//! Double traps of a guest: henvcfg.DTE and vsstatus.SDT.

use crate::prelude::*;

conformance_tests! {
    /// Without DTE of henvcfg, or of menvcfg, vsstatus.SDT is a read-only zero; with both it can be set, which
    /// clears SIE.
    sdt_of_the_guest_needs_dte
    [rules "henvcfg_dte_op" "vsstatus_sdt_op" "henvcfg_acc"]
    [cases 96]
    [needs H Ssdbltrp]
    |p| {
        use csr::vsstatus::{NUMBER, SDT, SIE};
        let dte = csr::menvcfg::DTE.mask();
        p.write_csr(csr::menvcfg::NUMBER, 0);
        p.check_write(csr::henvcfg::NUMBER, dte, 0, "henvcfg.DTE without menvcfg.DTE");
        p.set_csr(NUMBER, SDT.mask());
        p.check_csr_bits(NUMBER, SDT.mask(), 0, "SDT without DTE");
        p.write_csr(csr::menvcfg::NUMBER, dte);
        p.set_csr(NUMBER, SDT.mask());
        p.check_csr_bits(NUMBER, SDT.mask(), 0, "SDT with DTE of menvcfg alone");
        p.check_write(csr::henvcfg::NUMBER, dte, dte, "henvcfg.DTE");
        p.set_csr(NUMBER, SIE.mask());
        p.set_csr(NUMBER, SDT.mask());
        p.check_csr_bits(NUMBER, SDT.mask() | SIE.mask(), SDT.mask(), "SDT set, and SIE cleared by that");
        p.set_csr(NUMBER, SIE.mask());
        p.check_csr_bits(NUMBER, SDT.mask() | SIE.mask(), SDT.mask(), "SIE while SDT is set");
        p.in_mode(Mode::VS, |p| {
            p.check_csr_bits(csr::sstatus::NUMBER, SDT.mask(), SDT.mask(), "SDT in VS-mode");
            p.clear_csr(csr::sstatus::NUMBER, SDT.mask());
            p.set_csr(csr::sstatus::NUMBER, SIE.mask());
            p.check_csr_bits(csr::sstatus::NUMBER, SDT.mask() | SIE.mask(), SIE.mask(), "SDT cleared, SIE set");
        });
        p.check_csr_bits(csr::mstatus::NUMBER, csr::mstatus::SDT.mask(), 0, "SDT of HS-mode");
    }

    /// A trap into VS-mode sets SDT there, and SRET clears it; while it is set, such a trap is a double trap into
    /// M-mode. Without DTE nothing of this happens.
    a_trap_into_vs_mode_while_sdt_is_set
    [rules "henvcfg_dte_op" "vsstatus_sdt_op" "HS_mode_invoke_error"]
    [needs H Ssdbltrp]
    [only |cpu| delegates(cpu, &[Exception::IllegalInst])]
    |p| {
        use csr::vsstatus::SDT;
        let dte = csr::menvcfg::DTE.mask();
        p.write_csr(csr::medeleg::NUMBER, Exception::IllegalInst.bit());
        p.write_csr(csr::hedeleg::NUMBER, Exception::IllegalInst.bit());
        p.write_csr(csr::menvcfg::NUMBER, dte);
        for henvcfg in [0, dte] {
            p.write_csr(csr::henvcfg::NUMBER, henvcfg);
            let set = henvcfg != 0;
            p.in_mode(Mode::VS, |p| {
                let illegal = |p: &mut crate::Program| { p.csrr(A0, csr::mstatus::NUMBER); };
                let expected = trap(Exception::IllegalInst, Mode::VS).tval_inst();
                p.expect_trap(expected.clone().status(SDT, set.into()), illegal);
                p.check_csr_bits(csr::sstatus::NUMBER, SDT.mask(), 0, "SDT after SRET");
                p.set_csr(csr::sstatus::NUMBER, SDT.mask());
                if set {
                    let double = trap(Exception::DoubleTrap, Mode::M).tval2(Exception::IllegalInst as u64);
                    let reports = p.cpu().reports_illegal;
                    p.expect_trap(if reports { double.tval_inst() } else { double.tval(0) }, illegal);
                } else {
                    p.expect_trap(expected, illegal);
                }
            });
        }
    }
}
