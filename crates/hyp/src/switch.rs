//! The world switch: load and put, and the run of a guest between them.
//!
//! Load and put exchange the guest's whole supervisor state and happen when another guest gets the hart;
//! entry and exit exchange only what both worlds share. Privileged ISA, "Memory-Management Fences" gives the
//! order that keeps one guest's translations from being cached under another's VMID.

use isa::csr::{
    hcounteren, hedeleg, henvcfg, hgatp, hideleg, hstateen0, hstatus, htinst, htval, hvip, scause,
    scounteren, senvcfg, stval, vsatp, vscause, vsepc, vsie, vsscratch, vsstatus, vstval, vstvec,
};

use crate::hart::{Hart, Trap};
use crate::vcpu::Vcpu;
use crate::vm::Vm;
use crate::vmid::Vmids;

impl Vcpu {
    /// Brings the guest's supervisor state into the hart. `vmids` has just renewed the machine's VMID.
    pub fn load<H: Hart>(&self, hart: &mut H, vm: &Vm, vmids: &Vmids) {
        // Translation by VS-stage tables stays off until hgatp and henvcfg are the new guest's.
        hart.write::<{ vsatp::NUMBER }>(0);
        hart.write::<{ hgatp::NUMBER }>(vm.hgatp());
        hart.write::<{ henvcfg::NUMBER }>(self.config.henvcfg);
        if vmids.is_unused() {
            hart.hfence_gvma();
        }
        hart.write::<{ hedeleg::NUMBER }>(self.config.hedeleg);
        hart.write::<{ hideleg::NUMBER }>(self.config.hideleg);
        hart.write::<{ hcounteren::NUMBER }>(self.config.hcounteren);
        if let Some(value) = self.config.hstateen0 {
            hart.write::<{ hstateen0::NUMBER }>(value);
        }
        hart.write::<{ vsstatus::NUMBER }>(self.vs.vsstatus);
        hart.write::<{ vsie::NUMBER }>(self.vs.vsie);
        hart.write::<{ vstvec::NUMBER }>(self.vs.vstvec);
        hart.write::<{ vsscratch::NUMBER }>(self.vs.vsscratch);
        hart.write::<{ vsepc::NUMBER }>(self.vs.vsepc);
        hart.write::<{ vscause::NUMBER }>(self.vs.vscause);
        hart.write::<{ vstval::NUMBER }>(self.vs.vstval);
        hart.write::<{ hvip::NUMBER }>(self.vs.hvip);
        self.timer.load(hart, vm.time_delta);
        hart.write::<{ vsatp::NUMBER }>(self.vs.vsatp);
    }

    /// Takes the guest's supervisor state out of the hart.
    ///
    /// `hgatp` and `vsatp` stay: they belong together, and the next load replaces them in the right order.
    pub fn put<H: Hart>(&mut self, hart: &mut H) {
        self.vs.vsstatus = hart.read::<{ vsstatus::NUMBER }>();
        self.vs.vsie = hart.read::<{ vsie::NUMBER }>();
        self.vs.vstvec = hart.read::<{ vstvec::NUMBER }>();
        self.vs.vsscratch = hart.read::<{ vsscratch::NUMBER }>();
        self.vs.vsepc = hart.read::<{ vsepc::NUMBER }>();
        self.vs.vscause = hart.read::<{ vscause::NUMBER }>();
        self.vs.vstval = hart.read::<{ vstval::NUMBER }>();
        self.vs.vsatp = hart.read::<{ vsatp::NUMBER }>();
        // An interrupt left pending for the guest would end every WFI of the host.
        self.vs.hvip = hart.swap::<{ hvip::NUMBER }>(0);
        self.timer.put(hart);
    }

    /// Runs the loaded guest until it exits. Interrupts of the host are disabled; they end the run.
    pub fn run<H: Hart>(&mut self, hart: &mut H, vm: &Vm) -> Trap {
        self.pending = None;
        let now = vm.time(hart);
        self.timer.check(&mut self.interrupts, now);
        if let Some(value) = self.interrupts.flush(self.vs.hvip) {
            self.vs.hvip = value;
            hart.write::<{ hvip::NUMBER }>(self.vs.hvip);
        }
        let trap = self.enter(hart);
        self.sync(hart);
        self.counts.count(trap.scause);
        trap
    }

    /// Exchanges what guest and host share, and runs the guest in between.
    fn enter<H: Hart>(&mut self, hart: &mut H) -> Trap {
        let host_scounteren = hart.swap::<{ scounteren::NUMBER }>(self.shared.scounteren);
        let host_senvcfg = hart.swap::<{ senvcfg::NUMBER }>(self.shared.senvcfg);
        let host_hstatus = hart.swap::<{ hstatus::NUMBER }>(self.shared.hstatus);
        hart.enter_guest(&mut self.context);
        // Read first: any later trap to HS-mode would overwrite them.
        let scause = hart.read::<{ scause::NUMBER }>();
        let stval = hart.read::<{ stval::NUMBER }>();
        let htval = hart.read::<{ htval::NUMBER }>();
        let htinst = hart.read::<{ htinst::NUMBER }>();
        self.shared.hstatus = hart.swap::<{ hstatus::NUMBER }>(host_hstatus);
        self.shared.senvcfg = hart.swap::<{ senvcfg::NUMBER }>(host_senvcfg);
        self.shared.scounteren = hart.swap::<{ scounteren::NUMBER }>(host_scounteren);
        Trap { scause, stval, htval, htinst }
    }

    /// Learns what the guest did to its interrupts while it ran.
    fn sync<H: Hart>(&mut self, hart: &mut H) {
        self.vs.vsie = hart.read::<{ vsie::NUMBER }>();
        self.vs.hvip = hart.read::<{ hvip::NUMBER }>();
        self.interrupts.sync(self.vs.hvip);
        self.timer.sync(hart);
    }
}

#[cfg(test)]
mod tests;
