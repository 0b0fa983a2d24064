//! mtime, mtimecmp and the machine timer interrupt.

use crate::Program;
use crate::prelude::*;

const MTI: u64 = Interrupt::Mti.bit();

conformance_tests! {
    /// mtime is 64 bits that can be read and written, and counts up.
    m_mtime_counts
    [rules "mtime_acc" "mtime_op" "mtime_sz" "mtime_enc" "mtime_rv64_wr"]
    |p| {
        p.li(A0, device::MTIME).ld(A1, 0, A0);
        let later = p.here();
        p.ld(A2, 0, A0).beq(A1, A2, later);
        let good = p.label();
        p.bltu(A1, A2, good);
        p.unreachable("mtime does not go back");
        p.place(good);
        p.li(A3, 0x1234_5678_0000_0000).sd(A3, 0, A0).ld(A2, 0, A0);
        p.check_bits(A2, 0xffff_ffff << 32, 0x1234_5678 << 32, "mtime after writing");
        let on = p.here();
        p.ld(A4, 0, A0).bgeu(A2, A4, on);
    }

    /// mtime wraps around.
    m_mtime_wraps
    [rules "mtime_wrap"]
    |p| {
        p.li(A0, device::MTIME).li(A3, u64::MAX - 2).sd(A3, 0, A0);
        let wait = p.here();
        p.ld(A2, 0, A0).blt(A2, ZERO, wait);
        p.check_bits(A2, u64::MAX << 32, 0, "mtime after wrapping");
    }

    /// The timer interrupt is pending while mtime, as a number without sign, is not below mtimecmp.
    m_mtip
    [rules "mtime_intr_pending" "mtime_intr_mtip_visibility" "mtimecmp_sz" "mtimecmp_enc" "mtimecmp_rv64_wr"]
    |p| {
        p.li(A0, device::MTIMECMP);
        for (value, pending) in [(u64::MAX, 0), (0, MTI), (1 << 63, 0), (1, MTI)] {
            p.li(A1, value).sd(A1, 0, A0).ld(A2, 0, A0);
            p.check_eq(A2, value, "mtimecmp");
            // It is reflected in MTIP eventually.
            p.li(A6, 1000);
            let wait = p.here();
            p.addi(A6, A6, -1).bnez(A6, wait);
            p.check_csr_bits(csr::mip::NUMBER, MTI, pending, "MTIP");
        }
        p.set_csr(csr::mip::NUMBER, MTI);
        p.store(device::MTIMECMP, u64::MAX);
    }

    /// The interrupt is taken with MTIE and MIE only, at its time.
    m_timer_interrupt
    [rules "mtime_intr_taken" "mtime_intr_pending"]
    |p| {
        for (enabled, global) in [(0, 1), (1, 0), (1, 1)] {
            p.store(device::MTIMECMP, u64::MAX);
            p.write_csr(csr::mie::NUMBER, enabled * MTI);
            p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MIE.mask());
            let start = |p: &mut Program| {
                p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MIE.of(global));
                p.li(A0, device::MTIME).ld(A1, 0, A0).addi(A1, A1, 2);
                p.li(A0, device::MTIMECMP).sd(A1, 0, A0);
                p.li(A0, device::MTIME);
                let wait = p.here();
                p.ld(A2, 0, A0).bltu(A2, A1, wait);
            };
            if enabled & global == 1 {
                p.expect_interrupt(interrupt(Interrupt::Mti, Mode::M), start);
            } else {
                p.expect_no_trap("no timer interrupt", start);
            }
        }
        p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MIE.mask());
        p.store(device::MTIMECMP, u64::MAX);
    }
}
