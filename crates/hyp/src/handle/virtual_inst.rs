//! Instructions that a guest may use only with the hypervisor's help. Privileged ISA, "Trap Cause Codes".

use isa::cause::Exception;
use isa::csr::{hip, sstatus};
use isa::{Inst, Op};
use kvm::Run;

use super::csr;
use super::fetch::{NoInst, fetch};
use crate::hart::Hart;
use crate::host::Host;
use crate::inject::inject;
use crate::local::Local;
use crate::run::{Flow, Stop};
use crate::vcpu::{DELEGATED_INTERRUPTS, Vcpu};

/// Handles a virtual-instruction exception; `bits` is the instruction, or 0 where the hart does not say.
pub(super) fn handle<H: Hart, M: Host>(
    vcpu: &mut Vcpu,
    local: &mut Local<H>,
    host: &M,
    page: &mut Run<'_>,
    bits: u64,
) -> Flow {
    let inst = match u32::try_from(bits) {
        Ok(0) | Err(_) => fetch(vcpu, local, host),
        Ok(bits) => isa::decode(bits).ok_or(NoInst::Undefined(bits)),
    };
    let bits = match inst {
        Err(NoInst::Refetch) => return Flow::Resume,
        Err(NoInst::Undefined(bits)) => bits,
        Ok(inst) => match emulate(vcpu, &mut local.hart, page, &inst) {
            Some(flow) => return flow,
            None => inst.bits,
        },
    };
    inject(&mut local.hart, vcpu, Exception::IllegalInst, bits.into());
    Flow::Resume
}

/// Does what the instruction asks for, if it is one that a guest may use.
fn emulate<H: Hart>(vcpu: &mut Vcpu, hart: &mut H, page: &mut Run<'_>, inst: &Inst) -> Option<Flow> {
    match inst.op {
        // In VU-mode the manual has a trap for the guest's own kernel.
        Op::wfi if in_user_mode(vcpu) => None,
        Op::wfi => {
            vcpu.advance(inst.size());
            // What is pending already ends a wait at once, and so does what is on its way.
            let is_pending = hart.read::<{ hip::NUMBER }>() & vcpu.vs.vsie << 1 & DELEGATED_INTERRUPTS != 0;
            let goes_on = is_pending || vcpu.shared.interrupts.is_changed();
            Some(if goes_on { Flow::Resume } else { Flow::Stop(Stop::Blocked) })
        }
        Op::wrs_nto | Op::wrs_sto if !in_user_mode(vcpu) => {
            // It may end at any time, and does so now; another hart may be about to store what it waits for.
            vcpu.advance(inst.size());
            Some(Flow::Resume)
        }
        Op::csrrw | Op::csrrs | Op::csrrc | Op::csrrwi | Op::csrrsi | Op::csrrci => {
            csr::emulate(vcpu, hart, page, inst)
        }
        _ => None,
    }
}

/// Whether the guest was in VU-mode.
pub(super) fn in_user_mode(vcpu: &Vcpu) -> bool {
    sstatus::SPP.get(vcpu.context.guest.sstatus) == 0
}
