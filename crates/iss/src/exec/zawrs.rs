//! Waiting on a reservation set. Unprivileged ISA, "Zawrs Extension for Wait-on-Reservation-Set instructions".

use isa::{Inst, Mode, csr};

use super::{Cpu, Exec};
use crate::observe::Observer;
use crate::variant::Wfi;

impl<O: Observer> Cpu<'_, O> {
    /// Ends when the reservation does, which the first step of any other hart ends, or with an interrupt as WFI does.
    /// Where harts run at the same time, nobody tells when the reservation ends: the platform ends the wait soon.
    ///
    /// The time limit of TW and VTW is zero: what would stall traps.
    pub(super) fn wrs_nto(&mut self, i: &Inst) -> Exec {
        let completes = self.hart.reservation.is_none() || self.hart.has_wakeup();
        if completes || self.hart.variant().wfi == Wfi::Nop {
            return Ok(());
        }
        let mode = self.hart.mode();
        if mode != Mode::M && csr::mstatus::TW.is_set(self.hart.csr.mstatus) {
            return Err(self.illegal(i));
        }
        if mode.virt && csr::hstatus::VTW.is_set(self.hart.csr.hstatus) {
            return Err(self.virtual_inst(i));
        }
        self.hart.waiting = true;
        self.hart.waits_on_reservation = true;
        Ok(())
    }

    /// The short time is over at once.
    pub(super) fn wrs_sto(&mut self, _: &Inst) -> Exec {
        Ok(())
    }
}
