//! Floating point by the host's: the common case is that no exception flag can be raised that is not set already,
//! and that the result is the one that every IEEE 754 implementation has.
//!
//! The host rounds to the nearest, ties to even. Where NX is set already and neither operands nor result are
//! subnormal, infinite or not a number, nothing else can be raised. `tests/host_float.rs` holds every one of these
//! instructions against SoftFloat.

use std::marker::PhantomData;

use super::memory::{self, U32, U64};
use super::{Step, set_x, x};
use crate::engine::handler::slow::slow;
use crate::engine::op::{Next, Op, go};
use crate::engine::view::Line;
use crate::hart::Hart;

/// The floating-point state is on and marked dirty, so that writing a register changes nothing else.
pub(in crate::engine) const DIRTY: u8 = 1;
/// NX is set.
pub(in crate::engine) const INEXACT: u8 = 2;
/// The dynamic rounding mode is to the nearest, ties to even.
pub(in crate::engine) const NEAREST: u8 = 4;
/// The dynamic rounding mode is one that there is.
pub(in crate::engine) const VALID: u8 = 8;

/// Whether the floating-point state is as `NEED` says.
#[inline(always)]
fn is_ready<const NEED: u8>(hart: &Hart) -> bool {
    hart.engine.hot.float & NEED == NEED
}

/// Register `n`.
#[inline(always)]
unsafe fn f(hart: &Hart, n: u8) -> u64 {
    // SAFETY: the decoder writes no number above 31.
    unsafe { *hart.f.get_unchecked(usize::from(n)) }
}

#[inline(always)]
unsafe fn set_f(hart: &mut Hart, n: u8, bits: u64) {
    // SAFETY: as for `f`.
    unsafe { *hart.f.get_unchecked_mut(usize::from(n)) = bits }
}

/// A floating-point format of the host.
pub(in crate::engine) trait Format: Copy + PartialOrd {
    /// The bits that a register has above a value.
    const BOX: u64;
    /// The sign bit.
    const SIGN: u64;

    /// The value in a register; `None` where the register holds none of this format.
    fn unbox(register: u64) -> Option<Self>;

    /// The register that holds it.
    fn boxed(self) -> u64;

    /// Whether it is zero.
    fn is_zero(self) -> bool;

    /// Whether it is zero or normal.
    fn is_plain(self) -> bool;

    /// Whether it is normal, and not of the least exponent: rounding has then not hidden that it was subnormal.
    fn is_safe(self) -> bool;

    /// Whether it is not a number.
    fn is_not_a_number(self) -> bool;
}

macro_rules! formats {
    ($($type:ident $box:literal $sign:literal;)+) => {
        $(
            impl Format for $type {
                const BOX: u64 = $box;
                const SIGN: u64 = $sign;

                #[inline(always)]
                fn unbox(register: u64) -> Option<$type> {
                    if register & $box == $box { Some($type::from_bits(register as _)) } else { None }
                }

                #[inline(always)]
                fn boxed(self) -> u64 {
                    $box | u64::from(self.to_bits())
                }

                #[inline(always)]
                fn is_zero(self) -> bool {
                    self == 0.0
                }

                #[inline(always)]
                fn is_plain(self) -> bool {
                    let size = self.abs();
                    size == 0.0 || ($type::MIN_POSITIVE..$type::INFINITY).contains(&size)
                }

                #[inline(always)]
                fn is_safe(self) -> bool {
                    let size = self.abs();
                    (2.0 * $type::MIN_POSITIVE..$type::INFINITY).contains(&size)
                }

                #[inline(always)]
                fn is_not_a_number(self) -> bool {
                    self.is_nan()
                }
            }
        )+
    };
}

formats! {
    f32 0xffff_ffff_0000_0000 0x8000_0000;
    f64 0 0x8000_0000_0000_0000;
}

/// FLW and FLD.
pub(in crate::engine) struct FloatLoad<F>(PhantomData<F>);
/// FSW and FSD.
pub(in crate::engine) struct FloatStore<F>(PhantomData<F>);

