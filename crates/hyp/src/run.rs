//! The run of a virtual hart: what is asked of it, its entry into the guest, and what its exits lead to.
//!
//! A request or an interrupt that is posted at any moment is seen before the guest is entered, or its kick makes the
//! guest exit: the hart says first that it is in a guest, and looks for them afterwards.

use kvm::{Errno, Run};

use crate::handle;
use crate::hart::{Hart, Trap};
use crate::host::Host;
use crate::local::{Local, NEVER};
use crate::museum::{Mistake, is_repeated};
use crate::request::Request;
use crate::vcpu::{Power, Vcpu};

/// Why a virtual hart does not run on by itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Stop {
    /// It is up to user space; the shared page says why. The host returns 0 from `KVM_RUN`; it puts the virtual hart where it
    /// does anything else on this hart.
    Exit,
    /// An interrupt of the host's ended the run and is pending still. The host takes it, and runs the virtual hart on; it
    /// puts it where another thread gets the hart.
    Interrupt,
    /// It waits. The host puts it, runs others until [`Vcpu::is_runnable`], and then runs it on.
    Blocked,
}

/// What an exit leads to.
pub(crate) enum Flow {
    /// The guest runs on.
    Resume,
    /// It does not, for now.
    Stop(Stop),
}

impl Vcpu {
    /// Runs the loaded virtual hart until something else is to be done: `KVM_RUN`.
    ///
    /// # Errors
    /// `EINTR` where user space wants no run but only the last exit finished; `EFAULT` where the guest touched memory
    /// that its user space does not have; `ENOMEM`. Nothing is lost: it can be run again.
    pub fn run<H: Hart, M: Host>(
        &mut self,
        local: &mut Local<H>,
        host: &M,
        page: &mut Run<'_>,
    ) -> Result<Stop, Errno> {
        if let Some(stop) = self.finish_exit(local, host, page) {
            return Ok(stop);
        }
        if page.immediate_exit() && !is_repeated(Mistake::B21) {
            return Err(Errno::EINTR);
        }
        loop {
            if let Some(stop) = self.serve_requests(local, host) {
                return Ok(stop);
            }
            let Some(trap) = self.try_enter(local, host) else { continue };
            match handle::handle(self, local, host, page, &trap)? {
                Flow::Resume => {}
                Flow::Stop(stop) => return Ok(stop),
            }
        }
    }

    /// Does what others have asked for.
    fn serve_requests<H: Hart, M: Host>(&mut self, local: &mut Local<H>, host: &M) -> Option<Stop> {
        if self.shared.requests.is_empty() {
            return None;
        }
        let shared = self.shared.clone();
        let requests = &shared.requests;
        // Taken before it is looked whether it still holds: who stops the virtual hart after that asks again.
        if requests.take(Request::Sleep) && shared.power() == Power::Off {
            // It stays until it is started.
            requests.add(Request::Sleep);
            return Some(Stop::Blocked);
        }
        if requests.take(Request::Reset)
            && let Some((pc, a1)) = shared.take_start()
        {
            self.put(local);
            self.reset(pc, a1);
            self.load(local, host);
        }
        if requests.take(Request::StolenTime) {
            self.write_stolen_time(host);
        }
        if requests.take(Request::FenceI) {
            local.hart.fence_i();
        }
        if requests.take(Request::FenceAll) {
            local.hart.hfence_vvma(None, None);
        }
        if requests.take(Request::Fences) {
            shared.take_fences().for_each(|fence| fence.run(&mut local.hart));
        }
        None
    }

    /// Enters the guest, unless there is something to do first.
    pub(crate) fn try_enter<H: Hart, M: Host>(&mut self, local: &mut Local<H>, host: &M) -> Option<Trap> {
        let number = local.number;
        {
            let hypervisor = &local.hypervisor;
            hypervisor.vmids.update(&mut local.hart, number, host, &hypervisor.harts, &self.vm.vmid);
        }
        self.update_hgatp(local);
        self.prepare_timer(local);
        self.shared.begin(number);
        local.hypervisor.harts.enter(number);
        if let Some(value) = self.shared.interrupts.flush(self.vs.hvip) {
            self.vs.hvip = value;
            local.hart.write::<{ isa::csr::hvip::NUMBER }>(value);
        }
        let may_enter = self.shared.requests.is_empty() && self.has_its_vmid(local);
        let trap = may_enter.then(|| self.enter(&mut local.hart));
        local.hypervisor.harts.leave(number);
        self.shared.end();
        if let Some(trap) = &trap {
            local.hart.note_exit(trap);
            self.counts.count(trap.scause);
            self.sync(&mut local.hart);
        }
        trap
    }

    /// Makes the guest's timer interrupt pending if it is due, or sees to it that the hart is interrupted when it is, and
    /// not when another guest's is.
    fn prepare_timer<H: Hart>(&mut self, local: &mut Local<H>) {
        let alarm = if self.timer.is_in_hardware() {
            NEVER
        } else {
            let now = local.hart.time();
            let delta = self.vm.time_delta();
            self.timer.check(&self.shared.interrupts, now.wrapping_add(delta));
            self.timer.host_deadline(now, delta).unwrap_or(NEVER)
        };
        if local.alarm != alarm {
            local.hart.set_alarm(alarm);
            local.alarm = alarm;
        }
    }
}

#[cfg(test)]
mod tests;
