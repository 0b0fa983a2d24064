//! Ops: decoded instructions as the engine's code holds them, and what surrounds them in a block.
//!
//! A block is a [`Header`], then an [`Op`] for each instruction, then for some last instructions a [`Tail`]. All of
//! them fill one slot of 16 bytes, so that the block is an array.

use crate::engine::view::Line;
use crate::hart::Hart;

/// What executes an op, and in the end calls the handler of the next one as its last action.
///
/// The arguments are the hart; the op; the result of the op before it (`acc`), or for the first op of a block
/// where it was entered from; the virtual address of the page that the op lies in; how many steps the hart may
/// take after this block; and the lines of the current view of memory. They stay in registers of the host.
///
/// That a call in tail position becomes a jump is an optimization of LLVM's, which it makes at every level but
/// 0; there, handlers return what to execute next to a loop. `tests/tail_calls.rs` watches over it.
pub(super) type Handler = unsafe extern "C" fn(&mut Hart, *const Op, u64, u64, i64, *const Line) -> Next;

/// What a handler returns: nothing, or without optimization what is to be executed next.
#[cfg(not(engine_loop))]
pub(super) type Next = ();

/// What a handler returns: nothing, or without optimization what is to be executed next.
#[cfg(engine_loop)]
pub(super) type Next = Option<(*const Op, u64, u64, i64, *const Line)>;

/// Ends the chain of handlers.
#[cfg(not(engine_loop))]
pub(super) const STOP: Next = ();

/// Ends the chain of handlers.
#[cfg(engine_loop)]
pub(super) const STOP: Next = None;

/// A decoded instruction.
#[repr(C, align(16))]
#[derive(Clone, Copy)]
pub(super) struct Op {
    /// Executes it, and perhaps the one after it as well.
    pub(super) run: Handler,
    /// The immediate; addresses are relative to the start of the page.
    pub(super) imm: i32,
    /// The destination register, which is [`SINK`] in place of x0.
    pub(super) rd: u8,
    /// The first source register.
    pub(super) a: u8,
    /// The second source register.
    pub(super) b: u8,
    /// Which instruction of its block it is, from 0.
    pub(super) n: u8,
}

/// The register that takes what is written to x0.
pub(super) const SINK: u8 = 32;

/// The start of a block.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    /// Bit n is set where instruction n has two bytes.
    pub(super) shorts: u64,
    /// Which page of the code cache it was decoded from.
    pub(super) page: u32,
    /// Where in the page it starts, in bytes.
    pub(super) start: u16,
    /// How many instructions it has, at most [`MAX_LEN`].
    pub(super) len: u8,
}

/// The largest number of instructions in a block: as many as [`Header::shorts`] has bits.
pub(super) const MAX_LEN: usize = 64;

/// Where a block's last instruction goes: bytes from its op to the first op of the next block, or to the code
/// that finds it.
#[repr(C, align(16))]
#[derive(Clone, Copy, Debug)]
pub(super) struct Tail {
    /// Bytes to where a branch or jump goes.
    pub(super) taken: i32,
    /// Bytes to what follows where a branch is not taken.
    pub(super) fall: i32,
    /// Instructions in the block at `taken`; 0 while that is not known.
    pub(super) taken_len: u8,
    /// Instructions in the block at `fall`; 0 while that is not known.
    pub(super) fall_len: u8,
    /// Where in the page the instruction after this one is, in bytes.
    pub(super) after: u16,
    /// Where the branch or jump goes, relative to the start of the page.
    pub(super) target: i32,
}

impl Header {
    /// Where in the page instruction `n` starts, in bytes. `n` may be one past the last.
    pub(super) fn offset(&self, n: u8) -> u64 {
        let before = self.shorts & 1u64.checked_shl(n.into()).map_or(u64::MAX, |bit| bit - 1);
        u64::from(self.start) + 4 * u64::from(n) - 2 * u64::from(before.count_ones())
    }

    /// Where in the page the first byte after the block is.
    pub(super) fn end(&self) -> u64 {
        self.offset(self.len)
    }
}

/// The header of the block that `op` belongs to.
///
/// # Safety
/// `op` must be an op of a block.
#[inline(always)]
pub(super) unsafe fn header(op: *const Op) -> *const Header {
    // SAFETY: the header lies a slot before the block's first op.
    unsafe { op.sub(1 + usize::from((*op).n)).cast() }
}

/// Executes `op` and what follows.
///
/// # Safety
/// `op` must be an op whose handler takes these arguments.
#[inline(always)]
pub(super) unsafe fn go(
    hart: &mut Hart,
    op: *const Op,
    acc: u64,
    va: u64,
    budget: i64,
    lines: *const Line,
) -> Next {
    #[cfg(not(engine_loop))]
    // SAFETY: passed on.
    unsafe {
        ((*op).run)(hart, op, acc, va, budget, lines)
    }
    #[cfg(engine_loop)]
    {
        let _ = hart;
        Some((op, acc, va, budget, lines))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_fills_one_slot() {
        assert_eq!((size_of::<Op>(), size_of::<Header>(), size_of::<Tail>()), (16, 16, 16));
    }

    #[test]
    fn offsets_follow_from_the_sizes() {
        let header = Header { shorts: 0b101, page: 0, start: 0x10, len: 4 };
        assert_eq!([0, 1, 2, 3, 4].map(|n| header.offset(n)), [0x10, 0x12, 0x16, 0x18, 0x1c]);
        assert_eq!(Header { shorts: u64::MAX, len: 64, ..header }.end(), 0x10 + 128);
    }
}
