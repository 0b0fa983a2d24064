//! Virtual harts of several machines on one hart, in turns of a quarter of a millisecond.
//!
//! The kernel takes no interrupt itself: its timer ends a guest's run, or its own wait.

use core::arch::asm;

use hyp::arch::BareHart;
use hyp::{Hart, Hypervisor, Local};

use crate::Arc;
use crate::console::println;
use crate::kernel::Kernel;
use crate::machine::Machine;

/// The hart, and what runs guests on it.
pub(crate) struct Core {
    pub(crate) local: Local<BareHart>,
    pub(crate) kernel: Kernel,
    pub(crate) hypervisor: Arc<Hypervisor>,
    /// Ticks of the clock in a second.
    pub(crate) frequency: u64,
}

/// Turns in a second.
const TURNS: u64 = 4000;

/// Runs machines until all their guests have ended or wait for ever.
pub(crate) fn run(core: &mut Core, machines: &mut [Machine]) {
    let turn = (core.frequency / TURNS).max(1);
    while !machines.iter().all(Machine::has_ended) {
        let mut has_run = false;
        for machine in &mut *machines {
            for vcpu in 0..machine.vcpus() {
                let now = core.local.hart.time();
                if machine.is_ready(vcpu, now) {
                    machine.run(core, vcpu, now + turn);
                    has_run = true;
                }
            }
        }
        if !has_run && !wait(core, machines) {
            return println!("host: the guests wait for ever: no interrupt is to come");
        }
    }
}

/// Waits until one of the waiting virtual harts can run; says whether there is anything to wait for.
fn wait(core: &mut Core, machines: &mut [Machine]) -> bool {
    let hart = &mut core.local.hart;
    let now = hart.time();
    // A time may have come since it was looked for.
    if machines.iter_mut().any(|machine| (0..machine.vcpus()).any(|vcpu| machine.is_ready(vcpu, now))) {
        return true;
    }
    let running = machines.iter().filter(|machine| !machine.has_ended());
    let Some(deadline) = running.filter_map(|machine| machine.wake_time(now)).min() else { return false };
    hart.set_limit(deadline);
    while hart.time() < deadline {
        // SAFETY: waiting changes nothing; interrupts are off, so that none is taken.
        unsafe { asm!("wfi", options(nomem, nostack)) };
    }
    true
}
