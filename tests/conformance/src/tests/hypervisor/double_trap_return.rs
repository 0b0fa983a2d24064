//! What double traps add to the hypervisor extension: SDT of vsstatus after SRET, and mtval2.

use isa::Privilege;

use crate::prelude::*;

use csr::sstatus::{SDT, SPP};

conformance_tests! {
    /// SRET of HS-mode clears SDT of vsstatus when it goes to VU-mode, and no other time.
    sret_of_hs_and_sdt_of_the_guest
    [rules "sret_dt"]
    [needs H Ssdbltrp]
    |p| {
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::DTE.mask());
        p.set_csr(csr::henvcfg::NUMBER, csr::henvcfg::DTE.mask());
        for (target, cause) in [
            (Mode::U, Exception::EcallU),
            (Mode::HS, Exception::EcallS),
            (Mode::VU, Exception::EcallU),
            (Mode::VS, Exception::EcallVs),
        ] {
            for sdt in [0, 1] {
                p.in_mode(Mode::HS, |p| {
                    let after = p.label();
                    p.la(A0, after).csrw(csr::sepc::NUMBER, A0);
                    p.write_csr(csr::hstatus::NUMBER, csr::hstatus::SPV.of(target.virt.into()));
                    p.write_csr(csr::vsstatus::NUMBER, SDT.of(sdt));
                    p.check_csr_bits(
                        csr::vsstatus::NUMBER,
                        SDT.mask(),
                        SDT.of(sdt),
                        "SDT of vsstatus before SRET",
                    );
                    p.set_field(csr::sstatus::NUMBER, SPP, (target.privilege == Privilege::S).into());
                    p.sret();
                    p.place(after);
                    p.assume_mode(target);
                    let left = if target == Mode::VU { 0 } else { sdt };
                    p.expect_trap(trap(cause, Mode::M).vsstatus(SDT, left), |p| {
                        p.ecall();
                    });
                });
            }
        }
    }

    /// SRET of VS-mode clears SDT of vsstatus, wherever it goes, and not that of sstatus.
    sret_of_vs_and_sdt
    [rules "sret_dt"]
    [needs H Ssdbltrp]
    |p| {
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::DTE.mask());
        p.set_csr(csr::henvcfg::NUMBER, csr::henvcfg::DTE.mask());
        for (target, cause) in [(Mode::VU, Exception::EcallU), (Mode::VS, Exception::EcallVs)] {
            p.in_mode(Mode::VS, |p| {
                let after = p.label();
                p.la(A0, after).csrw(csr::sepc::NUMBER, A0);
                p.write_csr(csr::sstatus::NUMBER, SDT.of(1) | SPP.of((target == Mode::VS).into()));
                p.check_csr_bits(csr::sstatus::NUMBER, SDT.mask(), SDT.mask(), "SDT before SRET");
                p.sret();
                p.place(after);
                p.assume_mode(target);
                p.expect_trap(trap(cause, Mode::M).vsstatus(SDT, 0), |p| {
                    p.ecall();
                });
            });
        }
    }

    /// mtval2 is there with double traps, whether or not the hart has the hypervisor extension.
    mtval2_with_double_traps
    [rules "mtval2_Ssdbltrap"]
    [needs Ssdbltrp]
    [cpus "h=off"]
    |p| {
        p.check_write(csr::mtval2::NUMBER, 0, 0, "mtval2");
        // A double trap into M-mode says there what HS-mode could not take.
        p.write_csr(csr::mtval2::NUMBER, Exception::EcallU as u64);
        p.check_csr(csr::mtval2::NUMBER, Exception::EcallU as u64, "mtval2 after writing a cause");
    }
}
