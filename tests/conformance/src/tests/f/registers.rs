//! The registers, `fcsr`, and what every instruction does with its fields.

use isa::{Inst, Op};

use super::super::float::{DZ, MODES, NV, NX, OF, SINGLE, UF};
use crate::Program;
use crate::prelude::*;

const FCSR: u16 = csr::fcsr::NUMBER;
const FRM: u16 = csr::frm::NUMBER;
const FFLAGS: u16 = csr::fflags::NUMBER;

/// Flags that were raised before.
const ALL: u64 = NX | UF | OF | DZ | NV;

conformance_tests! {
    /// There are 32 registers, each with a value of its own, of 32 and with D of 64 bits.
    thirty_two_registers
    [rules "FLEN" "D_fpr_regs"]
    |p| {
        let value = |n: u8| 0x0123_4567_89ab_cdef_u64.rotate_left(n.into()) ^ u64::from(n);
        for n in 0..32 {
            p.li(A0, value(n)).fmv_d_x(FReg::from_bits(n), A0);
        }
        for n in 0..32 {
            p.fmv_x_d(A0, FReg::from_bits(n));
            p.check_eq(A0, value(n), &format!("f{n}"));
        }
        for n in 0..32 {
            p.li(A0, value(n)).fmv_w_x(FReg::from_bits(n), A0);
        }
        for n in 0..32 {
            p.fmv_x_w(A0, FReg::from_bits(n));
            p.check_eq(A0, value(n) as i32 as u64, &format!("f{n} as a single"));
        }
    }

    /// fcsr holds flags and rounding mode, and zeros above; each field has a CSR of its own, which reads and
    /// writes that field alone.
    fcsr_and_its_fields
    [rules "fscr_sz" "fcsr_op" "fcsr_frm_sz" "fcsr_frm_op" "fcsr_fflags_op"]
    |p| {
        p.check_writable(FCSR, 0xff, 0);
        p.check_writable(FRM, 0x7, 0);
        p.check_writable(FFLAGS, 0x1f, 0);
        for value in [0x00, 0x1f, 0xe0, 0x95, 0x6a] {
            p.write_csr(FCSR, value);
            p.check_csr(FRM, value >> 5, "frm in fcsr");
            p.check_csr(FFLAGS, value & 0x1f, "fflags in fcsr");
        }
        p.write_csr(FCSR, 0);
        p.write_csr(FRM, 5);
        p.check_csr(FCSR, 5 << 5, "fcsr after a write to frm");
        p.write_csr(FFLAGS, 0x12);
        p.check_csr(FCSR, 5 << 5 | 0x12, "fcsr after a write to fflags");
        p.write_csr(FRM, 2);
        p.check_csr(FCSR, 2 << 5 | 0x12, "flags after a write to frm");
    }

    /// The three CSRs are read, written, set and cleared by the CSR instructions, in every mode.
    fcsr_in_every_mode
    [rules "f_depends_zicsr" "fcsr_acc" "fcsr_frm_acc"]
    |p| {
        let access = |p: &mut Program| {
            for (number, ones) in [(FCSR, 0xffu64), (FRM, 7), (FFLAGS, 0x1f)] {
                p.li(A1, ones).csrrw(ZERO, number, A1).csrrci(A0, number, 1);
                p.check_eq(A0, ones, "old value of csrrci");
                p.csrrsi(A0, number, 3);
                p.check_eq(A0, ones - 1, "old value of csrrsi");
                p.li(A1, 2).csrrc(A0, number, A1);
                p.check_eq(A0, ones, "old value of csrrc");
                p.csrrs(A0, number, A1);
                p.check_eq(A0, ones - 2, "old value of csrrs");
                p.csrrwi(A0, number, 4);
                p.check_eq(A0, ones, "old value of csrrwi");
                p.csrrw(A0, number, ZERO);
                p.check_eq(A0, 4, "old value of csrrw");
            }
        };
        access(p);
        p.in_mode(Mode::HS, access);
        p.in_mode(Mode::U, access);
    }

    /// Each flag is raised by what it stands for, and stays until software clears it.
    flags_accrue
    [rules "fcsr_fflags_op"]
    |p| {
        let f = &SINGLE;
        let zero = f.n(0.0);
        let steps = [
            (Op::fadd_s, f.n(1.0), f.half_unit(), NX),
            (Op::fdiv_s, f.n(1.0), zero, DZ),
            (Op::fmul_s, f.tiny(), f.tiny(), UF | NX),
            (Op::fmul_s, f.max(), f.max(), OF | NX),
            (Op::fdiv_s, zero, zero, NV),
            (Op::fadd_s, f.n(1.0), f.n(1.0), 0),
        ];
        p.write_csr(FCSR, 0);
        let mut flags = 0;
        for (op, a, b, raised) in steps {
            p.li(A1, a).fmv_d_x(FA1, A1).li(A2, b).fmv_d_x(FA2, A2);
            p.inst(Inst { rd: FA0.into(), rs1: FA1.into(), rs2: FA2.into(), ..Inst::new(op) });
            flags |= raised;
            p.check_csr(FFLAGS, flags, &format!("flags after {}", op.mnemonic()));
        }
        assert_eq!(flags, ALL);
        p.check_csr(FRM, 0, "no flag is written to frm");
    }

    /// An instruction rounds as its own field says, or as frm does where that is dynamic.
    static_and_dynamic_rounding
    [rules "F_rm_field" "fcsr_frm_op"]
    |p| {
        let (one, half) = (SINGLE.n(1.0), SINGLE.half_unit());
        p.li(A1, one).fmv_d_x(FA1, A1).li(A2, half).fmv_d_x(FA2, A2);
        let rounded = |mode| if matches!(mode, Rup | Rmm) { one + 1 } else { one };
        for frm in MODES {
            p.write_csr(FRM, u8::from(frm).into());
            for rm in MODES {
                p.fadd_s(FA0, FA1, FA2, rm).fmv_x_d(A0, FA0);
                p.check_eq(A0, rounded(rm), &format!("{rm}, frm {frm}"));
            }
            p.fadd_s(FA0, FA1, FA2, Dyn).fmv_x_d(A0, FA0);
            p.check_eq(A0, rounded(frm), &format!("dynamic, {frm}"));
        }
    }
}
