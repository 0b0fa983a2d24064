//! mip and mie: which bits there are, who may write them, and the machine-level interrupts.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;

use super::m_pending::uart_interrupt;

conformance_tests! {
    /// mie has an enable for each interrupt that can become pending, and zeros elsewhere.
    mie_bits_of_the_interrupts_there_are
    [rules "mie_sz" "mie_acc" "mie_enc" "MIE_WARL" "mie_std_enc" "mie_bits_wr" "mie_bits_rdonly0"
        "MIE_MSIE_MAYBE_RDONLY0"]
    [cpus "h=off" "sscofpmf=off"]
    |p| {
        let bits = MACHINE | SUPERVISOR | overflow(p) | if p.cpu().has(Ext::H) { VS_LEVEL } else { 0 };
        p.check_writable(csr::mie::NUMBER, bits, 0);
        for bit in (0..64).map(|n| 1 << n) {
            p.check_write(csr::mie::NUMBER, bit, bits & bit, "mie after writing one bit");
            p.csrw(csr::mie::NUMBER, ZERO);
            p.set_csr(csr::mie::NUMBER, bit);
            p.check_csr(csr::mie::NUMBER, bits & bit, "mie after setting one bit");
            p.clear_csr(csr::mie::NUMBER, bit);
            p.check_csr(csr::mie::NUMBER, 0, "mie after clearing it");
        }
    }

    /// In mip SSIP, SEIP, STIP without stimecmp, LCOFIP and VSSIP can be written, and so made and unmade
    /// pending; the machine-level bits and all others are read-only.
    mip_bits_that_software_writes
    [rules "mip_sz" "mip_acc" "mip_enc" "MIP_WARL" "mip_std_enc" "MIP_BITS_WR_OR_RDONLY" "mip_bits_wr_op"
        "mip_meip_rdonly" "mip_mtip_rdonly" "mip_msip_rdonly"]
    [cpus "h=off" "sscofpmf=off" "sstc=off"]
    |p| {
        p.store(device::MTIMECMP, u64::MAX);
        let vssi = if p.cpu().has(Ext::H) { Interrupt::Vssi.bit() } else { 0 };
        let bits = SUPERVISOR | overflow(p) | vssi;
        p.check_writable(csr::mip::NUMBER, bits, 0);
        for bit in (0..64).map(|n| 1 << n) {
            p.check_write(csr::mip::NUMBER, bit, bits & bit, "mip after writing one bit");
            p.csrw(csr::mip::NUMBER, ZERO);
            p.set_csr(csr::mip::NUMBER, bit);
            p.check_csr(csr::mip::NUMBER, bits & bit, "mip after setting one bit");
            p.clear_csr(csr::mip::NUMBER, bit);
            p.check_csr(csr::mip::NUMBER, 0, "mip after clearing it");
        }
    }

    /// What is cleared in mip is no longer pending: the interrupt comes before, and does not come after.
    clearing_a_bit_of_mip_clears_the_interrupt
    [rules "mip_bits_wr_op" "mip_enc" "mie_enc"]
    |p| {
        p.store(device::MTIMECMP, u64::MAX);
        for cause in [Interrupt::Ssi, Interrupt::Sti, Interrupt::Sei] {
            for pending in [true, false] {
                p.write_csr(csr::mip::NUMBER, SUPERVISOR);
                p.write_csr(csr::mip::NUMBER, if pending { cause.bit() } else { SUPERVISOR & !cause.bit() });
                comes_if(p, cause, pending);
            }
        }
    }

    /// The machine software interrupt is pending while the ACLINT's register says so, whatever is written to
    /// mip, and comes when MSIE enables it.
    machine_software_interrupt
    [rules "mip_msip_op" "mie_msie_op" "mip_msip_rdonly" "mip_bits_rdonly_op" "MIP_MSIP_MAYBE_RDONLY0"
        "MIE_MSIE_MAYBE_RDONLY0"]
    |p| {
        p.store(device::MTIMECMP, u64::MAX);
        driven_by_the_platform(p, Interrupt::Msi, |p, on| {
            p.li(A0, device::MSIP).li(A1, on.into()).sw(A1, 0, A0);
        });
    }

    /// The machine timer interrupt is pending from mtimecmp on, whatever is written to mip, and goes away
    /// when mtimecmp is written.
    machine_timer_interrupt
    [rules "mip_mtip_op" "mie_mtie_op" "mip_mtip_rdonly" "mip_bits_rdonly_op"]
    |p| {
        driven_by_the_platform(p, Interrupt::Mti, |p, on| {
            p.store(device::MTIMECMP, if on { 0 } else { u64::MAX });
        });
    }

    /// The machine external interrupt is pending while the PLIC has something for M-mode, whatever is written
    /// to mip.
    machine_external_interrupt
    [rules "mip_meip_op" "mie_meie_op" "mip_meip_rdonly" "mip_bits_rdonly_op"]
    |p| {
        p.store(device::MTIMECMP, u64::MAX);
        driven_by_the_platform(p, Interrupt::Mei, |p, on| uart_interrupt(p, 0, on));
    }
}

