//! Loads, stores and moves in any precision, which take the bits as they are.

use isa::{Inst, Op};

use super::{Precision, check};
use crate::Program;
use crate::prelude::*;

/// What lies around the value in memory.
const AROUND: u64 = 0x1122_3344_5566_7788;

/// A value of which no byte is another's, with the sign bit set and the exponent all ones: a signaling NaN with a payload.
fn payload(f: &Precision) -> u64 {
    let nan = f.neg(f.signaling());
    nan | 0x0003_1415_9265_3589 & ((1 << (f.fraction - 1)) - 1)
}

/// The low bits that are a value.
fn mask(f: &Precision) -> u64 {
    u64::MAX >> (64 - f.bits)
}

/// A load has base, signed offset and width, and boxes what it loads.
pub(crate) fn load(p: &mut Program, f: &Precision, op: Op) {
    let (page, size) = (p.page(), i32::from(f.bits as u16 / 8));
    for (offset, value) in [(0, f.n(1.5)), (-2048, f.n(-2.5)), (2047 / size * size, payload(f))] {
        let address = page + 0x800;
        let target = address.wrapping_add_signed(offset.into());
        let (dword, shift) = (target & !7, (target & 7) * 8);
        p.store(dword, AROUND & !(mask(f) << shift) | (value & mask(f)) << shift);
        p.li(A1, address).fmv_d_x(FA0, ZERO);
        p.inst(Inst { rd: FA0.into(), rs1: A1.into(), imm: offset, ..Inst::new(op) });
        p.fmv_x_d(A0, FA0);
        p.check_eq(A0, value, &format!("{} at {offset}", op.mnemonic()));
    }
    p.check_csr(csr::fflags::NUMBER, 0, "flags after loads");
}

/// A store has base, signed offset and width, changes nothing beside it, and looks at the low bits alone.
pub(crate) fn store(p: &mut Program, f: &Precision, op: Op) {
    let (page, size) = (p.page(), i32::from(f.bits as u16 / 8));
    for (offset, register) in [
        (0, f.n(1.5)),
        (-2048, payload(f)),
        (2047 / size * size, payload(f) & mask(f)),
        (size, f.n(-2.5) & mask(f)),
    ] {
        let address = page + 0x800;
        let target = address.wrapping_add_signed(offset.into());
        let (dword, shift) = (target & !7, (target & 7) * 8);
        p.store(dword, AROUND);
        p.li(A1, address).li(A0, register).fmv_d_x(FA0, A0);
        p.inst(Inst { rs2: FA0.into(), rs1: A1.into(), imm: offset, ..Inst::new(op) });
        let expected = AROUND & !(mask(f) << shift) | (register & mask(f)) << shift;
        p.check_memory(dword, expected, &format!("{} at {offset}", op.mnemonic()));
    }
    p.check_csr(csr::fflags::NUMBER, 0, "flags after stores");
}

/// A move to an integer register copies the sign bit upwards and does not look at the box.
pub(crate) fn move_to_x(p: &mut Program, f: &Precision, op: Op) {
    let extend = |value: u64| ((value << (64 - f.bits)) as i64 >> (64 - f.bits)) as u64;
    for value in [f.n(1.5), f.n(-1.5), f.signaling(), payload(f), f.quiet()] {
        check(p, op, &[value], extend(value), 0);
        for unboxed in f.unboxed(value) {
            check(p, op, &[unboxed], extend(value), 0);
        }
    }
}

/// A move from an integer register takes its low bits, whatever they are, and boxes them.
pub(crate) fn move_from_x(p: &mut Program, f: &Precision, op: Op) {
    for value in [f.n(1.5), f.n(-1.5), f.signaling(), payload(f), f.quiet()] {
        check(p, op, &[value], value, 0);
        check(p, op, &[value & mask(f)], value, 0);
    }
}
