//! Floating-point registers: brought into a hart at load, and taken out at put where the guest has changed them.
//! Privileged ISA, "Extension Context Status in mstatus Register".

use isa::csr::sstatus;

use crate::context::FloatState;
use crate::hart::Hart;
use crate::vcpu::Vcpu;

/// FS: the registers are off.
const OFF: u64 = 0;
/// FS: the registers are what they were when they were loaded.
const CLEAN: u64 = 2;
/// FS: the registers have been changed.
const DIRTY: u64 = 3;

/// FS: the registers are what they were at the reset.
const INITIAL: u64 = 1;

impl Vcpu {
    /// Sets the registers of a virtual hart that is not loaded to zero, and turns them on if it has them.
    pub(crate) fn reset_float(&mut self) {
        self.float = FloatState::default();
        self.set_float_status(if self.isa.has_float() { INITIAL } else { OFF });
    }

    /// Sets the host's registers aside and brings the guest's in, if it uses them.
    pub(crate) fn load_float<H: Hart>(&mut self, hart: &mut H) {
        if !self.isa.has_float() {
            return;
        }
        hart.save_float(&mut self.host_float);
        if self.float_status() != OFF {
            hart.restore_float(&self.float);
            self.set_float_status(CLEAN);
        }
    }

    /// Takes the guest's registers out, if it has changed them, and brings the host's back.
    pub(crate) fn put_float<H: Hart>(&mut self, hart: &mut H) {
        if !self.isa.has_float() {
            return;
        }
        if self.float_status() == DIRTY {
            hart.save_float(&mut self.float);
            self.set_float_status(CLEAN);
        }
        hart.restore_float(&self.host_float);
    }

    /// FS of HS-level `sstatus`, which the guest's floating-point instructions set as they do its own.
    fn float_status(&self) -> u64 {
        sstatus::FS.get(self.context.guest.sstatus)
    }

    fn set_float_status(&mut self, status: u64) {
        let guest = &mut self.context.guest;
        guest.sstatus = sstatus::FS.set(guest.sstatus, status);
    }
}