macro_rules! accesses {
    ($($format:ident $value:ident;)+) => {
        $(
            impl Step for FloatLoad<$format> {
                #[inline(always)]
                unsafe fn step(hart: &mut Hart, op: *const Op, acc: u64, _: u64, lines: *const Line) -> Option<u64> {
                    // SAFETY: passed on.
                    unsafe {
                        if !is_ready::<DIRTY>(hart) {
                            return None;
                        }
                        let va = x(hart, (*op).a).wrapping_add((*op).imm as u64);
                        let bits = memory::read::<$value>(lines, va)?;
                        set_f(hart, (*op).rd, $format::BOX | bits);
                        Some(acc)
                    }
                }
            }

            impl Step for FloatStore<$format> {
                #[inline(always)]
                unsafe fn step(hart: &mut Hart, op: *const Op, acc: u64, _: u64, lines: *const Line) -> Option<u64> {
                    // SAFETY: passed on.
                    unsafe {
                        if !is_ready::<DIRTY>(hart) {
                            return None;
                        }
                        let va = x(hart, (*op).a).wrapping_add((*op).imm as u64);
                        memory::write::<$value>(lines, va, f(hart, (*op).b))?;
                        Some(acc)
                    }
                }
            }
        )+
    };
}

accesses! {
    f32 U32;
    f64 U64;
}

/// A function of two operands: its value, where the host's is the one wanted and raises nothing but NX.
pub(in crate::engine) trait Arithmetic<F> {
    /// The value.
    fn of(a: F, b: F) -> Option<F>;
}

/// FADD.
pub(in crate::engine) struct Add;
/// FSUB.
pub(in crate::engine) struct Sub;
/// FMUL.
pub(in crate::engine) struct Mul;
/// FDIV.
pub(in crate::engine) struct Div;
/// FSQRT of the first operand.
pub(in crate::engine) struct Sqrt;
/// FMIN.
pub(in crate::engine) struct Min;
/// FMAX.
pub(in crate::engine) struct Max;

macro_rules! arithmetic {
    ($($format:ident),+) => {
        $(
            impl Arithmetic<$format> for Add {
                #[inline(always)]
                fn of(a: $format, b: $format) -> Option<$format> {
                    let sum = a + b;
                    // Where the sum of plain numbers is zero, it is exact.
                    if a.is_plain() && b.is_plain() && (sum.is_safe() || sum.is_zero()) { Some(sum) } else { None }
                }
            }

            impl Arithmetic<$format> for Sub {
                #[inline(always)]
                fn of(a: $format, b: $format) -> Option<$format> {
                    let difference = a - b;
                    let is_known = difference.is_safe() || difference.is_zero();
                    if a.is_plain() && b.is_plain() && is_known { Some(difference) } else { None }
                }
            }

            impl Arithmetic<$format> for Mul {
                #[inline(always)]
                fn of(a: $format, b: $format) -> Option<$format> {
                    let product = a * b;
                    let is_known = product.is_safe() || a.is_zero() || b.is_zero();
                    if a.is_plain() && b.is_plain() && is_known { Some(product) } else { None }
                }
            }

            impl Arithmetic<$format> for Div {
                #[inline(always)]
                fn of(a: $format, b: $format) -> Option<$format> {
                    let quotient = a / b;
                    let is_known = (quotient.is_safe() || a.is_zero()) && !b.is_zero();
                    if a.is_plain() && b.is_plain() && is_known { Some(quotient) } else { None }
                }
            }

            impl Arithmetic<$format> for Sqrt {
                #[inline(always)]
                fn of(a: $format, _: $format) -> Option<$format> {
                    if a.is_plain() && a >= 0.0 { Some(a.sqrt()) } else { None }
                }
            }

            impl Arithmetic<$format> for Min {
                #[inline(always)]
                fn of(a: $format, b: $format) -> Option<$format> {
                    // Zeros of both signs are equal to the host.
                    if a < b { Some(a) } else if b < a { Some(b) } else { None }
                }
            }

            impl Arithmetic<$format> for Max {
                #[inline(always)]
                fn of(a: $format, b: $format) -> Option<$format> {
                    if a > b { Some(a) } else if b > a { Some(b) } else { None }
                }
            }
        )+
    };
}

arithmetic!(f32, f64);

/// An instruction that puts `A` of two registers into a third.
pub(in crate::engine) struct Binary<A, F, const NEED: u8>(PhantomData<(A, F)>);

impl<A: Arithmetic<F>, F: Format, const NEED: u8> Step for Binary<A, F, NEED> {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, acc: u64, _: u64, _: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            if !is_ready::<NEED>(hart) {
                return None;
            }
            let (a, b) = (F::unbox(f(hart, (*op).a))?, F::unbox(f(hart, (*op).b))?);
            let result = A::of(a, b)?;
            set_f(hart, (*op).rd, result.boxed());
            Some(acc)
        }
    }
}

/// FSGNJ, FSGNJN and FSGNJX: the first operand with a sign that depends on both.
pub(in crate::engine) struct Sign<F, const KIND: u8>(PhantomData<F>);

