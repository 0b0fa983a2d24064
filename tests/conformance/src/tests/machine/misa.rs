//! misa: what it says, and that it says the truth.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// misa holds MXL = 2, for an XLEN of 64, and a bit for each letter that the hart has; the others are
    /// zero.
    misa_says_what_the_hart_has
    [rules "misa_acc" "misa_always_rd" "MISA_CSR_IMPLEMENTED" "misa_enc" "misa_mxl_op" "misa_mxl_enc"
        "misa_sz" "misa_extensions_enc" "misa_extensions_rst" "misa_extensions_rsv_ret_0" "misa_i_op"
        "misa_e_op" "misa_x_op" "misa_s_op" "misa_u_op" "misa_e_not_i"]
    [cpus "h=off" "zba=off" "zbb=off" "zbs=off"]
    |p| {
        let value = expected(p);
        p.check_csr(csr::misa::NUMBER, value, "misa");
        let at_start = p.at_start(csr::misa::NUMBER);
        p.check_memory(at_start, value, "misa at the start");
        for number in 0..64 {
            p.check_csr_bits(csr::misa::NUMBER, 1 << number, value, "a bit of misa");
        }
    }

    /// No bit of misa can be written, MXL and E least of all; D does not stay without F, nor S without U.
    misa_is_read_only
    [rules "MISA_WARL" "misa_mxl_acc" "misa_e_acc" "misa_e_not_i" "misa_extensions_op"
        "MISA_EXTENSIONS_WARL" "MISA_EXTENSIONS_WRITABLE_BITS" "misa_extensions_dependencies"]
    [cpus "h=off"]
    |p| {
        use csr::misa::{D, F, I, S, U};
        let value = expected(p);
        let e = 1 << 4;
        for written in [
            u64::MAX,
            value ^ csr::misa::MXL.mask(),
            value & !I.mask() | e,
            value | e,
            value & !F.mask() | D.mask(),
            value & !U.mask() | S.mask(),
            0,
        ] {
            p.check_write(csr::misa::NUMBER, written, value, "misa after a write");
        }
        p.clear_csr(csr::misa::NUMBER, u64::MAX);
        p.check_csr(csr::misa::NUMBER, value, "misa after clearing all");
        // And the hart is what it was.
        p.li(A0, 6).li(A1, 7).mul(A2, A0, A1).fmv_d_x(FA0, A2).c_mv(A0, A1);
        p.check_eq(A2, 42, "6 times 7");
    }

    /// XLEN is 64 in M-, S- and U-mode: registers have 64 bits and SXL and UXL say so.
    every_mode_has_64_bits
    [rules "MXLEN" "misa_mxl_op" "misa_sz" "mstatus_sxl_op" "mstatus_uxl_op" "mstatus_sxl_enc"
        "mstatus_uxl_enc"]
    |p| {
        use csr::mstatus::{SXL, UXL};
        sixty_four_bits(p);
        p.in_mode(Mode::HS, sixty_four_bits);
        p.in_mode(Mode::U, sixty_four_bits);
        p.check_csr_bits(csr::mstatus::NUMBER, SXL.mask() | UXL.mask(), SXL.of(2) | UXL.of(2), "SXL and UXL");
    }

    /// SXL and UXL are read-only: XLEN is what MXLEN is in every mode.
    sxl_and_uxl_are_read_only
    [rules "SXLEN" "UXLEN" "MSTATUS_SXL_WARL" "MSTATUS_UXL_WARL" "mstatus_sxl_acc_mxlen64" "MSTATUS_SXL_RDONLY_MXLEN64"
        "mstatus_uxl_acc_mxlen64" "mstatus_uxl_rdonly_mxlen64" "MSTATUS_UXL_LEGAL_VALS_SMODE"]
    |p| {
        use csr::mstatus::{SXL, UXL};
        for (sxl, uxl) in [(0, 0), (1, 1), (3, 3), (1, 2), (2, 1), (2, 3)] {
            p.set_field(csr::mstatus::NUMBER, SXL, sxl);
            p.set_field(csr::mstatus::NUMBER, UXL, uxl);
            let both = SXL.mask() | UXL.mask();
            p.check_csr_bits(csr::mstatus::NUMBER, both, SXL.of(2) | UXL.of(2), "SXL and UXL");
            p.set_field(csr::sstatus::NUMBER, csr::sstatus::UXL, uxl);
            p.check_csr_bits(csr::sstatus::NUMBER, UXL.mask(), UXL.of(2), "UXL in sstatus");
        }
        p.in_mode(Mode::U, sixty_four_bits);
    }

    /// Where misa.B is set, the instructions of Zba, Zbb and Zbs are there; without one of the three it is
    /// clear.
    misa_b_promises_zba_zbb_zbs
    [rules "misa_b_op"]
    [cpus "zba=off" "zbb=off" "zbs=off"]
    |p| {
        let cpu = *p.cpu();
        let b = cpu.has(Ext::Zba) && cpu.has(Ext::Zbb) && cpu.has(Ext::Zbs);
        p.check_csr_bits(csr::misa::NUMBER, csr::misa::B.mask(), csr::misa::B.of(b.into()), "misa.B");
        p.li(A0, 0b1010).li(A1, 3);
        run_or_trap(p, cpu.has(Ext::Zba), 23, |p| {
            p.sh1add(A2, A0, A1);
        });
        run_or_trap(p, cpu.has(Ext::Zbb), 2, |p| {
            p.cpop(A2, A0);
        });
        run_or_trap(p, cpu.has(Ext::Zbs), 0b0010, |p| {
            p.bclr(A2, A0, A1);
        });
    }

    /// With misa.M, all multiplications and divisions are there; those of Zmmul among them.
    misa_m_promises_mul_and_div
    [rules "misa_m_op" "Zmmul_misa_m"]
    |p| {
        p.check_csr_bits(csr::misa::NUMBER, csr::misa::M.mask(), u64::MAX, "misa.M");
        p.li(A0, u64::MAX - 6).li(A1, 2);
        let minus = u64::MAX;
        p.mul(A2, A0, A1);
        p.check_eq(A2, minus - 13, "mul");
        p.mulh(A2, A0, A1);
        p.check_eq(A2, minus, "mulh");
        p.mulhsu(A2, A0, A1);
        p.check_eq(A2, minus, "mulhsu");
        p.mulhu(A2, A0, A1);
        p.check_eq(A2, 1, "mulhu");
        p.mulw(A2, A0, A1);
        p.check_eq(A2, minus - 13, "mulw");
        p.div(A2, A0, A1);
        p.check_eq(A2, minus - 2, "div");
        p.divu(A2, A0, A1);
        p.check_eq(A2, 0x7fff_ffff_ffff_fffc, "divu");
        p.rem(A2, A0, A1);
        p.check_eq(A2, minus, "rem");
        p.remu(A2, A0, A1);
        p.check_eq(A2, 1, "remu");
        p.divw(A2, A0, A1);
        p.check_eq(A2, minus - 2, "divw");
        p.divuw(A2, A0, A1);
        p.check_eq(A2, 0x7fff_fffc, "divuw");
        p.remw(A2, A0, A1);
        p.check_eq(A2, minus, "remw");
        p.remuw(A2, A0, A1);
        p.check_eq(A2, 1, "remuw");
    }

    /// Without misa.X the opcodes that are left to non-standard extensions are illegal.
    custom_opcodes_are_illegal_without_x
    [rules "misa_x_op"]
    |p| {
        p.check_csr_bits(csr::misa::NUMBER, 1 << 23, 0, "misa.X");
        for custom in [0x0b, 0x2b, 0x5b, 0x7b] {
            p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), |p| {
                p.word(custom);
            });
        }
    }

    /// Where misa has S and U, there is an S-mode and a U-mode: MPP holds them and MRET goes there.
    misa_s_and_u_promise_the_modes
    [rules "misa_s_op" "misa_u_op"]
    |p| {
        let modes = csr::misa::S.mask() | csr::misa::U.mask();
        p.check_csr_bits(csr::misa::NUMBER, modes, modes, "misa.S and misa.U");
        for (mode, cause) in [(Mode::HS, Exception::EcallS), (Mode::U, Exception::EcallU)] {
            p.in_mode(mode, |p| {
                p.expect_trap(trap(cause, Mode::M), |p| {
                    p.ecall();
                });
            });
        }
    }
}

