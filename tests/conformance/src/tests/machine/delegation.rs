//! medeleg and mideleg: what can be delegated.

use isa::ext::Ext;

use crate::prelude::*;

const MEDELEG: u16 = csr::medeleg::NUMBER;
const MIDELEG: u16 = csr::mideleg::NUMBER;
/// The VS-level interrupts and SGEI, which the hypervisor extension delegates for good.
const VS_LEVEL: u64 = 1 << 2 | 1 << 6 | 1 << 10 | 1 << 12;
const M_LEVEL: u64 = 1 << 3 | 1 << 7 | 1 << 11;

conformance_tests! {
    /// medeleg has the bits that the hart implements; none is read-only one, and those of double traps and of
    /// calls from M-mode are zero.
    medeleg_bits
    [rules
        "MEDELEG_WARL" "medeleg_enc" "medeleg_sz" "medeleg_acc" "medeleg_mandatory_S_mode" "medeleg_no_rd1"
        "medeleg_when_rd0" "medeleg_16_no_rd0"]
    [cases 86]
    [cpus "h=off" "medeleg=0" "medeleg=0x30b108"]
    |p| {
        let guest = if p.cpu().has(Ext::H) { 0 } else { 0xf0_0400 };
        p.check_writable(MEDELEG, p.cpu().medeleg & !guest, 0);
    }

    /// mideleg has the bits that the hart implements; with the hypervisor extension the VS-level ones are
    /// read-only one, and no machine-level one ever is.
    mideleg_bits
    [rules
        "MIDELEG_WARL" "mideleg_enc" "mideleg_sz" "mideleg_acc" "mideleg_mandatory_S_mode" "mideleg_no_rd1"
        "MIDELEG_RD1_LOWER_LEVEL"]
    [cases 85]
    [cpus "h=off" "mideleg=0" "mideleg=0x22" "sscofpmf=off"]
    |p| {
        let overflow = if p.cpu().has(Ext::Sscofpmf) { 0 } else { 1 << 13 };
        let fixed = if p.cpu().has(Ext::H) { VS_LEVEL } else { 0 };
        p.check_writable(MIDELEG, p.cpu().mideleg & !overflow, fixed);
        p.write_csr(MIDELEG, 0);
        p.check_csr_bits(MIDELEG, M_LEVEL, 0, "machine-level interrupts");
    }

    /// An exception in S- or U-mode goes to S-mode if its bit of medeleg is set, and else to M-mode.
    medeleg_delegates
    [rules "MEDELEG_OP" "trap_horiz" "trap_never_trans_lower"]
    [cpus "medeleg=0xf8b7f6"]
    |p| {
        p.write_csr(MEDELEG, Exception::Breakpoint.bit());
        let delegated = p.cpu().medeleg & Exception::Breakpoint.bit() != 0;
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                let to = if delegated { Mode::HS } else { Mode::M };
                p.expect_trap(trap(Exception::Breakpoint, to), |p| {
                    p.ebreak();
                });
                p.expect_trap(trap(Exception::IllegalInst, Mode::M), |p| {
                    p.csrr(A0, csr::mscratch::NUMBER);
                });
            });
        }
        p.expect_trap(trap(Exception::Breakpoint, Mode::M), |p| {
            p.ebreak();
        });
    }

    /// An interrupt goes to S-mode if its bit of mideleg is set, where M-mode does not see it; else to M-mode,
    /// from S-mode whatever MIE is.
    mideleg_delegates
    [rules "MIDELEG_OP" "trap_del_intr_priv_lvl"]
    [needs Sstc]
    [only |cpu| cpu.mcounteren & 0b010 != 0]
    [cpus "mideleg=0x2202"]
    |p| {
        let timer = Interrupt::Sti.bit();
        let mie = csr::mstatus::MIE.mask() as u8;
        let delegated = p.cpu().mideleg & timer != 0;
        p.write_csr(csr::menvcfg::NUMBER, csr::menvcfg::STCE.mask());
        p.write_csr(csr::stimecmp::NUMBER, u64::MAX);
        p.write_csr(MIDELEG, timer);
        p.write_csr(csr::mie::NUMBER, timer);
        let due = |p: &mut crate::Program| {
            p.csrw(csr::stimecmp::NUMBER, ZERO);
        };
        p.csrsi(csr::mstatus::NUMBER, mie);
        if delegated {
            p.expect_no_trap("a delegated interrupt in M-mode", due);
        } else {
            p.expect_interrupt(interrupt(Interrupt::Sti, Mode::M), due);
        }
        p.csrci(csr::mstatus::NUMBER, mie);
        p.write_csr(csr::stimecmp::NUMBER, u64::MAX);
        p.write_csr(csr::mie::NUMBER, timer);
        p.in_mode(Mode::HS, |p| {
            p.csrsi(csr::sstatus::NUMBER, csr::sstatus::SIE.mask() as u8);
            p.expect_interrupt(interrupt(Interrupt::Sti, if delegated { Mode::HS } else { Mode::M }), due);
        });
    }
}
