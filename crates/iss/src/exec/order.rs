//! How a hart that runs at the same time as others orders its accesses to memory: by fences of the host.
//!
//! Each access is a relaxed atomic access of the host, or for AMOs and SC a sequentially consistent one. Nothing here
//! relies on more than that, but for [`AROUND_RMW`]. Unprivileged ISA, "RVWMO Memory Consistency Model".

use std::sync::atomic::{self, Ordering};

use isa::format::Control;
use isa::{Inst, Op};

use super::Cpu;
use crate::observe::Observer;

/// Sets of accesses in the operands of FENCE: input and reads, output and writes.
const READS: i32 = 0b1010;
const WRITES: i32 = 0b0101;
/// `fm` of FENCE.TSO, in bits 31:28 of the instruction.
const TSO: i32 = 0b1000;

/// The bits of aq and rl.
const AQ: u8 = 2;
const RL: u8 = 1;

/// What orders a read-modify-write of the host with all accesses before and after it. On x86-64 it is a fence by
/// itself, and only the compiler has to be told.
const AROUND_RMW: Ordering = if cfg!(target_arch = "x86_64") { Ordering::AcqRel } else { Ordering::SeqCst };

/// The fence of the host that `i`, a FENCE, stands for: only one that orders writes before later reads has to be
/// the strongest.
pub(crate) fn of_fence(i: &Inst) -> Ordering {
    let (mode, before, after) = (i.imm >> 8 & 15, i.imm >> 4 & 15, i.imm & 15);
    let is_full = mode != TSO && before & WRITES != 0 && after & READS != 0;
    if is_full { Ordering::SeqCst } else { Ordering::AcqRel }
}

/// Whether atomic instruction `i` needs a fence of the host.
pub(crate) fn is_strict(i: &Inst) -> bool {
    let is_reserving = matches!(i.op, Op::lr_w | Op::lr_d);
    let needed = match (is_reserving, cfg!(target_arch = "x86_64")) {
        (true, true) => RL,
        (false, true) => 0,
        (_, false) => RL | AQ,
    };
    i.op.row().format.control() == Control::Ordering && i.rm & needed != 0
}

impl<O: Observer> Cpu<'_, O> {
    /// What comes before the load of LR.
    pub(super) fn before_load_reserved(&self, i: &Inst) {
        if self.hart.parallel && i.rm & RL != 0 {
            atomic::fence(Ordering::SeqCst);
        }
    }

    /// What comes before a read-modify-write of the host for atomic instruction `i`.
    pub(super) fn before_atomic(&self, i: &Inst) {
        if self.hart.parallel && i.rm & RL != 0 {
            atomic::fence(AROUND_RMW);
        }
    }

    /// What comes after the access of atomic instruction `i`.
    pub(super) fn after_atomic(&self, i: &Inst) {
        if self.hart.parallel && i.rm & AQ != 0 {
            atomic::fence(AROUND_RMW);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fence(mode: i32, before: i32, after: i32) -> Ordering {
        of_fence(&Inst { imm: mode << 8 | before << 4 | after, ..Inst::new(Op::fence) })
    }

    #[test]
    fn what_orders_writes_before_reads_is_the_strongest_fence() {
        let (r, w, rw, i, o) = (2, 1, 3, 8, 4);
        for (before, after) in [(rw, rw), (w, r), (o, i), (w, i), (o, r), (15, 15)] {
            assert_eq!(fence(0, before, after), Ordering::SeqCst, "{before},{after}");
        }
        for (before, after) in [(r, r), (w, w), (r, rw), (rw, w), (r, w), (i, r), (w, o)] {
            assert_eq!(fence(0, before, after), Ordering::AcqRel, "{before},{after}");
        }
        assert_eq!(fence(TSO, rw, rw), Ordering::AcqRel);
    }
}