const MACHINE: u64 = Interrupt::Msi.bit() | Interrupt::Mti.bit() | Interrupt::Mei.bit();
const SUPERVISOR: u64 = Interrupt::Ssi.bit() | Interrupt::Sti.bit() | Interrupt::Sei.bit();
const VS_LEVEL: u64 =
    Interrupt::Vssi.bit() | Interrupt::Vsti.bit() | Interrupt::Vsei.bit() | Interrupt::Sgei.bit();

/// The bit of counter overflow, on a hart that has it.
fn overflow(p: &Program) -> u64 {
    if p.cpu().has(Ext::Sscofpmf) { Interrupt::Lcofi.bit() } else { 0 }
}

/// Checks a bit of mip that only the platform changes, and that its interrupt comes where mie enables it.
fn driven_by_the_platform(p: &mut Program, cause: Interrupt, drive: fn(&mut Program, bool)) {
    drive(p, false);
    for on in [true, false, true, false] {
        drive(p, on);
        // The change may take a while to arrive.
        p.li(A6, 1000);
        let wait = p.here();
        p.addi(A6, A6, -1).bnez(A6, wait);
        let expected = if on { cause.bit() } else { 0 };
        p.check_csr_bits(csr::mip::NUMBER, MACHINE, expected, "the machine-level bits of mip");
        for written in [0, u64::MAX, 0] {
            p.write_csr(csr::mip::NUMBER, written);
            p.check_csr_bits(csr::mip::NUMBER, MACHINE, expected, "they after a write");
        }
        comes_if(p, cause, on);
    }
}

/// Checks in M-mode that an interrupt comes when its bit of mie is set, if it is pending, and not by the
/// other bits.
fn comes_if(p: &mut Program, cause: Interrupt, pending: bool) {
    let mie = 1 << csr::mstatus::MIE.lo;
    p.csrci(csr::mstatus::NUMBER, mie);
    if pending {
        p.write_csr(csr::mie::NUMBER, (MACHINE | SUPERVISOR) & !cause.bit());
        p.expect_no_trap("no interrupt without its enable", |p| {
            p.csrsi(csr::mstatus::NUMBER, mie);
        });
        p.expect_interrupt(interrupt(cause, Mode::M), |p| p.write_csr(csr::mie::NUMBER, cause.bit()));
    } else {
        p.write_csr(csr::mie::NUMBER, cause.bit());
        p.expect_no_trap("no interrupt without something pending", |p| {
            p.csrsi(csr::mstatus::NUMBER, mie);
        });
    }
    p.csrci(csr::mstatus::NUMBER, mie).csrw(csr::mie::NUMBER, ZERO);
}
