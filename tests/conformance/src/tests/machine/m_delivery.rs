//! Which mode takes a trap: M-mode by default, S-mode what is delegated, never a mode below the one that traps.

use crate::prelude::*;
use crate::tests::handler::{caught, go_to};

const SSI: u64 = Interrupt::Ssi.bit();

conformance_tests! {
    /// Without delegation every trap is taken by M-mode.
    m_traps_by_default
    [rules "trap_def_M_mode"]
    |p| {
        for mode in [Mode::U, Mode::HS] {
            p.in_mode(mode, |p| {
                p.expect_trap(trap(Exception::Breakpoint, Mode::M), |p| { p.ebreak(); });
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| { p.csrw(csr::mvendorid::NUMBER, ZERO); });
            });
        }
        p.write_csr(csr::mip::NUMBER, SSI);
        p.write_csr(csr::mie::NUMBER, SSI);
        caught(p, Mode::M, |p| {
            go_to(p, Mode::U);
            p.nop();
        });
        p.check_csr(csr::mcause::NUMBER, 1 << 63 | Interrupt::Ssi as u64, "mcause");
        p.check_csr_bits(csr::mstatus::NUMBER, csr::mstatus::MPP.mask(), 0, "MPP");
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// An exception that is delegated is still taken by M-mode when M-mode raises it, and by S-mode when
    /// S-mode does.
    m_traps_never_go_down
    [rules "trap_never_trans_lower" "trap_horiz"]
    [only |cpu| delegates(cpu, &[Exception::IllegalInst])]
    |p| {
        p.write_csr(csr::medeleg::NUMBER, Exception::IllegalInst.bit());
        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
            p.csrw(csr::mvendorid::NUMBER, ZERO);
        });
        for mode in [Mode::HS, Mode::U] {
            p.in_mode(mode, |p| {
                p.expect_trap(trap(Exception::IllegalInst, Mode::HS).tval_inst(), |p| {
                    p.csrw(csr::mvendorid::NUMBER, ZERO);
                });
            });
        }
    }

    /// A delegated interrupt does not come in M-mode; one that is not delegated comes in S-mode, as M-mode's,
    /// whatever SIE says.
    m_delegated_interrupts_are_masked
    [rules "trap_del_intr_priv_lvl" "intr_M_mode_highest_pri"]
    |p| {
        p.write_csr(csr::mip::NUMBER, SSI);
        p.write_csr(csr::mie::NUMBER, SSI);
        p.write_csr(csr::mideleg::NUMBER, SSI);
        p.expect_no_trap("a delegated interrupt in M-mode", |p| {
            p.csrsi(csr::mstatus::NUMBER, 8);
        });
        p.csrci(csr::mstatus::NUMBER, 8);
        p.write_csr(csr::mideleg::NUMBER, 0);
        p.set_field(csr::mstatus::NUMBER, csr::mstatus::SIE, 0);
        caught(p, Mode::M, |p| {
            go_to(p, Mode::HS);
            p.nop();
        });
        p.check_csr(csr::mcause::NUMBER, 1 << 63 | Interrupt::Ssi as u64, "mcause");
        p.check_csr_bits(csr::mstatus::NUMBER, csr::mstatus::MPP.mask(), csr::mstatus::MPP.of(1), "MPP");
        p.write_csr(csr::mip::NUMBER, 0);
    }

    /// Fetches are little-endian: the lower-addressed half of an instruction holds its lower bits.
    m_fetches_are_little_endian
    [rules "endianness_inst_fetch_little"]
    |p| {
        let over = p.label();
        p.j(over);
        p.align(4);
        let code = p.here();
        // addi a0, a0, 1; ret: byte by byte.
        p.bytes(&[0x13, 0x05, 0x15, 0x00, 0x82, 0x80, 0, 0]);
        p.place(over);
        p.la(A1, code).li(A0, 41).jalr(RA, 0, A1);
        p.check_eq(A0, 42, "what the code has computed");
    }
}
