//! Branches and jumps, and the code that is entered in place of a block where there is none yet.
//!
//! A block is charged to the budget as a whole when it is entered. Inside a page blocks are linked to each other
//! when they first meet; to other pages the way leads through the lines for fetches, which know the code of the
//! pages that the hart may execute from.

use std::marker::PhantomData;

use isa::paging::PAGE_SIZE;

use super::{End, Operand, set_x};
use crate::engine::code::{LEAVE_PAGE, MISSING, STEP};
use crate::engine::op::{Header, Next, Op, STOP, Tail, go, header};
use crate::engine::view::{Known, LINES, Line, place};
use crate::hart::Hart;

/// A condition of two operands.
pub(in crate::engine) trait Condition {
    /// Whether it holds.
    fn holds(a: u64, b: u64) -> bool;
}

macro_rules! conditions {
    ($($(#[doc = $doc:literal])+ $name:ident |$a:ident, $b:ident| $value:expr;)+) => {
        $(
            $(#[doc = $doc])+
            pub(in crate::engine) struct $name;

            impl Condition for $name {
                #[inline(always)]
                fn holds($a: u64, $b: u64) -> bool {
                    $value
                }
            }
        )+
    };
}

conditions! {
    /// BEQ.
    Eq |a, b| a == b;
    /// BNE.
    Ne |a, b| a != b;
    /// BLT.
    Lt |a, b| (a as i64) < b as i64;
    /// BGE.
    Ge |a, b| (a as i64) >= b as i64;
    /// BLTU.
    Ltu |a, b| a < b;
    /// BGEU.
    Geu |a, b| a >= b;
}

/// A branch that is taken where condition `C` holds for operands `X` and `Y`.
pub(in crate::engine) struct Branch<C, X, Y>(PhantomData<(C, X, Y)>);

impl<C: Condition, X: Operand, Y: Operand> End for Branch<C, X, Y> {
    #[inline(always)]
    unsafe fn end(
        hart: &mut Hart,
        op: *const Op,
        acc: u64,
        va: u64,
        budget: i64,
        lines: *const Line,
    ) -> Next {
        // SAFETY: a tail follows the op, and its links lead to ops.
        unsafe {
            let tail = op.add(1).cast::<Tail>();
            if C::holds(X::get(hart, op, acc), Y::get(hart, op, acc)) {
                let to = op.byte_offset((*tail).taken as isize);
                enter(hart, to, op as u64, va, budget - i64::from((*tail).taken_len), lines)
            } else {
                let to = op.byte_offset((*tail).fall as isize);
                enter(hart, to, op as u64 | FALLS, va, budget - i64::from((*tail).fall_len), lines)
            }
        }
    }
}

/// In `acc` beside the op that a block was entered from: its branch was not taken.
const FALLS: u64 = 1;

/// JAL.
pub(in crate::engine) struct Jump;

impl End for Jump {
    #[inline(always)]
    unsafe fn end(hart: &mut Hart, op: *const Op, _: u64, va: u64, budget: i64, lines: *const Line) -> Next {
        // SAFETY: a tail follows the op, and its links lead to ops.
        unsafe {
            let tail = op.add(1).cast::<Tail>();
            set_x(hart, (*op).rd, va.wrapping_add((*tail).after.into()));
            let to = op.byte_offset((*tail).taken as isize);
            enter(hart, to, op as u64, va, budget - i64::from((*tail).taken_len), lines)
        }
    }
}

/// The end of a block that ends without a jump. The op
/// is no instruction.
pub(in crate::engine) struct GoOn;

impl End for GoOn {
    #[inline(always)]
    unsafe fn end(hart: &mut Hart, op: *const Op, _: u64, va: u64, budget: i64, lines: *const Line) -> Next {
        // SAFETY: a tail follows the op, and its links lead to ops.
        unsafe {
            let tail = op.add(1).cast::<Tail>();
            let to = op.byte_offset((*tail).fall as isize);
            enter(hart, to, op as u64 | FALLS, va, budget - i64::from((*tail).fall_len), lines)
        }
    }
}

/// JAL to another page.
pub(in crate::engine) struct FarJump;

impl End for FarJump {
    #[inline(always)]
    unsafe fn end(hart: &mut Hart, op: *const Op, _: u64, va: u64, budget: i64, lines: *const Line) -> Next {
        // SAFETY: a tail follows the op.
        unsafe {
            let tail = op.add(1).cast::<Tail>();
            set_x(hart, (*op).rd, va.wrapping_add((*tail).after.into()));
            jump(hart, va.wrapping_add((*tail).target as u64), budget, lines)
        }
    }
}

/// The end of a block where its page ends. The op is no instruction.
pub(in crate::engine) struct FarGoOn;

impl End for FarGoOn {
    #[inline(always)]
    unsafe fn end(hart: &mut Hart, _: *const Op, _: u64, va: u64, budget: i64, lines: *const Line) -> Next {
        // SAFETY: passed on.
        unsafe { jump(hart, va.wrapping_add(PAGE_SIZE), budget, lines) }
    }
}

/// JALR with `X` as the register; the tail's `after` is where it returns to.
pub(in crate::engine) struct JumpRegister<X>(PhantomData<X>);

impl<X: Operand> End for JumpRegister<X> {
    #[inline(always)]
    unsafe fn end(
        hart: &mut Hart,
        op: *const Op,
        acc: u64,
        va: u64,
        budget: i64,
        lines: *const Line,
    ) -> Next {
        // SAFETY: a tail follows the op.
        unsafe {
            let tail = op.add(1).cast::<Tail>();
            let target = X::get(hart, op, acc).wrapping_add((*op).imm as u64) & !1;
            set_x(hart, (*op).rd, va.wrapping_add((*tail).after.into()));
            jump(hart, target, budget, lines)
        }
    }
}

/// Enters the block at `op`, for which `budget` has been charged already.
#[inline(always)]
unsafe fn enter(hart: &mut Hart, op: *const Op, from: u64, va: u64, budget: i64, lines: *const Line) -> Next {
    // SAFETY: passed on.
    unsafe {
        if budget < 0 {
            return out_of_budget(hart, op, from, va, budget, lines);
        }
        go(hart, op, from, va, budget, lines)
    }
}

/// Goes on at the virtual address `target`, in whatever page it is.
#[inline(always)]
unsafe fn jump(hart: &mut Hart, target: u64, budget: i64, lines: *const Line) -> Next {
    // SAFETY: what is known at an address is a block that was there, or the first op of one that has been dropped.
    unsafe {
        let known = hart.engine.hot.known.add(place(target));
        if (*known).va != target {
            return find(hart, std::ptr::null(), target, 0, budget, lines);
        }
        let op = (*known).op;
        let budget = budget - i64::from((*op.cast::<Header>().sub(1)).len);
        enter(hart, op, target, target & !(PAGE_SIZE - 1), budget, lines)
    }
}

/// Finds the block at the virtual address `target` by the page that it is in.
#[inline(never)]
unsafe extern "C" fn find(
    hart: &mut Hart,
    _: *const Op,
    target: u64,
    _: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: the lines for fetches have entries where their tag is that of an address, and every entry is a
    // slot with an op behind a header.
    unsafe {
        let va = target & !(PAGE_SIZE - 1);
        let line = hart.engine.hot.fetch_lines.add((target >> 12) as usize % LINES);
        if (*line).tag != va {
            return not_known(hart, target, budget);
        }
        let slot = *(*line).entries.add((target & (PAGE_SIZE - 1)) as usize / 2);
        let op: *const Op = hart.engine.hot.arena.add(slot as usize);
        let len = (*op.cast::<Header>().sub(1)).len;
        if len != 0 {
            *hart.engine.hot.known.add(place(target)) = Known { va: target, op };
        }
        enter(hart, op, target, va, budget - i64::from(len), lines)
    }
}

/// Stops before the instruction at `target`.
#[cold]
#[inline(never)]
unsafe fn not_known(hart: &mut Hart, target: u64, budget: i64) -> Next {
    hart.pc = target;
    hart.engine.hot.budget = budget;
    STOP
}

/// Stops before the block at `op`, for which there is not enough left.
#[cold]
#[inline(never)]
unsafe extern "C" fn out_of_budget(
    hart: &mut Hart,
    op: *const Op,
    _: u64,
    va: u64,
    budget: i64,
    _: *const Line,
) -> Next {
    // SAFETY: only blocks, which have a header, are charged for.
    unsafe {
        let header = header(op);
        hart.pc = va | u64::from((*header).start);
        hart.engine.hot.budget = budget + i64::from((*header).len);
    }
    STOP
}

/// Stops before the instruction of `op`, of whose block a part was to be executed.
///
/// # Safety
/// `op` must be an op of a block.
pub(in crate::engine) unsafe extern "C" fn reach_end(
    hart: &mut Hart,
    op: *const Op,
    _: u64,
    va: u64,
    budget: i64,
    _: *const Line,
) -> Next {
    // SAFETY: `op` belongs to a block.
    unsafe {
        let (header, n) = (header(op), (*op).n);
        hart.pc = va | (*header).offset(n);
        hart.engine.hot.budget = budget + i64::from((*header).len - n);
    }
    STOP
}

/// There is no block where `acc`, an address, leads.
///
/// # Safety
/// To be entered by [`jump`] alone.
pub(in crate::engine) unsafe extern "C" fn missing(
    hart: &mut Hart,
    _: *const Op,
    acc: u64,
    _: u64,
    budget: i64,
    _: *const Line,
) -> Next {
    // SAFETY: nothing is asked.
    unsafe { not_known(hart, acc, budget) }
}

/// The first op of a block that has been dropped: finds what is there instead.
///
/// # Safety
/// `op` must be the first op of a block.
pub(in crate::engine) unsafe extern "C" fn dropped(
    hart: &mut Hart,
    op: *const Op,
    _: u64,
    va: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: the header stays when a block is dropped.
    unsafe {
        let header = header(op);
        let target = va | u64::from((*header).start);
        find(hart, op, target, va, budget + i64::from((*header).len), lines)
    }
}

/// Where a link leads that has not been looked into yet: looks whether it stays in the page, and where it leads.
///
/// # Safety
/// `acc` must be the op with the link, and [`FALLS`] where it is the tail's second.
pub(in crate::engine) unsafe extern "C" fn link(
    hart: &mut Hart,
    _: *const Op,
    acc: u64,
    va: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: `acc` is an op that a tail follows; while handlers run, the arena is theirs to change.
    unsafe {
        let (op, falls, target) = link_of(acc);
        if target as u64 >= PAGE_SIZE {
            set_link(op, falls, hart.engine.hot.arena.add(LEAVE_PAGE as usize), 0);
            return jump(hart, va.wrapping_add(target as u64), budget, lines);
        }
        let header = header(op);
        let slot = hart.engine.code().page_at((*header).page).entry(target as u64);
        if slot == MISSING || slot == STEP {
            return not_known(hart, va | target as u64, budget);
        }
        let to = hart.engine.hot.arena.add(slot as usize);
        let len = (*to.cast::<Header>().sub(1)).len;
        set_link(op, falls, to, len);
        enter(hart, to, acc, va, budget - i64::from(len), lines)
    }
}

/// Where a link leads that leaves the page.
///
/// # Safety
/// As for [`link`].
pub(in crate::engine) unsafe extern "C" fn leave_page(
    hart: &mut Hart,
    _: *const Op,
    acc: u64,
    va: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: `acc` is an op that a tail follows.
    unsafe {
        let (_, _, target) = link_of(acc);
        jump(hart, va.wrapping_add(target as u64), budget, lines)
    }
}

/// The op that a block was entered from, whether it was a branch that was not taken, and where it leads,
/// relative to the start of the page.
#[inline(always)]
unsafe fn link_of(acc: u64) -> (*mut Op, bool, i64) {
    let (op, falls) = ((acc & !FALLS) as *mut Op, acc & FALLS != 0);
    // SAFETY: a tail follows the op.
    unsafe {
        let tail = op.add(1).cast::<Tail>();
        (op, falls, if falls { (*tail).after.into() } else { (*tail).target.into() })
    }
}

unsafe fn set_link(op: *mut Op, falls: bool, to: *const Op, len: u8) {
    // SAFETY: a tail follows the op, and both ops lie in the arena, whose bytes an i32 can count.
    unsafe {
        let tail = op.add(1).cast::<Tail>();
        let distance = to.byte_offset_from(op) as i32;
        if falls {
            (*tail).fall = distance;
            (*tail).fall_len = len;
        } else {
            (*tail).taken = distance;
            (*tail).taken_len = len;
        }
    }
}
