//! What the chapters about floating point share: precisions, and checks of one instruction's result and flags.

pub(super) mod arithmetic;
pub(super) mod compare;
pub(super) mod convert;
pub(super) mod transfer;

use isa::format::Control;
use isa::inst::ROWS;
use isa::{Inst, Op};

use crate::Program;
use crate::prelude::*;

/// The exception flags, as in `fflags`.
pub(super) const NX: u64 = 1;
pub(super) const UF: u64 = 2;
pub(super) const OF: u64 = 4;
pub(super) const DZ: u64 = 8;
pub(super) const NV: u64 = 16;

/// The rounding modes, in the order of their numbers; results by mode are in this order.
pub(super) const MODES: [RoundingMode; 5] = [Rne, Rtz, Rdn, Rup, Rmm];

/// A floating-point precision. Its values are given as the register that holds them: with ones above.
pub(super) struct Precision {
    /// The last part of its instructions' names.
    pub(super) suffix: &'static str,
    /// The width of a value.
    pub(super) bits: u32,
    /// The width of the fraction.
    pub(super) fraction: u32,
}

pub(super) const HALF: Precision = Precision { suffix: "h", bits: 16, fraction: 10 };
pub(super) const SINGLE: Precision = Precision { suffix: "s", bits: 32, fraction: 23 };
pub(super) const DOUBLE: Precision = Precision { suffix: "d", bits: 64, fraction: 52 };

impl Precision {
    /// The instruction `stem`, such as `fadd`, of this precision.
    pub(super) fn op(&self, stem: &str) -> Op {
        named(&format!("{stem}_{}", self.suffix))
    }

    /// The conversion to this precision from what `source` names.
    pub(super) fn convert_from(&self, source: &str) -> Op {
        named(&format!("fcvt_{}_{source}", self.suffix))
    }

    /// The register that holds these bits.
    pub(super) fn boxed(&self, bits: u64) -> u64 {
        bits | (!0u64).checked_shl(self.bits).unwrap_or(0)
    }

    /// The register that holds `value`, which must be exact.
    pub(super) fn n(&self, value: f64) -> u64 {
        let (bias, max) =
            ((1 << (self.bits - self.fraction - 2)) - 1, (1 << (self.bits - self.fraction - 1)) - 1);
        let sign = u64::from(value.is_sign_negative()) << (self.bits - 1);
        let (exponent, fraction) = (value.to_bits() >> 52 & 0x7ff, value.to_bits() & ((1 << 52) - 1));
        let shift = 52 - self.fraction;
        let magnitude = match exponent as i64 - 1023 + bias {
            _ if value == 0.0 => 0,
            _ if value.is_infinite() => max << self.fraction,
            biased @ 1.. => {
                assert!(fraction.trailing_zeros() >= shift && (biased as u64) < max, "{value} is not exact");
                (biased as u64) << self.fraction | fraction >> shift
            }
            // Subnormal here; of the doubles none is, for those that tests name.
            biased => {
                let shift = shift + (1 - biased) as u32;
                assert!(fraction.trailing_zeros() >= shift, "{value} is not exact");
                (1 << 52 | fraction) >> shift
            }
        };
        self.boxed(sign | magnitude)
    }

    /// `value` with its sign changed.
    pub(super) fn neg(&self, value: u64) -> u64 {
        value ^ 1 << (self.bits - 1)
    }

    /// Half a unit in the last place of 1.
    pub(super) fn half_unit(&self) -> u64 {
        self.n((-f64::from(self.fraction) - 1.0).exp2())
    }

    pub(super) fn infinity(&self) -> u64 {
        self.n(f64::INFINITY)
    }

    /// The greatest finite number.
    pub(super) fn max(&self) -> u64 {
        self.infinity() - 1
    }

    /// The least positive normal number.
    pub(super) fn least(&self) -> u64 {
        self.boxed(1 << self.fraction)
    }

    /// The least positive subnormal number.
    pub(super) fn tiny(&self) -> u64 {
        self.boxed(1)
    }

    /// The value of [`Precision::tiny`].
    pub(super) fn tiny_value(&self) -> f64 {
        let bias = (1 << (self.bits - self.fraction - 2)) - 1;
        let exponent = 1 - bias - self.fraction as i32;
        // Powers of two below the least normal double come out of one that is not.
        f64::from(exponent / 2).exp2() * f64::from(exponent - exponent / 2).exp2()
    }