/// The letters and MXL of the hart.
fn expected(p: &Program) -> u64 {
    use csr::misa::{A, B, C, D, F, H, I, M, MXL, S, U};
    let mut value = MXL.of(2);
    for letter in [A, C, D, F, I, M, S, U] {
        value |= letter.mask();
    }
    let cpu = p.cpu();
    value |= B.of((cpu.has(Ext::Zba) && cpu.has(Ext::Zbb) && cpu.has(Ext::Zbs)).into());
    value | H.of(cpu.has(Ext::H).into())
}

/// Checks that registers and shift amounts have 64 and 6 bits.
fn sixty_four_bits(p: &mut Program) {
    p.li(A0, 2).slli(A0, A0, 31);
    p.check_eq(A0, 1 << 32, "2 shifted left by 31");
    p.li(A0, 1).li(A1, 63).sll(A0, A0, A1);
    p.check_eq(A0, 1 << 63, "1 shifted left by 63");
    p.slt(A0, A0, ZERO);
    p.check_eq(A0, 1, "bit 63 is the sign");
}

/// Checks that an instruction of an extension that the hart has puts `value` into `a2`, or that it is
/// illegal.
fn run_or_trap(p: &mut Program, there: bool, value: u64, body: fn(&mut Program)) {
    if there {
        body(p);
        p.check_eq(A2, value, "what the instruction computes");
    } else {
        p.expect_trap(trap(Exception::IllegalInst, Mode::M).tval_inst(), body);
    }
}
