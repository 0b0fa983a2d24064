//! TestFloat's functions and the instructions that compute them, and how a vector of theirs is read.

use isa::Op;
use isa::format::{Control, Format};

use crate::bench::Outcome;

/// A function of TestFloat's.
pub(crate) struct Function {
    /// Its name, as the generator knows it.
    pub(crate) name: &'static str,
    /// The instructions that compute it.
    pub(crate) forms: &'static [Form],
}

/// An instruction that computes a function once some of its operands are negated.
pub(crate) struct Form {
    pub(crate) op: Op,
    /// Numbers of the operands to negate, from 0.
    negated: &'static [usize],
}

/// The operands of an instruction and what it must make of them, as its registers hold them.
pub(crate) struct Vector {
    pub(crate) operands: [u64; 3],
    /// The operands are in integer registers.
    pub(crate) from_x: bool,
    /// The result is in an integer register.
    pub(crate) to_x: bool,
    result: u64,
    flags: u64,
}

/// One row: `"name" instruction ...;` where `[n, ...]` after an instruction are the operands to negate.
macro_rules! functions {
    ($($list:ident { $($name:literal $($op:ident $([$($negated:literal),+])?)+;)+ })+) => {
        $(pub(crate) const $list: &[Function] = &[$(Function {
            name: $name,
            forms: &[$(Form { op: Op::$op, negated: &[$($($negated),+)?] }),+],
        }),+];)+

        /// Every instruction of the lists.
        const LISTED: &[Op] = &[$($($(Op::$op),+),+),+];
    };
}

functions! {
    HALF {
        "f16_add" fadd_h;
        "f16_sub" fsub_h;
        "f16_mul" fmul_h;
        "f16_div" fdiv_h;
        "f16_sqrt" fsqrt_h;
        "f16_eq" feq_h;
        "f16_le" fle_h;
        "f16_lt" flt_h;
        "f16_le_quiet" fleq_h;
        "f16_lt_quiet" fltq_h;
        "f16_roundToInt" fround_h;
        "f16_roundToInt" froundnx_h;
        "f16_to_i32" fcvt_w_h;
        "f16_to_ui32" fcvt_wu_h;
        "f16_to_i64" fcvt_l_h;
        "f16_to_ui64" fcvt_lu_h;
        "f16_to_f32" fcvt_s_h;
        "f16_to_f64" fcvt_d_h;
    }
    SINGLE {
        "f32_add" fadd_s;
        "f32_sub" fsub_s;
        "f32_mul" fmul_s;
        "f32_div" fdiv_s;
        "f32_sqrt" fsqrt_s;
        "f32_eq" feq_s;
        "f32_le" fle_s;
        "f32_lt" flt_s;
        "f32_le_quiet" fleq_s;
        "f32_lt_quiet" fltq_s;
        "f32_roundToInt" fround_s;
        "f32_roundToInt" froundnx_s;
        "f32_to_i32" fcvt_w_s;
        "f32_to_ui32" fcvt_wu_s;
        "f32_to_i64" fcvt_l_s;
        "f32_to_ui64" fcvt_lu_s;
        "f32_to_f16" fcvt_h_s;
        "f32_to_f64" fcvt_d_s;
    }
    DOUBLE {
        "f64_add" fadd_d;
        "f64_sub" fsub_d;
        "f64_mul" fmul_d;
        "f64_div" fdiv_d;
        "f64_sqrt" fsqrt_d;
        "f64_eq" feq_d;
        "f64_le" fle_d;
        "f64_lt" flt_d;
        "f64_le_quiet" fleq_d;
        "f64_lt_quiet" fltq_d;
        "f64_roundToInt" fround_d;
        "f64_roundToInt" froundnx_d;
        "f64_to_i32" fcvt_w_d;
        "f64_to_ui32" fcvt_wu_d;
        "f64_to_i64" fcvt_l_d;
        "f64_to_ui64" fcvt_lu_d;
        "f64_to_f16" fcvt_h_d;
        "f64_to_f32" fcvt_s_d;
    }
    INTEGERS {
        "i32_to_f16" fcvt_h_w;
        "i32_to_f32" fcvt_s_w;
        "i32_to_f64" fcvt_d_w;
        "ui32_to_f16" fcvt_h_wu;
        "ui32_to_f32" fcvt_s_wu;
        "ui32_to_f64" fcvt_d_wu;
        "i64_to_f16" fcvt_h_l;
        "i64_to_f32" fcvt_s_l;
        "i64_to_f64" fcvt_d_l;
        "ui64_to_f16" fcvt_h_lu;
        "ui64_to_f32" fcvt_s_lu;
        "ui64_to_f64" fcvt_d_lu;
    }
    FUSED_HALF {
        "f16_mulAdd" fmadd_h fmsub_h [2] fnmsub_h [0] fnmadd_h [0, 2];
    }
    FUSED_SINGLE {
        "f32_mulAdd" fmadd_s fmsub_s [2] fnmsub_s [0] fnmadd_s [0, 2];
    }
    FUSED_DOUBLE {
        "f64_mulAdd" fmadd_d fmsub_d [2] fnmsub_d [0] fnmadd_d [0, 2];
    }
}

