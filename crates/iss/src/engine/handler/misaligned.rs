//! Misaligned loads and stores of integer registers in one page, where the hart does them: a byte at a time, as the
//! reference interpreter does.

use std::sync::atomic::{AtomicU8, Ordering};

use super::memory::{Value, line};
use super::{set_x, x};
use crate::engine::handler::slow::slow;
use crate::engine::op::{Next, Op, go};
use crate::engine::view::Line;
use crate::hart::Hart;
use crate::variant::Misaligned;

/// Where the value of `op` lies, if the hart does misaligned accesses and all of it is in a page that `tag` shows.
///
/// # Safety
/// `op` must be a load or store, and `lines` those of a view.
#[inline(always)]
unsafe fn place<V: Value>(
    hart: &Hart,
    op: *const Op,
    lines: *const Line,
    tag: impl Fn(&Line) -> u64,
) -> Option<u64> {
    // SAFETY: passed on.
    let (va, line) = unsafe {
        let va = x(hart, (*op).a).wrapping_add((*op).imm as u64);
        (va, &*line(lines, va))
    };
    let is_in_page = va & 0xfff <= 0x1000 - V::BYTES;
    let is_done = hart.variant().misaligned == Misaligned::Hardware;
    (tag(line) == va & !0xfff && is_in_page && is_done).then(|| va.wrapping_add(line.to_host))
}

/// A byte of main memory.
///
/// # Safety
/// `at` must be an address of the host in main memory.
#[inline(always)]
unsafe fn byte<'a>(at: u64) -> &'a AtomicU8 {
    // SAFETY: main memory is only accessed by atomics.
    unsafe { AtomicU8::from_ptr(at as *mut u8) }
}

/// A load for which [`Load`](super::memory::Load) has found no aligned value.
///
/// # Safety
/// As for [`Step::step`](super::Step::step).
#[cold]
pub(in crate::engine) unsafe extern "C" fn load<V: Value>(
    hart: &mut Hart,
    op: *const Op,
    acc: u64,
    page: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: the tag says that the page is in main memory where `to_host` leads.
    unsafe {
        let Some(at) = place::<V>(hart, op, lines, |line| line.read) else {
            return slow(hart, op, acc, page, budget, lines);
        };
        let bits = (0..V::BYTES)
            .fold(0, |bits, n| bits | u64::from(byte(at.wrapping_add(n)).load(Ordering::Relaxed)) << (8 * n));
        let value = V::extend(bits);
        set_x(hart, (*op).rd, value);
        go(hart, op.add(1), value, page, budget, lines)
    }
}

/// A store for which [`Store`](super::memory::Store) has found no aligned place.
///
/// # Safety
/// As for [`Step::step`](super::Step::step).
#[cold]
pub(in crate::engine) unsafe extern "C" fn store<V: Value>(
    hart: &mut Hart,
    op: *const Op,
    acc: u64,
    page: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    // SAFETY: as for `load`.
    unsafe {
        let Some(at) = place::<V>(hart, op, lines, |line| line.write) else {
            return slow(hart, op, acc, page, budget, lines);
        };
        let value = x(hart, (*op).b);
        for n in 0..V::BYTES {
            byte(at.wrapping_add(n)).store((value >> (8 * n)) as u8, Ordering::Relaxed);
        }
        go(hart, op.add(1), acc, page, budget, lines)
    }
}
