//! Integer instructions that compute a result from registers and immediates: all of them common cases.

use std::marker::PhantomData;

use super::{Operand, Step, set_x};
use crate::engine::op::Op;
use crate::engine::view::Line;
use crate::hart::Hart;

/// A function of two operands.
pub(in crate::engine) trait Function {
    /// Its value.
    fn of(a: u64, b: u64) -> u64;
}

/// An instruction that puts function `F` of operands `X` and `Y` into its destination.
pub(in crate::engine) struct Alu<F, X, Y>(PhantomData<(F, X, Y)>);

impl<F: Function, X: Operand, Y: Operand> Step for Alu<F, X, Y> {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, acc: u64, _: u64, _: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            let result = F::of(X::get(hart, op, acc), Y::get(hart, op, acc));
            set_x(hart, (*op).rd, result);
            Some(result)
        }
    }
}

/// LUI, and C.LI: the immediate alone.
pub(in crate::engine) struct LoadImm;

impl Step for LoadImm {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, _: u64, _: u64, _: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            let result = (*op).imm as u64;
            set_x(hart, (*op).rd, result);
            Some(result)
        }
    }
}

/// AUIPC; the immediate is relative to the start of the page.
pub(in crate::engine) struct Auipc;

impl Step for Auipc {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, _: u64, va: u64, _: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            let result = va.wrapping_add((*op).imm as u64);
            set_x(hart, (*op).rd, result);
            Some(result)
        }
    }
}

/// An instruction without effect, as FENCE where accesses are performed in program order.
pub(in crate::engine) struct Nop;

impl Step for Nop {
    #[inline(always)]
    unsafe fn step(_: &mut Hart, _: *const Op, acc: u64, _: u64, _: *const Line) -> Option<u64> {
        Some(acc)
    }
}

