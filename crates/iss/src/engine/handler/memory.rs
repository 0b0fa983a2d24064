//! Loads and stores of integer registers: the common case is an aligned access to main memory that the current
//! view shows.

use std::marker::PhantomData;
use std::sync::atomic::{AtomicU8, AtomicU16, AtomicU32, AtomicU64, Ordering, fence};

use super::{Operand, Step, misaligned, set_x};
use crate::bus::{CACHE_BLOCK_SIZE, Width};
use crate::engine::op::{Handler, Op};
use crate::engine::view::{LINES, Line};
use crate::hart::Hart;

/// The width and sign of a value in memory.
pub(in crate::engine) trait Value {
    /// Its width.
    const WIDTH: Width;
    /// Its size in bytes.
    const BYTES: u64 = Self::WIDTH.bytes();

    /// Extends it from the low bits to a register.
    fn extend(bits: u64) -> u64;

    /// Reads it, extended to a register.
    ///
    /// # Safety
    /// `at` must be an address of the host in main memory, aligned for this width.
    unsafe fn read(at: u64) -> u64;

    /// Writes it from the low bits of a register.
    ///
    /// # Safety
    /// As for [`read`](Value::read).
    unsafe fn write(at: u64, value: u64);

    /// Writes it where it still is what the low bits of `old` say, and tells whether it was.
    ///
    /// # Safety
    /// As for [`read`](Value::read).
    unsafe fn replace(at: u64, old: u64, value: u64) -> bool;
}

macro_rules! values {
    ($($(#[doc = $doc:literal])+ $name:ident $width:ident $atomic:ident $unsigned:ident as $extended:ident;)+) => {
        $(
            $(#[doc = $doc])+
            pub(in crate::engine) struct $name;

            impl Value for $name {
                const WIDTH: Width = Width::$width;

                #[inline(always)]
                fn extend(bits: u64) -> u64 {
                    bits as $unsigned as $extended as u64
                }

                #[inline(always)]
                unsafe fn read(at: u64) -> u64 {
                    // SAFETY: main memory is only accessed by atomics, and `at` is aligned.
                    let bits = unsafe { $atomic::from_ptr(at as *mut $unsigned).load(Ordering::Relaxed) };
                    $unsigned::from_le(bits) as $extended as u64
                }

                #[inline(always)]
                unsafe fn write(at: u64, value: u64) {
                    let bits = (value as $unsigned).to_le();
                    // SAFETY: as for `read`.
                    unsafe { $atomic::from_ptr(at as *mut $unsigned).store(bits, Ordering::Relaxed) }
                }

                #[inline(always)]
                unsafe fn replace(at: u64, old: u64, value: u64) -> bool {
                    let [old, value] = [old, value].map(|value| (value as $unsigned).to_le());
                    // SAFETY: as for `read`.
                    let place = unsafe { $atomic::from_ptr(at as *mut $unsigned) };
                    place.compare_exchange(old, value, Ordering::SeqCst, Ordering::SeqCst).is_ok()
                }
            }
        )+
    };
}

values! {
    /// A signed byte.
    I8 B AtomicU8 u8 as i8;
    /// A byte.
    U8 B AtomicU8 u8 as u8;
    /// A signed halfword.
    I16 H AtomicU16 u16 as i16;
    /// A halfword.
    U16 H AtomicU16 u16 as u16;
    /// A signed word.
    I32 W AtomicU32 u32 as i32;
    /// A word.
    U32 W AtomicU32 u32 as u32;
    /// A doubleword.
    U64 D AtomicU64 u64 as u64;
}

/// The line of the page that `va` is in.
///
/// # Safety
/// `lines` must be those of a view.
#[inline(always)]
pub(in crate::engine) unsafe fn line(lines: *const Line, va: u64) -> *const Line {
    // SAFETY: the index is less than the number of lines.
    unsafe { lines.add((va >> 12) as usize % LINES) }
}

/// What a tag is compared with: the address but for the bits that an aligned access has in its page.
#[inline(always)]
pub(in crate::engine) const fn tag<V: Value>(va: u64) -> u64 {
    va & !(0xfff & !(V::BYTES - 1))
}

/// Reads the value at `va` where the view shows it.
///
/// # Safety
/// `lines` must be those of a view.
#[inline(always)]
pub(in crate::engine) unsafe fn read<V: Value>(lines: *const Line, va: u64) -> Option<u64> {
    // SAFETY: the tag says that the page is in main memory where `to_host` leads.
    unsafe {
        let line = line(lines, va);
        if (*line).read == tag::<V>(va) { Some(V::read(va.wrapping_add((*line).to_host))) } else { None }
    }
}

/// Writes the value at `va` where the view lets it, and says whether.
///
/// # Safety
/// As for [`read`].
#[inline(always)]
pub(in crate::engine) unsafe fn write<V: Value>(lines: *const Line, va: u64, value: u64) -> Option<()> {
    // SAFETY: as for `read`.
    unsafe {
        let line = line(lines, va);
        if (*line).write == tag::<V>(va) {
            V::write(va.wrapping_add((*line).to_host), value);
            Some(())
        } else {
            None
        }
    }
}

/// FENCE where harts run at the same time; `FULL` is whether it orders writes before later reads.
pub(in crate::engine) struct Fence<const FULL: bool>;

impl<const FULL: bool> Step for Fence<FULL> {
    #[inline(always)]
    unsafe fn step(_: &mut Hart, _: *const Op, acc: u64, _: u64, _: *const Line) -> Option<u64> {
        fence(if FULL { Ordering::SeqCst } else { Ordering::AcqRel });
        Some(acc)
    }
}

/// A load of `V` from operand `X` plus the immediate.
pub(in crate::engine) struct Load<V, X>(PhantomData<(V, X)>);

impl<V: Value, X: Operand> Step for Load<V, X> {
    const OTHERWISE: Handler = misaligned::load::<V>;

    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, acc: u64, _: u64, lines: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            let va = X::get(hart, op, acc).wrapping_add((*op).imm as u64);
            let value = read::<V>(lines, va)?;
            set_x(hart, (*op).rd, value);
            Some(value)
        }
    }
}

/// A store of operand `Y` as `V` to operand `X` plus the immediate.
pub(in crate::engine) struct Store<V, X, Y>(PhantomData<(V, X, Y)>);

impl<V: Value, X: Operand, Y: Operand> Step for Store<V, X, Y> {
    const OTHERWISE: Handler = misaligned::store::<V>;

    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, acc: u64, _: u64, lines: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            let va = X::get(hart, op, acc).wrapping_add((*op).imm as u64);
            write::<V>(lines, va, Y::get(hart, op, acc))?;
            Some(acc)
        }
    }
}

