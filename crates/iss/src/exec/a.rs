//! Atomic instructions but for compare-and-swap. Unprivileged ISA, "Zalrsc", "Zaamo" and "Zabha".
//!
//! A reservation covers the address of LR alone. It ends with SC, a trap, a trap return or the turn of another hart.
//!
//! Where harts run at the same time, SC stores if memory still has the value that LR has read, by a compare-and-swap
//! of the host. It does not notice a value that has gone and come back in between, which the manual would have it
//! notice; what software builds from LR and SC does not depend on that, unless it reserves one word to guard
//! another. QEMU does the same.

use isa::Inst;

use super::i::sign_extend;
use super::{Cpu, Exec};
use crate::bus::Width;
use crate::hart::Reservation;
use crate::observe::{AccessKind, Observer};

macro_rules! amos {
    ($($byte:ident $half:ident $word:ident $double:ident $op:expr;)+) => {
        impl<O: Observer> Cpu<'_, O> {
            $(
                pub(super) fn $byte(&mut self, i: &Inst) -> Exec {
                    self.amo(i, Width::B, $op)
                }

                pub(super) fn $half(&mut self, i: &Inst) -> Exec {
                    self.amo(i, Width::H, $op)
                }

                pub(super) fn $word(&mut self, i: &Inst) -> Exec {
                    self.amo(i, Width::W, $op)
                }

                pub(super) fn $double(&mut self, i: &Inst) -> Exec {
                    self.amo(i, Width::D, $op)
                }
            )+
        }
    };
}

amos! {
    amoswap_b amoswap_h amoswap_w amoswap_d |_, b| b;
    amoadd_b amoadd_h amoadd_w amoadd_d u64::wrapping_add;
    amoxor_b amoxor_h amoxor_w amoxor_d |a, b| a ^ b;
    amoand_b amoand_h amoand_w amoand_d |a, b| a & b;
    amoor_b amoor_h amoor_w amoor_d |a, b| a | b;
    amomin_b amomin_h amomin_w amomin_d |a, b| (a as i64).min(b as i64) as u64;
    amomax_b amomax_h amomax_w amomax_d |a, b| (a as i64).max(b as i64) as u64;
    // Sign extension keeps the order of unsigned values too.
    amominu_b amominu_h amominu_w amominu_d u64::min;
    amomaxu_b amomaxu_h amomaxu_w amomaxu_d u64::max;
}

impl<O: Observer> Cpu<'_, O> {
    pub(super) fn lr_w(&mut self, i: &Inst) -> Exec {
        self.load_reserved(i, Width::W)
    }

    pub(super) fn sc_w(&mut self, i: &Inst) -> Exec {
        self.store_conditional(i, Width::W)
    }

    pub(super) fn lr_d(&mut self, i: &Inst) -> Exec {
        self.load_reserved(i, Width::D)
    }

    pub(super) fn sc_d(&mut self, i: &Inst) -> Exec {
        self.store_conditional(i, Width::D)
    }

    fn load_reserved(&mut self, i: &Inst, width: Width) -> Exec {
        let va = self.x(i.rs1);
        let pa = self.resolve_atomic(i, AccessKind::Load, va, width.bytes())?;
        self.before_load_reserved(i);
        let value = self.bus.ram().load(pa, width).unwrap_or(0);
        self.after_atomic(i);
        self.hart.reservation = Some(Reservation { pa, width, value });
        self.completed_atomic(AccessKind::Load, va, pa, width, value);
        self.write_x(i, sign_extend(value, width))
    }

    /// An SC that must fail is checked like one that stores.
    fn store_conditional(&mut self, i: &Inst, width: Width) -> Exec {
        let va = self.x(i.rs1);
        let pa = self.resolve_atomic(i, AccessKind::Store, va, width.bytes())?;
        let value = self.x(i.rs2) & width.mask();
        let reserved = self.hart.reservation.take().filter(|reserved| reserved.pa == pa);
        let succeeds = reserved.is_some_and(|reserved| self.store_reserved(i, reserved, width, value));
        if succeeds {
            self.completed_atomic(AccessKind::Store, va, pa, width, value);
        }
        self.write_x(i, (!succeeds).into())
    }

    /// Stores where LR has loaded, and says whether nothing has come in between.
    fn store_reserved(&mut self, i: &Inst, reserved: Reservation, width: Width, value: u64) -> bool {
        let pa = reserved.pa;
        if !self.hart.parallel {
            return self.bus.ram().store(pa, width, value).is_some();
        }
        if reserved.width < width {
            return false;
        }
        self.before_atomic(i);
        let expected = reserved.value & width.mask();
        let stored = self.bus.ram().compare_exchange(pa, width, expected, value) == Some(true);
        self.after_atomic(i);
        stored
    }

    fn amo(&mut self, i: &Inst, width: Width, op: impl Fn(u64, u64) -> u64) -> Exec {
        let va = self.x(i.rs1);
        let pa = self.resolve_atomic(i, AccessKind::Amo, va, width.bytes())?;
        let operand = sign_extend(self.x(i.rs2), width);
        self.before_atomic(i);
        let (old, new) = loop {
            let old = self.bus.ram().load(pa, width).unwrap_or(0);
            let new = op(sign_extend(old, width), operand) & width.mask();
            if self.bus.ram().compare_exchange(pa, width, old, new) != Some(false) {
                break (old, new);
            }
        };
        self.after_atomic(i);
        self.completed_atomic(AccessKind::Amo, va, pa, width, new);
        self.write_x(i, sign_extend(old, width))
    }
}
