//! The load-immediate instructions.

use isa::Inst;

use super::super::float::{DOUBLE, HALF, Precision, SINGLE};
use crate::Program;
use crate::prelude::*;

/// The constants by number; 1 is the least positive normal number of each precision.
const VALUES: [f64; 31] = [
    -1.0,
    0.0,
    1.0 / 65536.0,
    1.0 / 32768.0,
    1.0 / 256.0,
    1.0 / 128.0,
    0.0625,
    0.125,
    0.25,
    0.3125,
    0.375,
    0.4375,
    0.5,
    0.625,
    0.75,
    0.875,
    1.0,
    1.25,
    1.5,
    1.75,
    2.0,
    2.5,
    3.0,
    4.0,
    8.0,
    16.0,
    128.0,
    256.0,
    32768.0,
    65536.0,
    f64::INFINITY,
];

conformance_tests! {
    /// The 32 constants as singles.
    fli_s
    [rules "fli-s_op"]
    [needs Zfa]
    |p| {
        constants(p, &SINGLE);
    }

    /// The 32 constants as doubles.
    fli_d
    [rules "fli-d_op"]
    [needs Zfa]
    |p| {
        constants(p, &DOUBLE);
    }

    /// The 32 constants as halves: two are subnormal, and 65536 is infinity.
    fli_h
    [rules "fli-h_op"]
    [needs Zfa Zfh]
    |p| {
        constants(p, &HALF);
    }
}

/// Every constant, boxed and without flags, also 65536 as a half.
fn constants(p: &mut Program, f: &Precision) {
    p.write_csr(csr::fcsr::NUMBER, csr::fcsr::FRM.of(u64::from(u8::from(Rdn))));
    for number in 0..32u8 {
        let expected = match number {
            1 => f.least(),
            29 if f.bits == 16 => f.infinity(),
            31 => f.nan(),
            _ => f.n(VALUES[usize::from(number)]),
        };
        p.fmv_d_x(FA0, ZERO);
        p.inst(Inst { rd: FA0.into(), rs1: number, ..Inst::new(f.op("fli")) });
        p.fmv_x_d(A0, FA0);
        p.check_eq(A0, expected, &format!("constant {number}"));
    }
    p.check_csr(csr::fflags::NUMBER, 0, "flags after all of them");
}