impl Function {
    /// Whether its instruction has a rounding mode.
    pub(crate) fn rounds(&self) -> bool {
        self.forms[0].op.row().format.control() == Control::Rounding
    }

    /// The generator's option for whether rounding to an integer is inexact: it is, but for `fround`.
    pub(crate) fn exactness(&self) -> &'static str {
        match self.forms[0].op {
            Op::fround_h | Op::fround_s | Op::fround_d => "-notexact",
            _ => "-exact",
        }
    }
}

impl Form {
    /// Reads a line of the generator's: the operands, the result and the flags, in hexadecimal digits, whose number
    /// tells the width.
    ///
    /// # Panics
    /// If it is not that.
    pub(crate) fn vector(&self, line: &str) -> Vector {
        let template = self.op.row().format.operands();
        let (from_x, to_x) = (!template.contains("frs1"), template.starts_with("rd"));
        let mut words = line.split_ascii_whitespace();
        let flags = number(words.next_back().expect("flags"));
        let result = register(words.next_back().expect("a result"), to_x);
        let mut operands = [0; 3];
        for (n, word) in words.enumerate() {
            operands[n] = register(word, from_x);
            if from_x && word.len() == 8 {
                // The upper half of an integer register is not looked at.
                operands[n] ^= 0x5a5a_5a5a << 32;
            }
            if self.negated.contains(&n) {
                operands[n] ^= 1 << (4 * word.len() - 1);
            }
        }
        Vector { operands, from_x, to_x, result, flags }
    }
}

impl Vector {
    /// What the instruction must leave behind.
    pub(crate) fn outcome(&self) -> Outcome {
        Some((self.result, self.flags))
    }
}

/// The register that holds the value of these digits: an integer of 32 bits is sign-extended, a
/// floating-point value has ones above it.
fn register(digits: &str, is_x: bool) -> u64 {
    let value = number(digits);
    match (is_x, digits.len()) {
        (true, 8) => value as i32 as u64,
        (true, _) | (false, 16) => value,
        (false, len) => value | !0 << (4 * len),
    }
}

#[test]
fn every_instruction_that_computes_is_listed() {
    let computes = |format| {
        use Format::{F4, FCompare, FRm, FToXRm, FUnaryRm, XToFRm};
        matches!(format, F4 | FRm | FUnaryRm | FCompare | FToXRm | XToFRm)
    };
    let rows = || isa::inst::ROWS.iter().filter(|row| computes(row.format));
    for row in rows() {
        assert!(LISTED.contains(&row.op), "{} is not compared with TestFloat", row.name);
    }
    assert_eq!(rows().count(), LISTED.len(), "an instruction is listed twice");
}

fn number(digits: &str) -> u64 {
    u64::from_str_radix(digits, 16).expect("hexadecimal digits")
}