macro_rules! functions {
    ($($(#[doc = $doc:literal])+ $name:ident |$a:ident, $b:ident| $value:expr;)+) => {
        $(
            $(#[doc = $doc])+
            pub(in crate::engine) struct $name;

            impl Function for $name {
                #[inline(always)]
                fn of($a: u64, $b: u64) -> u64 {
                    $value
                }
            }
        )+
    };
}

/// The low word, sign-extended.
#[inline(always)]
fn word(value: u64) -> u64 {
    value as i32 as u64
}

functions! {
    /// The first operand: a move.
    First |a, _b| a;
    /// ADD.
    Add |a, b| a.wrapping_add(b);
    /// SUB.
    Sub |a, b| a.wrapping_sub(b);
    /// AND.
    And |a, b| a & b;
    /// OR.
    Or |a, b| a | b;
    /// XOR.
    Xor |a, b| a ^ b;
    /// SLL.
    Sll |a, b| a << (b & 63);
    /// SRL.
    Srl |a, b| a >> (b & 63);
    /// SRA.
    Sra |a, b| ((a as i64) >> (b & 63)) as u64;
    /// SLT.
    Slt |a, b| u64::from((a as i64) < b as i64);
    /// SLTU.
    Sltu |a, b| u64::from(a < b);
    /// ADDW.
    Addw |a, b| word(a.wrapping_add(b));
    /// SUBW.
    Subw |a, b| word(a.wrapping_sub(b));
    /// SLLW.
    Sllw |a, b| word(a << (b & 31));
    /// SRLW.
    Srlw |a, b| word(u64::from(a as u32 >> (b & 31)));
    /// SRAW.
    Sraw |a, b| (a as i32 >> (b & 31)) as u64;
    /// MUL.
    Mul |a, b| a.wrapping_mul(b);
    /// MULW.
    Mulw |a, b| word(a.wrapping_mul(b));
    /// MULH.
    Mulh |a, b| ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64;
    /// MULHSU.
    Mulhsu |a, b| ((i128::from(a as i64) * i128::from(b)) >> 64) as u64;
    /// MULHU.
    Mulhu |a, b| ((u128::from(a) * u128::from(b)) >> 64) as u64;
    /// DIV.
    Div |a, b| if b == 0 { u64::MAX } else { (a as i64).wrapping_div(b as i64) as u64 };
    /// DIVU.
    Divu |a, b| a.checked_div(b).unwrap_or(u64::MAX);
    /// REM.
    Rem |a, b| if b == 0 { a } else { (a as i64).wrapping_rem(b as i64) as u64 };
    /// REMU.
    Remu |a, b| if b == 0 { a } else { a % b };
    /// DIVW.
    Divw |a, b| {
        let (a, b) = (a as i32, b as i32);
        if b == 0 { u64::MAX } else { a.wrapping_div(b) as u64 }
    };
    /// DIVUW.
    Divuw |a, b| {
        let (a, b) = (a as u32, b as u32);
        a.checked_div(b).map_or(u64::MAX, |quotient| word(quotient.into()))
    };
    /// REMW.
    Remw |a, b| {
        let (a, b) = (a as i32, b as i32);
        if b == 0 { a as u64 } else { a.wrapping_rem(b) as u64 }
    };
    /// REMUW.
    Remuw |a, b| {
        let (a, b) = (a as u32, b as u32);
        word(if b == 0 { a } else { a % b }.into())
    };
    /// ADD.UW; the first operand is the narrow one.
    AddUw |a, b| u64::from(a as u32).wrapping_add(b);
    /// SLLI.UW.
    SllUw |a, b| u64::from(a as u32) << (b & 63);
    /// SH1ADD.
    Sh1add |a, b| (a << 1).wrapping_add(b);
    /// SH2ADD.
    Sh2add |a, b| (a << 2).wrapping_add(b);
    /// SH3ADD.
    Sh3add |a, b| (a << 3).wrapping_add(b);
    /// SH1ADD.UW.
    Sh1addUw |a, b| (u64::from(a as u32) << 1).wrapping_add(b);
    /// SH2ADD.UW.
    Sh2addUw |a, b| (u64::from(a as u32) << 2).wrapping_add(b);
    /// SH3ADD.UW.
    Sh3addUw |a, b| (u64::from(a as u32) << 3).wrapping_add(b);
    /// ANDN.
    Andn |a, b| a & !b;
    /// ORN.
    Orn |a, b| a | !b;
    /// XNOR.
    Xnor |a, b| !(a ^ b);
    /// MIN.
    Min |a, b| (a as i64).min(b as i64) as u64;
    /// MINU.
    Minu |a, b| a.min(b);
    /// MAX.
    Max |a, b| (a as i64).max(b as i64) as u64;
    /// MAXU.
    Maxu |a, b| a.max(b);
    /// ROL.
    Rol |a, b| a.rotate_left(b as u32 & 63);
    /// ROR.
    Ror |a, b| a.rotate_right(b as u32 & 63);
    /// ROLW.
    Rolw |a, b| word((a as u32).rotate_left(b as u32 & 31).into());
    /// RORW.
    Rorw |a, b| word((a as u32).rotate_right(b as u32 & 31).into());
    /// CLZ.
    Clz |a, _b| a.leading_zeros().into();
    /// CTZ.
    Ctz |a, _b| a.trailing_zeros().into();
    /// CPOP.
    Cpop |a, _b| a.count_ones().into();
    /// CLZW.
    Clzw |a, _b| (a as u32).leading_zeros().into();
    /// CTZW.
    Ctzw |a, _b| (a as u32).trailing_zeros().into();
    /// CPOPW.
    Cpopw |a, _b| (a as u32).count_ones().into();
    /// SEXT.B.
    SextB |a, _b| a as i8 as u64;
    /// SEXT.H.
    SextH |a, _b| a as i16 as u64;
    /// ZEXT.H.
    ZextH |a, _b| a & 0xffff;
    /// REV8.
    Rev8 |a, _b| a.swap_bytes();
    /// ORC.B.
    OrcB |a, _b| u64::from_le_bytes(a.to_le_bytes().map(|byte| if byte == 0 { 0 } else { 0xff }));
    /// BCLR.
    Bclr |a, b| a & !(1 << (b & 63));
    /// BEXT.
    Bext |a, b| a >> (b & 63) & 1;
    /// BINV.
    Binv |a, b| a ^ 1 << (b & 63);
    /// BSET.
    Bset |a, b| a | 1 << (b & 63);
    /// CZERO.EQZ.
    CzeroEqz |a, b| if b == 0 { 0 } else { a };
    /// CZERO.NEZ.
    CzeroNez |a, b| if b == 0 { a } else { 0 };
}
