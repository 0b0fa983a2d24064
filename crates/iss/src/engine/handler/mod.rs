//! Handlers: what executes ops. One file per kind of instruction.
//!
//! A handler does the common case of its instruction, without a call, and leaves every other one in the end to
//! [`slow::slow`], which has the reference interpreter execute the instruction. Each is made from a type that
//! implements [`Step`] or [`End`]; so are those that execute two instructions at once.

pub(super) mod alu;
pub(super) mod atomic;
pub(super) mod control;
pub(super) mod float;
pub(super) mod memory;
pub(super) mod misaligned;
pub(super) mod slow;
pub(super) mod system;

use super::op::{Handler, Next, Op, go};
use super::view::Line;
use crate::hart::Hart;

/// What an instruction does that is followed by the next one.
pub(super) trait Step {
    /// What executes it where it is no common case, and goes on.
    const OTHERWISE: Handler = slow::slow;

    /// Executes it and returns its result; `None`, with nothing done, where it is no common case.
    ///
    /// # Safety
    /// `op` must be an op of this kind in a block that was entered as [`Handler`](super::op::Handler) says.
    unsafe fn step(hart: &mut Hart, op: *const Op, acc: u64, va: u64, lines: *const Line) -> Option<u64>;
}

/// What an instruction does that ends its block.
pub(super) trait End {
    /// Executes it and goes on elsewhere.
    ///
    /// # Safety
    /// As for [`Step::step`].
    unsafe fn end(hart: &mut Hart, op: *const Op, acc: u64, va: u64, budget: i64, lines: *const Line)
    -> Next;
}

/// The handler of one instruction.
///
/// # Safety
/// As for [`Step::step`].
pub(super) unsafe extern "C" fn single<S: Step>(
    hart: &mut Hart,
    op: *const Op,
    acc: u64,
    va: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: passed on.
    unsafe {
        match S::step(hart, op, acc, va, lines) {
            Some(result) => go(hart, op.add(1), result, va, budget, lines),
            None => (S::OTHERWISE)(hart, op, acc, va, budget, lines),
        }
    }
}

/// The handler of two instructions.
///
/// # Safety
/// As for [`Step::step`], for both.
pub(super) unsafe extern "C" fn pair<S: Step, T: Step>(
    hart: &mut Hart,
    op: *const Op,
    acc: u64,
    va: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: passed on.
    unsafe {
        let Some(first) = S::step(hart, op, acc, va, lines) else {
            return (S::OTHERWISE)(hart, op, acc, va, budget, lines);
        };
        let op = op.add(1);
        match T::step(hart, op, first, va, lines) {
            Some(result) => go(hart, op.add(1), result, va, budget, lines),
            None => (T::OTHERWISE)(hart, op, first, va, budget, lines),
        }
    }
}

/// The handler of an instruction that ends a block.
///
/// # Safety
/// As for [`End::end`].
pub(super) unsafe extern "C" fn last<E: End>(
    hart: &mut Hart,
    op: *const Op,
    acc: u64,
    va: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: passed on.
    unsafe { E::end(hart, op, acc, va, budget, lines) }
}

/// The handler of an instruction and the one that ends its block.
///
/// # Safety
/// As for [`Step::step`] and [`End::end`].
pub(super) unsafe extern "C" fn last_pair<S: Step, E: End>(
    hart: &mut Hart,
    op: *const Op,
    acc: u64,
    va: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: passed on.
    unsafe {
        match S::step(hart, op, acc, va, lines) {
            Some(result) => E::end(hart, op.add(1), result, va, budget, lines),
            None => (S::OTHERWISE)(hart, op, acc, va, budget, lines),
        }
    }
}

/// Where an operand comes from.
pub(super) trait Operand {
    /// Its value.
    ///
    /// # Safety
    /// `op` must point to an op.
    unsafe fn get(hart: &Hart, op: *const Op, acc: u64) -> u64;
}

/// The register that the op names first.
pub(super) struct A;
/// The register that the op names second.
pub(super) struct B;
/// The result of the instruction before.
pub(super) struct Acc;
/// The immediate.
pub(super) struct Imm;

/// Register `n` of an op, which is never out of range.
///
/// # Safety
/// `n` must be at most [`SINK`](super::op::SINK).
#[inline(always)]
pub(super) unsafe fn x(hart: &Hart, n: u8) -> u64 {
    // SAFETY: there are SINK + 1 registers.
    unsafe { *hart.x.get_unchecked(usize::from(n)) }
}

/// Sets register `n` of an op.
///
/// # Safety
/// As for [`x`].
#[inline(always)]
pub(super) unsafe fn set_x(hart: &mut Hart, n: u8, value: u64) {
    // SAFETY: as for `x`.
    unsafe { *hart.x.get_unchecked_mut(usize::from(n)) = value }
}

impl Operand for A {
    #[inline(always)]
    unsafe fn get(hart: &Hart, op: *const Op, _: u64) -> u64 {
        // SAFETY: the decoder writes no other numbers.
        unsafe { x(hart, (*op).a) }
    }
}

impl Operand for B {
    #[inline(always)]
    unsafe fn get(hart: &Hart, op: *const Op, _: u64) -> u64 {
        // SAFETY: the decoder writes no other numbers.
        unsafe { x(hart, (*op).b) }
    }
}

impl Operand for Acc {
    #[inline(always)]
    unsafe fn get(_: &Hart, _: *const Op, acc: u64) -> u64 {
        acc
    }
}

impl Operand for Imm {
    #[inline(always)]
    unsafe fn get(_: &Hart, op: *const Op, _: u64) -> u64 {
        // SAFETY: `op` points to an op.
        unsafe { (*op).imm as u64 }
    }
}