/// A load of `V` from the register that the op names first, as the guest would make it: HLV.
pub(in crate::engine) struct GuestLoad<V>(PhantomData<V>);

impl<V: Value> Step for GuestLoad<V> {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, _: u64, _: u64, _: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            let value = read::<V>(hart.engine.hot.guest_lines, super::x(hart, (*op).a))?;
            set_x(hart, (*op).rd, value);
            Some(value)
        }
    }
}

/// A store as the guest would make it: HSV.
pub(in crate::engine) struct GuestStore<V>(PhantomData<V>);

impl<V: Value> Step for GuestStore<V> {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, acc: u64, _: u64, _: *const Line) -> Option<u64> {
        // SAFETY: passed on.
        unsafe {
            let lines = hart.engine.hot.guest_lines;
            write::<V>(lines, super::x(hart, (*op).a), super::x(hart, (*op).b))?;
            Some(acc)
        }
    }
}

/// CBO.ZERO.
pub(in crate::engine) struct ZeroBlock;

impl Step for ZeroBlock {
    #[inline(always)]
    unsafe fn step(hart: &mut Hart, op: *const Op, acc: u64, _: u64, lines: *const Line) -> Option<u64> {
        // SAFETY: the tag says that the page is in main memory where `to_host` leads, and the block is in the page.
        unsafe {
            let va = super::x(hart, (*op).a) & !(CACHE_BLOCK_SIZE - 1);
            let line = line(lines, va);
            if (*line).write != va & !0xfff || !hart.may_zero_blocks() {
                return None;
            }
            for offset in (0..CACHE_BLOCK_SIZE).step_by(8) {
                U64::write(va.wrapping_add((*line).to_host).wrapping_add(offset), 0);
            }
            Some(acc)
        }
    }
}
