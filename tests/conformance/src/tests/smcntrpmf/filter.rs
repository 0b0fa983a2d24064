//! mcyclecfg and minstretcfg.

use isa::ext::Ext;
use isa::field::Field;

use crate::Program;
use crate::prelude::*;
use crate::tests::machine::counting::counted;
use csr::mcyclecfg::{MINH, SINH, UINH, VSINH, VUINH};

const MCYCLECFG: u16 = csr::mcyclecfg::NUMBER;
const MINSTRETCFG: u16 = csr::minstretcfg::NUMBER;
const LOWER: [(Mode, Field); 4] = [(Mode::HS, SINH), (Mode::U, UINH), (Mode::VS, VSINH), (Mode::VU, VUINH)];

/// Checks whether cycle has grown over some instructions.
fn cycle_grows(p: &mut Program, cycle: u16, grows: bool) {
    p.csrr(A0, cycle);
    for _ in 0..16 {
        p.nop();
    }
    p.csrr(A1, cycle);
    p.sltu(A2, A0, A1);
    p.check_eq(A2, grows.into(), "whether cycle has grown");
}

conformance_tests! {
    /// Both have an INH bit for each mode that the hart has, and nothing else; OF is not one of them.
    filter_registers
    [rules "mcyclecfg_sz" "unimplemented_mode_bits"]
    [needs Smcntrpmf]
    [cpus "h=off"]
    |p| {
        let guest = if p.cpu().has(Ext::H) { VSINH.mask() | VUINH.mask() } else { 0 };
        for number in [MCYCLECFG, MINSTRETCFG] {
            p.check_writable(number, MINH.mask() | SINH.mask() | UINH.mask() | guest, 0);
        }
        p.in_mode(Mode::HS, |p| {
            for number in [MCYCLECFG, MINSTRETCFG] {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.csrr(A0, number);
                });
            }
        });
    }

    /// Without the extension they do not exist.
    filter_registers_are_an_extension
    [rules "mcyclecfg_sz"]
    [cpus "smcntrpmf=off"]
    |p| {
        for number in [MCYCLECFG, MINSTRETCFG] {
            if p.cpu().has(Ext::Smcntrpmf) {
                p.csrr(A0, number);
            } else {
                p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                    p.csrr(A0, number);
                });
            }
        }
    }

    /// instret counts what retires in modes that are not inhibited, and with all bits zero in every mode.
    instret_by_mode
    [rules "mcyclecfg_op" "all_xinh_zero" "counter_inhibited_behavior" "instret_non_inhibited"]
    [needs Smcntrpmf H]
    [only |cpu| cpu.mcounteren & 0b100 != 0]
    |p| {
        for filter in [0, MINH.mask(), SINH.mask(), UINH.mask(), VSINH.mask(), VUINH.mask()] {
            p.write_csr(MINSTRETCFG, filter);
            counted(p, csr::minstret::NUMBER, if filter == MINH.mask() { 0 } else { 3 }, |p| {
                p.nop().nop();
            });
            for (mode, own) in LOWER {
                p.in_mode(mode, |p| {
                    let growth = if filter == own.mask() { 0 } else { 3 };
                    counted(p, csr::instret::NUMBER, growth, |p| {
                        p.nop().nop();
                    });
                });
            }
        }
    }

    /// cycle counts in modes that are not inhibited, and with all bits zero in every mode; minstretcfg is no
    /// matter of its.
    cycle_by_mode
    [rules "mcyclecfg_op" "all_xinh_zero" "counter_inhibited_behavior" "cycle_counting"]
    [needs Smcntrpmf H]
    [only |cpu| cpu.mcounteren & 0b001 != 0]
    |p| {
        for filter in [0, MINH.mask(), SINH.mask(), UINH.mask(), VSINH.mask(), VUINH.mask()] {
            p.write_csr(MCYCLECFG, filter);
            p.write_csr(MINSTRETCFG, !filter);
            cycle_grows(p, csr::mcycle::NUMBER, filter != MINH.mask());
            for (mode, own) in LOWER {
                p.in_mode(mode, |p| cycle_grows(p, csr::cycle::NUMBER, filter != own.mask()));
            }
        }
    }

    /// An instruction that traps does not retire, in no mode; a trap return retires in the mode that it leaves.
    instret_across_modes
    [rules "transition_counting_defined" "instret_exception" "instret_xret"]
    [needs Smcntrpmf Zicntr]
    |p| {
        // MRET to U-mode, two instructions there and ECALL back.
        let (machine, user_mode) = (SINH.mask() | UINH.mask(), MINH.mask() | SINH.mask());
        for (filter, growth) in [(machine, 1), (user_mode, 2)] {
            let (user, back) = (p.label(), p.label());
            p.write_csr(MINSTRETCFG, filter);
            p.la(A2, user).csrw(csr::mepc::NUMBER, A2);
            p.csrw(csr::mcause::NUMBER, ZERO);
            p.csrr(A3, csr::mtvec::NUMBER).la(A2, back).csrw(csr::mtvec::NUMBER, A2);
            p.set_field(csr::mstatus::NUMBER, csr::mstatus::MPP, 0);
            p.csrw(csr::minstret::NUMBER, ZERO);
            p.mret();
            p.place(user);
            p.nop().nop().ecall();
            p.align(4);
            p.place(back);
            p.csrr(A0, csr::minstret::NUMBER);
            p.csrw(csr::mtvec::NUMBER, A3);
            p.check_eq(A0, growth, "MRET alone in M-mode, or two no-ops in U-mode");
            p.check_csr(csr::mcause::NUMBER, Exception::EcallU as u64, "mcause");
        }
    }
}
