//! The world switch: load and put, and the run of a guest between them.
//!
//! Load and put exchange the guest's whole supervisor state and happen when another guest gets the hart;
//! entry and exit exchange only what both worlds share. Privileged ISA, "Memory-Management Fences" gives the
//! order that keeps one guest's translations from being cached under another's VMID.

use isa::csr::{
    hcounteren, hedeleg, henvcfg, hgatp, hideleg, hstateen0, hstatus, htinst, htval, hvip, scause,
    scounteren, senvcfg, sstateen0, stval, vsatp, vscause, vsepc, vsie, vsscratch, vsstatus, vstval, vstvec,
};

use crate::hart::{Hart, Trap};
use crate::host::Host;
use crate::local::Local;
use crate::museum::{Mistake, is_repeated};
use crate::request::Request;
use crate::sync::Ordering;
use crate::vcpu::Vcpu;

impl Vcpu {
    /// Brings the guest's supervisor state into the hart.
    ///
    /// Where this virtual hart was the last one here and nobody has changed its CSRs since, they are there still.
    pub fn load<H: Hart, M: Host>(&mut self, local: &mut Local<H>, host: &M) {
        if !self.has_run {
            self.configure();
        }
        let (number, id) = (local.number, self.shared.id());
        let hypervisor = &local.hypervisor;
        hypervisor.vmids.update(&mut local.hart, number, host, &hypervisor.harts, &self.vm.vmid);
        let is_here = local.former == Some(id) && !self.vs_changed;
        if is_here {
            self.update_hgatp(local);
        } else {
            self.load_csrs(local);
        }
        self.forget_others(local);
        self.timer.load(&mut local.hart, self.vm.time_delta());
        local.hart.write::<{ hvip::NUMBER }>(self.vs.hvip);
        self.load_float(&mut local.hart);
        if self.stolen.record.is_some() {
            self.shared.requests.add(Request::StolenTime);
        }
        local.former = Some(id);
        self.vs_changed = false;
        self.last_hart = Some(number);
    }

    fn load_csrs<H: Hart>(&mut self, local: &mut Local<H>) {
        // Translation by VS-stage tables stays off until hgatp and henvcfg are the new guest's.
        local.hart.write::<{ vsatp::NUMBER }>(0);
        self.update_hgatp(local);
        let hart = &mut local.hart;
        hart.write::<{ henvcfg::NUMBER }>(self.config.henvcfg);
        if local.hypervisor.vmids.is_unused() {
            // They are all one, under which the machine before has cached its own.
            hart.hfence_gvma(None, None);
            hart.hfence_vvma(None, None);
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
        hart.write::<{ vsatp::NUMBER }>(self.vs.vsatp);
    }

    /// Writes `hgatp` where it does not hold the machine's tables and VMID yet, and forgets what is cached under a VMID that
    /// the machine has not used here yet: it was another's.
    pub(crate) fn update_hgatp<H: Hart>(&self, local: &mut Local<H>) {
        let tag = self.vm.vmid.tag();
        let value = self.vm.hgatp_with(tag);
        if local.hgatp != value {
            local.hart.write::<{ hgatp::NUMBER }>(value);
            local.hgatp = value;
        }
        if local.tag != tag {
            local.tag = tag;
            if self.vm.tags[local.number].swap(tag, Ordering::Relaxed) != tag {
                local.hart.hfence_gvma(None, Some(tag as u16));
                local.hart.hfence_vvma(None, None);
            }
        }
    }

    /// Whether the VMID in `hgatp` is the machine's still. The hart has said that it is [in a guest](crate::hypervisor::Harts::enter).
    ///
    /// Another hart may have renewed it since `hgatp` was written, for another virtual hart of the machine.
    pub(crate) fn has_its_vmid<H: Hart>(&self, local: &Local<H>) -> bool {
        local.tag == self.vm.vmid.tag() && !local.hypervisor.vmids.is_stale(&self.vm.vmid)
    }

    /// Forgets what the hart has cached for another virtual hart of the same machine, and what it has cached for this one
    /// while that was elsewhere: they share the VMID, but each has its own address spaces and its own fences.
    fn forget_others<H: Hart>(&self, local: &mut Local<H>) {
        let last = self.vm.last[local.number].swap(self.shared.id(), Ordering::Relaxed);
        let was_here = last == self.shared.id() && self.last_hart == Some(local.number);
        if !was_here && last != 0 && !is_repeated(Mistake::B13) {
            local.hart.hfence_vvma(None, None);
        }
        if self.last_hart.is_some_and(|hart| hart != local.number) {
            local.hart.fence_i();
        }
    }

    /// Takes the guest's supervisor state out of the hart.
    ///
    /// `hgatp` and `vsatp` stay: they belong together, and the next load replaces them in the right order.
    pub fn put<H: Hart>(&mut self, local: &mut Local<H>) {
        self.put_float(&mut local.hart);
        let hart = &mut local.hart;
        self.timer.put(hart);
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
    }

    /// Runs the loaded guest until it traps. Interrupts of the host are disabled; they end the run.
    pub(crate) fn enter<H: Hart>(&mut self, hart: &mut H) -> Trap {
        let host_scounteren = hart.swap::<{ scounteren::NUMBER }>(self.around.scounteren);
        let host_senvcfg = hart.swap::<{ senvcfg::NUMBER }>(self.around.senvcfg);
        let host_sstateen0 = match self.config.hstateen0 {
            Some(_) => hart.swap::<{ sstateen0::NUMBER }>(self.around.sstateen0),
            None => 0,
        };
        let host_hstatus = hart.swap::<{ hstatus::NUMBER }>(self.around.hstatus);
        hart.enter_guest(&mut self.context);
        // Read first: any later trap to HS-mode would overwrite them.
        let scause = hart.read::<{ scause::NUMBER }>();
        let stval = hart.read::<{ stval::NUMBER }>();
        let htval = hart.read::<{ htval::NUMBER }>();
        let htinst = hart.read::<{ htinst::NUMBER }>();
        self.around.hstatus = hart.swap::<{ hstatus::NUMBER }>(host_hstatus);
        if self.config.hstateen0.is_some() {
            self.around.sstateen0 = hart.swap::<{ sstateen0::NUMBER }>(host_sstateen0);
        }
        self.around.senvcfg = hart.swap::<{ senvcfg::NUMBER }>(host_senvcfg);
        self.around.scounteren = hart.swap::<{ scounteren::NUMBER }>(host_scounteren);
        Trap { scause, stval, htval, htinst }
    }

    /// Learns what the guest did to its interrupts while it ran.
    pub(crate) fn sync<H: Hart>(&mut self, hart: &mut H) {
        self.vs.vsie = hart.read::<{ vsie::NUMBER }>();
        self.vs.hvip = hart.read::<{ hvip::NUMBER }>();
        self.shared.interrupts.sync(self.vs.hvip);
    }
}

#[cfg(test)]
mod tests;