impl<F: Format, const KIND: u8> Step for Sign<F, KIND> {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, acc: u64, _: u64, _: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            if !is_ready::<DIRTY>(hart) {
                return None;
            }
            let (a, b) = (F::unbox(f(hart, (*op).a))?.boxed(), F::unbox(f(hart, (*op).b))?.boxed());
            let sign = match KIND {
                0 => b,
                1 => !b,
                _ => a ^ b,
            };
            set_f(hart, (*op).rd, a & !F::SIGN | sign & F::SIGN);
            Some(acc)
        }
    }
}

/// FEQ, FLT and FLE of numbers.
pub(in crate::engine) struct Compare<F, const KIND: u8>(PhantomData<F>);

impl<F: Format, const KIND: u8> Step for Compare<F, KIND> {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, _: u64, _: u64, _: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            if !is_ready::<DIRTY>(hart) {
                return None;
            }
            let (a, b) = (F::unbox(f(hart, (*op).a))?, F::unbox(f(hart, (*op).b))?);
            if a.is_not_a_number() || b.is_not_a_number() {
                return None;
            }
            let holds = u64::from(match KIND {
                0 => a == b,
                1 => a < b,
                _ => a <= b,
            });
            set_x(hart, (*op).rd, holds);
            Some(holds)
        }
    }
}

/// A conversion between an integer register and a floating-point register, or between formats.
pub(in crate::engine) trait Conversion {
    /// What is to be written, where the host's result is the one wanted and raises nothing but NX.
    fn of(from: u64) -> Option<u64>;
}

/// A conversion or move from an integer register.
pub(in crate::engine) type FromX<C, const NEED: u8> = Transfer<C, X, F, NEED>;
/// A conversion or move to an integer register.
pub(in crate::engine) type ToX<C, const NEED: u8> = Transfer<C, F, X, NEED>;
/// A conversion between formats.
pub(in crate::engine) type Convert<C, const NEED: u8> = Transfer<C, F, F, NEED>;

/// A conversion or move `C` from a register of file `S` to one of file `D`.
pub(in crate::engine) struct Transfer<C, S, D, const NEED: u8>(PhantomData<(C, S, D)>);

/// A register file.
pub(in crate::engine) trait File {
    /// Register `n`.
    ///
    /// # Safety
    /// `n` must be a number that the decoder writes for this file.
    unsafe fn get(hart: &Hart, n: u8) -> u64;

    /// Sets register `n`.
    ///
    /// # Safety
    /// As for [`get`](File::get).
    unsafe fn set(hart: &mut Hart, n: u8, bits: u64);
}

/// The integer registers.
pub(in crate::engine) struct X;
/// The floating-point registers.
pub(in crate::engine) struct F;

impl File for X {
    #[inline(always)]
    unsafe fn get(hart: &Hart, n: u8) -> u64 {
        // SAFETY: passed on.
        unsafe { x(hart, n) }
    }

    #[inline(always)]
    unsafe fn set(hart: &mut Hart, n: u8, bits: u64) {
        // SAFETY: passed on.
        unsafe { set_x(hart, n, bits) }
    }
}

impl File for F {
    #[inline(always)]
    unsafe fn get(hart: &Hart, n: u8) -> u64 {
        // SAFETY: passed on.
        unsafe { f(hart, n) }
    }

    #[inline(always)]
    unsafe fn set(hart: &mut Hart, n: u8, bits: u64) {
        // SAFETY: passed on.
        unsafe { set_f(hart, n, bits) }
    }
}

impl<C: Conversion, S: File, D: File, const NEED: u8> Step for Transfer<C, S, D, NEED> {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, _: u64, _: u64, _: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            if !is_ready::<NEED>(hart) {
                return None;
            }
            let value = C::of(S::get(hart, (*op).a))?;
            D::set(hart, (*op).rd, value);
            Some(value)
        }
    }
}

