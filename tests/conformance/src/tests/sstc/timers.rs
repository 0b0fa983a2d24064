//! The supervisor's timer and the guest's: their registers, and interrupts without M-mode's help.

use isa::ext::Ext;

use crate::prelude::*;

conformance_tests! {
    /// stimecmp is there, with 64 bits, and so is STCE; without Sstc neither is.
    stimecmp_comes_with_sstc
    [rules "stimecmp_exist" "menvcfg_stce_exist"]
    [cpus "sstc=off"]
    |p| {
        let (stimecmp, stce) = (csr::stimecmp::NUMBER, csr::menvcfg::STCE.mask());
        p.set_csr(csr::menvcfg::NUMBER, stce);
        if p.cpu().has(Ext::Sstc) {
            p.check_csr_bits(csr::menvcfg::NUMBER, stce, stce, "STCE after writing one");
            p.check_writable(stimecmp, u64::MAX, 0);
            p.clear_csr(csr::menvcfg::NUMBER, stce);
            p.check_csr_bits(csr::menvcfg::NUMBER, stce, 0, "STCE after writing zero");
        } else {
            p.check_csr_bits(csr::menvcfg::NUMBER, stce, 0, "STCE without Sstc");
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.csrr(A0, stimecmp);
            });
        }
    }

    /// vstimecmp and henvcfg.STCE come with Sstc and the hypervisor extension.
    vstimecmp_comes_with_sstc
    [rules "vstimecmp_exist" "henvcfg_stce_exist" "sstc_vs_facility"]
    [needs H]
    [cpus "sstc=off"]
    |p| {
        let (vstimecmp, stce) = (csr::vstimecmp::NUMBER, csr::henvcfg::STCE.mask());
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::STCE.mask());
        p.set_csr(csr::henvcfg::NUMBER, stce);
        if p.cpu().has(Ext::Sstc) {
            p.check_csr_bits(csr::henvcfg::NUMBER, stce, stce, "STCE after writing one");
            p.check_writable(vstimecmp, u64::MAX, 0);
        } else {
            p.check_csr_bits(csr::henvcfg::NUMBER, stce, 0, "STCE without Sstc");
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.csrr(A0, vstimecmp);
            });
        }
    }

    /// S-mode sets its own timer, takes the interrupt, and ends it by setting the timer again.
    supervisor_runs_its_own_timer
    [rules "sstc_purpose"]
    [needs Sstc]
    [only |cpu| cpu.mcounteren & 0b010 != 0]
    |p| {
        p.li(A0, u64::MAX).csrw(csr::stimecmp::NUMBER, A0);
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::STCE.mask());
        p.write_csr(csr::mideleg::NUMBER, Interrupt::Sti.bit());
        p.in_mode(Mode::HS, |p| {
            p.set_csr(csr::sie::NUMBER, Interrupt::Sti.bit());
            p.csrsi(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
            p.expect_interrupt(interrupt(Interrupt::Sti, Mode::HS), |p| {
                p.csrr(A0, csr::time::NUMBER).addi(A0, A0, 3).csrw(csr::stimecmp::NUMBER, A0);
            });
            p.check_csr_bits(
                csr::sip::NUMBER,
                Interrupt::Sti.bit(),
                Interrupt::Sti.bit(),
                "STIP after its time",
            );
            p.li(A0, u64::MAX).csrw(csr::stimecmp::NUMBER, A0);
            p.check_csr_bits(csr::sip::NUMBER, Interrupt::Sti.bit(), 0, "STIP before its time");
        });
    }

    /// A guest sets its own timer by stimecmp, in its own time, and takes the interrupt itself.
    guest_runs_its_own_timer
    [rules "sstc_vs_facility"]
    [needs Sstc H]
    [only |cpu| cpu.mcounteren & 0b010 != 0]
    |p| {
        p.li(A0, u64::MAX).csrw(csr::vstimecmp::NUMBER, A0);
        p.li(A0, u64::MAX).csrw(csr::stimecmp::NUMBER, A0);
        p.set_csr(csr::menvcfg::NUMBER, csr::menvcfg::STCE.mask());
        p.set_csr(csr::henvcfg::NUMBER, csr::henvcfg::STCE.mask());
        p.write_csr(csr::hideleg::NUMBER, Interrupt::Vsti.bit());
        p.write_csr(csr::htimedelta::NUMBER, 0x1_0000_0000);
        p.in_mode(Mode::VS, |p| {
            p.set_csr(csr::sie::NUMBER, Interrupt::Sti.bit());
            p.csrsi(csr::sstatus::NUMBER, 1 << csr::sstatus::SIE.lo);
            p.expect_interrupt(interrupt(Interrupt::Sti, Mode::VS), |p| {
                p.csrr(A0, csr::time::NUMBER).addi(A0, A0, 3).csrw(csr::stimecmp::NUMBER, A0);
            });
            p.li(A0, u64::MAX).csrw(csr::stimecmp::NUMBER, A0);
            p.check_csr_bits(csr::sip::NUMBER, Interrupt::Sti.bit(), 0, "STIP before its time");
        });
        p.check_csr(csr::stimecmp::NUMBER, u64::MAX, "the host's own timer");
    }
}
