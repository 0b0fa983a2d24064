//! Atomic instructions on words and doublewords, by the host's atomics: the common case is an aligned access to
//! main memory that the current view lets both load and store.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicI32, AtomicI64, AtomicU32, AtomicU64, Ordering};

use super::memory::{Value, line, tag};
use super::{Step, set_x, x};
use crate::engine::op::Op;
use crate::engine::view::Line;
use crate::hart::{Hart, Reservation};

const ORDER: Ordering = Ordering::SeqCst;

/// A read-modify-write of a word and of a doubleword.
pub(in crate::engine) trait Modify {
    /// Modifies a word and returns what it was.
    fn word(at: &AtomicU32, operand: u32) -> u32;

    /// Modifies a doubleword and returns what it was.
    fn doubleword(at: &AtomicU64, operand: u64) -> u64;
}

macro_rules! modifications {
    ($($(#[doc = $doc:literal])+ $name:ident $method:ident $(as $word:ident $doubleword:ident $t32:ident $t64:ident)?;)+) => {
        $(
            $(#[doc = $doc])+
            pub(in crate::engine) struct $name;

            impl Modify for $name {
                #[inline(always)]
                fn word(at: &AtomicU32, operand: u32) -> u32 {
                    modifications!(@call at operand $method $($word $t32 u32)?)
                }

                #[inline(always)]
                fn doubleword(at: &AtomicU64, operand: u64) -> u64 {
                    modifications!(@call at operand $method $($doubleword $t64 u64)?)
                }
            }
        )+
    };
    (@call $at:ident $operand:ident $method:ident) => { $at.$method($operand, ORDER) };
    (@call $at:ident $operand:ident $method:ident $atomic:ident $signed:ident $unsigned:ident) => {
        // SAFETY: a signed atomic has the size and alignment of an unsigned one.
        unsafe { $atomic::from_ptr($at.as_ptr().cast()) }.$method($operand as $signed, ORDER) as $unsigned
    };
}

modifications! {
    /// AMOSWAP.
    Swap swap;
    /// AMOADD.
    Add fetch_add;
    /// AMOXOR.
    Xor fetch_xor;
    /// AMOAND.
    And fetch_and;
    /// AMOOR.
    Or fetch_or;
    /// AMOMIN.
    Min fetch_min as AtomicI32 AtomicI64 i32 i64;
    /// AMOMAX.
    Max fetch_max as AtomicI32 AtomicI64 i32 i64;
    /// AMOMINU.
    Minu fetch_min;
    /// AMOMAXU.
    Maxu fetch_max;
}

/// Where the host has the value at `va`, if the view lets it be loaded and stored.
///
/// # Safety
/// `lines` must be those of a view.
#[inline(always)]
unsafe fn place<V: Value>(lines: *const Line, va: u64) -> Option<u64> {
    // SAFETY: passed on.
    unsafe {
        let line = line(lines, va);
        let allowed = (*line).read == tag::<V>(va) && (*line).write == tag::<V>(va);
        if allowed { Some(va.wrapping_add((*line).to_host)) } else { None }
    }
}

/// A read-modify-write `M` of a word, or where `V` is a doubleword of one.
pub(in crate::engine) struct Amo<M, V>(PhantomData<(M, V)>);

impl<M: Modify, V: Value> Step for Amo<M, V> {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, _: u64, _: u64, lines: *const Line) -> Option<u64> {
        // SAFETY: the view says that the value is in main memory, which is only accessed by atomics.
        unsafe {
            let at = place::<V>(lines, x(hart, (*op).a))?;
            let operand = x(hart, (*op).b);
            let old = if V::BYTES == 4 {
                M::word(AtomicU32::from_ptr(at as *mut u32), operand as u32) as i32 as u64
            } else {
                M::doubleword(AtomicU64::from_ptr(at as *mut u64), operand)
            };
            set_x(hart, (*op).rd, old);
            Some(old)
        }
    }
}

/// LR.
pub(in crate::engine) struct LoadReserved<V>(PhantomData<V>);

impl<V: Value> Step for LoadReserved<V> {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, _: u64, _: u64, lines: *const Line) -> Option<u64> {
        // SAFETY: as for `Amo`.
        unsafe {
            let at = place::<V>(lines, x(hart, (*op).a))?;
            let value = V::read(at);
            let pa = at.wrapping_sub(hart.engine.hot.to_host);
            hart.reservation = Some(Reservation { pa, width: V::WIDTH, value });
            set_x(hart, (*op).rd, value);
            Some(value)
        }
    }
}

/// SC; `PARALLEL` is whether harts run at the same time.
pub(in crate::engine) struct StoreConditional<V, const PARALLEL: bool>(PhantomData<V>);

impl<V: Value, const PARALLEL: bool> Step for StoreConditional<V, PARALLEL> {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, _: u64, _: u64, lines: *const Line) -> Option<u64> {
        // SAFETY: as for `Amo`.
        unsafe {
            let at = place::<V>(lines, x(hart, (*op).a))?;
            let pa = at.wrapping_sub(hart.engine.hot.to_host);
            let (reserved, value) = (hart.reservation.take(), x(hart, (*op).b));
            let succeeds = match reserved {
                Some(reserved) if reserved.pa == pa => {
                    if PARALLEL {
                        reserved.width >= V::WIDTH && V::replace(at, reserved.value, value)
                    } else {
                        V::write(at, value);
                        true
                    }
                }
                _ => false,
            };
            let failed = u64::from(!succeeds);
            set_x(hart, (*op).rd, failed);
            Some(failed)
        }
    }
}
