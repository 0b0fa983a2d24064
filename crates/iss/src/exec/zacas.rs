//! Atomic compare-and-swap. Unprivileged ISA, "Zacas" and, for bytes and halfwords, "Zabha".
//!
//! Whether or not the comparison succeeds, the access is judged as one that writes.

use isa::Inst;

use super::i::sign_extend;
use super::{Cpu, Exec};
use crate::bus::Width;
use crate::observe::{AccessKind, Observer};

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn amocas_w(&mut self, i: &Inst) -> Exec {
        self.compare_and_swap(i, Width::W)
    }

    pub(super) fn amocas_d(&mut self, i: &Inst) -> Exec {
        self.compare_and_swap(i, Width::D)
    }

    pub(super) fn amocas_q(&mut self, i: &Inst) -> Exec {
        let va = self.x(i.rs1);
        let pa = self.resolve_atomic(i, AccessKind::Amo, va, 16)?;
        let (expected, new) = (self.pair(i.rd), self.pair(i.rs2));
        self.before_atomic(i);
        let old = self.bus.ram().compare_exchange_pair(pa, expected, new).unwrap_or_default();
        self.after_atomic(i);
        let swaps = old == expected;
        for (half, offset) in [0, 8].into_iter().enumerate() {
            let (kind, value) = compared(swaps, old[half], new[half]);
            self.completed_atomic(kind, va.wrapping_add(offset), pa + offset, Width::D, value);
        }
        if i.rd != 0 {
            self.set_x(i.rd, old[0]);
            self.set_x(i.rd | 1, old[1]);
        }
        Ok(())
    }

    pub(super) fn amocas_b(&mut self, i: &Inst) -> Exec {
        self.compare_and_swap(i, Width::B)
    }

    pub(super) fn amocas_h(&mut self, i: &Inst) -> Exec {
        self.compare_and_swap(i, Width::H)
    }

    fn compare_and_swap(&mut self, i: &Inst, width: Width) -> Exec {
        let va = self.x(i.rs1);
        let pa = self.resolve_atomic(i, AccessKind::Amo, va, width.bytes())?;
        let (expected, new) = (self.x(i.rd) & width.mask(), self.x(i.rs2) & width.mask());
        self.before_atomic(i);
        let old = loop {
            let old = self.bus.ram().load(pa, width).unwrap_or(0);
            if old != expected || self.bus.ram().compare_exchange(pa, width, old, new) != Some(false) {
                break old;
            }
        };
        self.after_atomic(i);
        let (kind, value) = compared(old == expected, old, new);
        self.completed_atomic(kind, va, pa, width, value);
        self.write_x(i, sign_extend(old, width))
    }

    /// The pair of registers that starts with the even `n`; that of x0 is all zero.
    fn pair(&self, n: u8) -> [u64; 2] {
        if n == 0 { [0; 2] } else { [self.x(n), self.x(n | 1)] }
    }
}

/// What an observer hears of a compare-and-swap: one that fails has only loaded.
fn compared(swaps: bool, old: u64, new: u64) -> (AccessKind, u64) {
    if swaps { (AccessKind::Amo, new) } else { (AccessKind::Load, old) }
}