macro_rules! conversions {
    ($($(#[doc = $doc:literal])+ $name:ident |$from:ident| $value:expr;)+) => {
        $(
            $(#[doc = $doc])+
            pub(in crate::engine) struct $name;

            impl Conversion for $name {
                #[inline(always)]
                fn of($from: u64) -> Option<u64> {
                    $value
                }
            }
        )+
    };
}

/// `value` truncated to an integer, where `low < value < high`.
macro_rules! truncated {
    ($register:ident $format:ident $low:literal $high:literal $integer:ident) => {{
        let value = $format::unbox($register)?;
        if value > $low && value < $high { Some(value as $integer as i64 as u64) } else { None }
    }};
}

conversions! {
    /// FMV.D.X and FMV.X.D.
    Move |bits| Some(bits);
    /// FMV.W.X.
    MoveToSingle |bits| Some(f32::BOX | bits & 0xffff_ffff);
    /// FMV.X.W.
    MoveFromSingle |bits| Some(bits as i32 as u64);
    /// FCVT.D.W.
    DoubleFromW |x| Some(f64::from(x as i32).boxed());
    /// FCVT.D.WU.
    DoubleFromWu |x| Some(f64::from(x as u32).boxed());
    /// FCVT.D.L.
    DoubleFromL |x| Some((x as i64 as f64).boxed());
    /// FCVT.D.LU.
    DoubleFromLu |x| Some((x as f64).boxed());
    /// FCVT.S.W.
    SingleFromW |x| Some((x as i32 as f32).boxed());
    /// FCVT.S.WU.
    SingleFromWu |x| Some((x as u32 as f32).boxed());
    /// FCVT.S.L.
    SingleFromL |x| Some((x as i64 as f32).boxed());
    /// FCVT.S.LU.
    SingleFromLu |x| Some((x as f32).boxed());
    /// FCVT.W.D towards zero.
    DoubleToW |register| truncated!(register f64 -2147483649.0 2147483648.0 i32);
    /// FCVT.L.D towards zero.
    DoubleToL |register| truncated!(register f64 -9223372036854775808.0 9223372036854775808.0 i64);
    /// FCVT.W.S towards zero.
    SingleToW |register| truncated!(register f32 -2147483648.0 2147483648.0 i32);
    /// FCVT.L.S towards zero.
    SingleToL |register| truncated!(register f32 -9223372036854775808.0 9223372036854775808.0 i64);
    /// FCVT.S.D.
    DoubleToSingle |register| {
        let value = f64::unbox(register)?;
        let single = value as f32;
        if single.is_safe() || value.is_zero() { Some(single.boxed()) } else { None }
    };
    /// FCVT.D.S.
    SingleToDouble |register| {
        let value = f32::unbox(register)?;
        if value.is_not_a_number() { None } else { Some(f64::from(value).boxed()) }
    };
}

/// The product of two operands plus a third, each perhaps negated.
macro_rules! fused {
    ($($name:ident $format:ident;)+) => {
        $(
            /// FMADD, FMSUB, FNMSUB and FNMADD: the handler of an op whose immediate is the third register. The
            /// product is negated where bit 1 of `KIND` is set, and the third operand where bit 0 is.
            ///
            /// # Safety
            /// As for [`Step::step`]; and the host must have what [`has_fused`] asks.
            #[cfg_attr(target_arch = "x86_64", target_feature(enable = "fma"))]
            pub(in crate::engine) unsafe extern "C" fn $name<const KIND: u8, const NEED: u8>(
                hart: &mut Hart,
                op: *const Op,
                acc: u64,
                va: u64,
                budget: i64,
                lines: *const Line,
            ) -> Next {
                // SAFETY: passed on.
                unsafe {
                    let operands = [(*op).a, (*op).b, (*op).imm as u8].map(|n| $format::unbox(f(hart, n)));
                    if let ([Some(a), Some(b), Some(c)], true) = (operands, is_ready::<NEED>(hart)) {
                        let a = if KIND & 2 == 0 { a } else { -a };
                        let sum = a.mul_add(b, if KIND & 1 == 0 { c } else { -c });
                        let is_known = sum.is_safe() || a.is_zero() || b.is_zero();
                        if a.is_plain() && b.is_plain() && c.is_plain() && is_known {
                            set_f(hart, (*op).rd, sum.boxed());
                            return go(hart, op.add(1), acc, va, budget, lines);
                        }
                    }
                    slow(hart, op, acc, va, budget, lines)
                }
            }
        )+
    };
}

fused! {
    fused_single f32;
    fused_double f64;
}

/// Whether the host rounds a product and sum once, by one instruction.
pub(in crate::engine) fn has_fused() -> bool {
    #[cfg(target_arch = "x86_64")]
    return std::is_x86_feature_detected!("fma");
    #[cfg(not(target_arch = "x86_64"))]
    return cfg!(target_arch = "aarch64");
}

impl Hart {
    /// Finds out anew what of the floating-point state handlers rely on.
    pub(in crate::engine) fn note_float_state(&mut self) {
        use isa::csr::mstatus::FS;
        let is_dirty = |status: u64| status & FS.mask() == FS.mask();
        let c = &self.csr;
        let dirty = is_dirty(c.mstatus) && (!self.mode().virt || is_dirty(c.vsstatus));
        let flag = |set: bool, bit: u8| if set { bit } else { 0 };
        self.engine.hot.float = flag(dirty, DIRTY)
            | flag(c.fflags & 1 != 0, INEXACT)
            | flag(c.frm == 0, NEAREST)
            | flag(c.frm <= 4, VALID);
    }
}
