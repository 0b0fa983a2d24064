//! mip and mie below machine level: what software may write, what wires and timers drive.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;
use crate::tests::handler::{caught, go_to, trap_again};

const SSI: u64 = Interrupt::Ssi.bit();
const STI: u64 = Interrupt::Sti.bit();
const SEI: u64 = Interrupt::Sei.bit();
const LCOFI: u64 = Interrupt::Lcofi.bit();
const MSI: u64 = Interrupt::Msi.bit();

conformance_tests! {
    /// SEIP, STIP (without stimecmp) and SSIP of mip, and their enables in mie, are writable in M-mode, and
    /// each interrupt comes to M-mode while it is not delegated.
    m_supervisor_interrupts
    [rules "mip_seip_op" "mie_seie_op" "mip_seip_acc" "mip_stip_no_stimecmp_acc" "mip_stip_no_stimecmp_op"
        "mip_stie_op" "mip_ssip_acc" "mip_ssip_op" "mie_ssie_op" "mip_ssip_intr_ctrl" "intr_mip_mie_op"
        "intr_mip_mie_bounded_time"]
    [cpus "sstc=off"]
    |p| {
        for which in [Interrupt::Ssi, Interrupt::Sti, Interrupt::Sei] {
            for (pending, enabled, global) in
                [(true, true, false), (true, false, true), (false, true, true), (true, true, true)]
            {
                p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MIE.mask());
                p.write_csr(csr::mip::NUMBER, if pending { which.bit() } else { 0 });
                let all = SSI | STI | SEI;
                p.check_csr_bits(csr::mip::NUMBER, all, if pending { which.bit() } else { 0 }, "mip");
                p.write_csr(csr::mie::NUMBER, if enabled { which.bit() } else { all & !which.bit() });
                let unmask = |p: &mut Program| {
                    p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MIE.of(global.into()));
                };
                if pending && enabled && global {
                    let next = p.label();
                    p.expect_interrupt(interrupt(which, Mode::M).at(next), |p| {
                        unmask(p);
                        p.place(next);
                        p.nop();
                    });
                } else {
                    p.expect_no_trap("an interrupt that may not come", unmask);
                }
            }
        }
        p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MIE.mask());
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// SEIP reads as the software bit or the wire; CSRRS and CSRRC modify the software bit alone.
    m_seip_is_two_bits
    [rules "mip_seip_rdcsr" "mip_seip_wrcsr" "intr_sei_op"]
    |p| {
        plic_interrupt(p, true);
        p.check_csr_bits(csr::mip::NUMBER, SEI, SEI, "SEIP by the wire");
        // Writing back what is read must not make the wire's one software's.
        p.csrsi(csr::mip::NUMBER, 2).csrci(csr::mip::NUMBER, 2);
        plic_interrupt(p, false);
        p.check_csr_bits(csr::mip::NUMBER, SEI, 0, "SEIP without the wire");
        p.set_csr(csr::mip::NUMBER, SEI);
        p.check_csr_bits(csr::mip::NUMBER, SEI, SEI, "SEIP by software");
        plic_interrupt(p, true);
        p.clear_csr(csr::mip::NUMBER, SEI);
        p.check_csr_bits(csr::mip::NUMBER, SEI, SEI, "SEIP by the wire alone");
        plic_interrupt(p, false);
        p.check_csr_bits(csr::mip::NUMBER, SEI, 0, "SEIP by neither");
    }

    /// With stimecmp ruling, STIP is read-only and says whether time has come; moving stimecmp clears it.
    m_stip_by_stimecmp
    [rules "mip_stip_stimecmp_acc" "mip_stip_stimecmp_op" "mip_stip_stimecmp_clr" "menvcfg_stce_op"]
    [cases 95]
    [needs Sstc]
    |p| {
        p.write_csr(csr::menvcfg::NUMBER, csr::menvcfg::STCE.mask());
        p.write_csr(csr::stimecmp::NUMBER, u64::MAX);
        p.set_csr(csr::mip::NUMBER, STI);
        p.check_csr_bits(csr::mip::NUMBER, STI, 0, "STIP, which software cannot set");
        p.write_csr(csr::stimecmp::NUMBER, 0);
        p.check_csr_bits(csr::mip::NUMBER, STI, STI, "STIP when time has come");
        p.clear_csr(csr::mip::NUMBER, STI);
        p.check_csr_bits(csr::mip::NUMBER, STI, STI, "STIP, which software cannot clear");
        p.write_csr(csr::stimecmp::NUMBER, u64::MAX);
        p.check_csr_bits(csr::mip::NUMBER, STI, 0, "STIP after moving stimecmp");
        p.write_csr(csr::menvcfg::NUMBER, 0);
        p.set_csr(csr::mip::NUMBER, STI);
        p.check_csr_bits(csr::mip::NUMBER, STI, STI, "STIP without STCE, which software can set");
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// LCOFIP and LCOFIE can be written with Sscofpmf and are read-only zeros without.
    m_lcofi
    [rules "mip_lcofip_op" "mie_lcofie_op" "mip_lcofip_acc" "mip_lcofip_rdonly0" "mie_lcofie_rdonly0"]
    [cpus "sscofpmf=off"]
    |p| {
        let there = if p.cpu().has(Ext::Sscofpmf) { LCOFI } else { 0 };
        p.write_csr(csr::mip::NUMBER, LCOFI);
        p.check_csr_bits(csr::mip::NUMBER, LCOFI, there, "LCOFIP");
        p.write_csr(csr::mie::NUMBER, LCOFI);
        p.check_csr_bits(csr::mie::NUMBER, LCOFI, there, "LCOFIE");
        if there != 0 {
            p.expect_interrupt(interrupt(Interrupt::Lcofi, Mode::M), |p| {
                p.set_csr(csr::mstatus::NUMBER, csr::mstatus::MIE.mask());
            });
            p.clear_csr(csr::mstatus::NUMBER, csr::mstatus::MIE.mask());
        }
        p.write_csr(csr::mip::NUMBER, 0);
        p.check_csr_bits(csr::mip::NUMBER, LCOFI, 0, "LCOFIP after clearing");
    }

    /// msip is a word of which bit 0 makes the machine software interrupt pending.
    m_msip
    [rules "msip_sz" "msip_acc" "msip_enc" "MSIP_UPDATE_MAX_TIME"]
    |p| {
        p.li(A0, device::MSIP).li(A1, u64::MAX).sw(A1, 0, A0).lwu(A2, 0, A0);
        p.check_eq(A2, 1, "msip after writing ones");
        let pending = p.here();
        p.csrr(A3, csr::mip::NUMBER).andi(A3, A3, 8).beqz(A3, pending);
        p.sw(ZERO, 0, A0).lwu(A2, 0, A0);
        p.check_eq(A2, 0, "msip after writing zero");
        let clear = p.here();
        p.csrr(A3, csr::mip::NUMBER).andi(A3, A3, 8).bnez(A3, clear);
        p.set_csr(csr::mip::NUMBER, MSI);
        p.check_csr_bits(csr::mip::NUMBER, MSI, 0, "MSIP, which mip cannot set");
    }

    /// Interrupts for M-mode go before those for lower modes; among them the order is MEI, MSI, MTI, SEI,
    /// SSI, STI, LCOFI.
    m_priorities
    [rules "intr_M_mode_pri" "intr_M_mode_highest_pri"]
    [cases 92]
    |p| {
        p.write_csr(csr::menvcfg::NUMBER, 0);
        let order = [
            Interrupt::Msi,
            Interrupt::Mti,
            Interrupt::Sei,
            Interrupt::Ssi,
            Interrupt::Sti,
            Interrupt::Lcofi,
        ];
        let last = if p.cpu().has(Ext::Sscofpmf) { 6 } else { 5 };
        p.li(A0, device::MSIP).li(A1, 1).sw(A1, 0, A0);
        p.store(device::MTIMECMP, 0);
        p.write_csr(csr::mip::NUMBER, SEI | SSI | STI | LCOFI);
        for (i, first) in order[..last].iter().enumerate() {
            for second in &order[i + 1..last] {
                p.write_csr(csr::mie::NUMBER, first.bit() | second.bit());
                machine_takes(p, *first);
            }
        }
        // What is delegated waits for what is not, whatever the order among equals.
        p.write_csr(csr::mideleg::NUMBER, SEI | SSI);
        p.write_csr(csr::mie::NUMBER, SEI | STI);
        caught(p, Mode::M, |p| {
            go_to(p, Mode::U);
            p.nop();
        });
        p.check_csr(csr::mcause::NUMBER, 1 << 63 | Interrupt::Sti as u64, "mcause of what is not delegated");
        p.li(A0, device::MSIP).sw(ZERO, 0, A0);
        p.store(device::MTIMECMP, u64::MAX);
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// The machine external interrupt comes by the PLIC's context for M-mode, first of all.
    m_external_interrupt_comes_first
    [rules "intr_M_mode_pri"]
    |p| {
        p.li(A0, device::MSIP).li(A1, 1).sw(A1, 0, A0);
        uart_interrupt(p, 0, true);
        p.write_csr(csr::mie::NUMBER, Interrupt::Mei.bit() | MSI);
        machine_takes(p, Interrupt::Mei);
        uart_interrupt(p, 0, false);
        p.li(A0, device::MSIP).sw(ZERO, 0, A0);
        p.check_csr_bits(csr::mip::NUMBER, Interrupt::Mei.bit(), 0, "MEIP when nobody interrupts");
    }
}

/// Lets interrupts come, and checks that M-mode takes `first`.
fn machine_takes(p: &mut Program, first: Interrupt) {
    caught(p, Mode::M, |p| {
        p.csrsi(csr::mstatus::NUMBER, 8);
        p.nop();
    });
    trap_again(p);
    p.check_csr(csr::mcause::NUMBER, 1 << 63 | first as u64, "mcause of the interrupt that comes first");
}

/// Makes the UART interrupt the context of M-mode (0) or S-mode (1) of hart 0, or no longer. It is source 10 of
/// the PLIC here and on QEMU, and source 1 on Spike.
pub(super) fn uart_interrupt(p: &mut Program, context: u64, on: bool) {
    p.li(A5, u64::from(on));
    for source in [1, 10] {
        p.li(A4, device::PLIC_PRIORITY + 4 * (source - 1)).sw(A5, 0, A4);
    }
    p.li(A4, device::PLIC_ENABLE + 0x80 * context).li(A5, u64::from(on) * (1 << 10 | 1 << 1)).sw(A5, 0, A4);
    p.li(A4, device::PLIC_THRESHOLD + 0x1000 * context).sw(ZERO, 0, A4);
    // The transmitter has room: with its interrupt enabled, it has a reason to interrupt.
    p.li(A4, device::UART).li(A5, if on { 2 } else { 0 }).sb(A5, 1, A4);
    p.li(A6, 1000);
    let wait = p.here();
    p.addi(A6, A6, -1).bnez(A6, wait);
}

fn plic_interrupt(p: &mut Program, on: bool) {
    uart_interrupt(p, 1, on);
}