    /// The canonical NaN.
    pub(super) fn nan(&self) -> u64 {
        self.infinity() | 1 << (self.fraction - 1)
    }

    /// A quiet NaN with a sign and a payload.
    pub(super) fn quiet(&self) -> u64 {
        self.neg(self.nan()) | 1
    }

    pub(super) fn signaling(&self) -> u64 {
        self.infinity() | 1
    }

    /// `value` in registers that lack a one above it; none for the widest precision.
    pub(super) fn unboxed(&self, value: u64) -> Vec<u64> {
        let places = [self.bits, (self.bits + 63) / 2, 63];
        if self.bits == 64 { Vec::new() } else { places.map(|bit| value ^ 1 << bit).to_vec() }
    }
}

fn named(name: &str) -> Op {
    ROWS.iter().find(|row| row.name == name).unwrap_or_else(|| panic!("no instruction {name}")).op
}

/// Checks what `op` makes of operands, and the flags that it raises. An instruction that rounds does so in RNE.
pub(super) fn check(p: &mut Program, op: Op, operands: &[u64], result: u64, flags: u64) {
    check_mode(p, op, Rne, Rne, operands, result, flags);
}

/// Checks what `op` makes of operands in each rounding mode, given in the instruction and in `frm`.
pub(super) fn check_modes(p: &mut Program, op: Op, operands: &[u64], results: [u64; 5], flags: [u64; 5]) {
    for (n, mode) in MODES.into_iter().enumerate() {
        let other = MODES[(n + 1) % 5];
        check_mode(p, op, mode, other, operands, results[n], flags[n]);
        check_mode(p, op, Dyn, mode, operands, results[n], flags[n]);
    }
}

/// Checks that operands that are NaNs make `op` return the canonical NaN of `result`: every one of them in turn, quiet,
/// signaling, and for want of a box.
pub(super) fn check_nans(p: &mut Program, op: Op, of: &Precision, operands: &[u64], result: &Precision) {
    for place in 0..operands.len() {
        let mut with = |value, flags| {
            let mut operands = operands.to_vec();
            operands[place] = value;
            check(p, op, &operands, result.nan(), flags);
        };
        with(of.quiet(), 0);
        with(of.signaling(), NV);
        for unboxed in of.unboxed(operands[place]) {
            with(unboxed, 0);
        }
    }
}

fn check_mode(
    p: &mut Program,
    op: Op,
    rm: RoundingMode,
    frm: RoundingMode,
    operands: &[u64],
    result: u64,
    flags: u64,
) {
    let format = op.row().format;
    let (from_x, to_x) = (!format.operands().contains("frs1"), format.operands().starts_with("rd"));
    for (n, operand) in (0..).zip(operands) {
        p.li(T0, *operand);
        if from_x {
            p.mv(A1, T0);
        } else {
            p.fmv_d_x(SOURCES[n], T0);
        }
    }
    // Neither of the destinations holds the result yet.
    p.li(A0, !result).fmv_d_x(FA0, A0);
    p.write_csr(csr::fcsr::NUMBER, csr::fcsr::FRM.of(u64::from(u8::from(frm))));
    let rm = if format.control() == Control::Rounding { rm.into() } else { 0 };
    let [rs1, rs2, rs3] = SOURCES.map(u8::from);
    let rs1 = if from_x { A1.into() } else { rs1 };
    let unused = |n: usize, register| if n < operands.len() { register } else { 0 };
    let rd = if to_x { A0.into() } else { FA0.into() };
    let inst = Inst { rd, rs1, rs2: unused(1, rs2), rs3: unused(2, rs3), rm, ..Inst::new(op) };
    p.inst(inst);
    let what = format!("{} {rm} {frm} {operands:x?}", op.mnemonic());
    if !to_x {
        p.fmv_x_d(A0, FA0);
    }
    p.check_eq(A0, result, &what);
    p.check_csr(csr::fflags::NUMBER, flags, &what);
}

/// The registers of operands.
const SOURCES: [FReg; 3] = [FA1, FA2, FA3];
