//! Instructions that a guest may use only with the hypervisor's help. Privileged ISA, "Trap Cause Codes".

use isa::Op;
use isa::cause::Exception;

use super::Outcome;
use super::fetch::{NoInst, fetch};
use crate::hart::Hart;
use crate::inject::inject;
use crate::vcpu::Vcpu;

/// Handles a virtual-instruction exception; `bits` is the instruction, or 0 where the hart does not say.
pub(super) fn handle<H: Hart>(hart: &mut H, vcpu: &mut Vcpu, bits: u64) -> Outcome {
    let inst = match u32::try_from(bits) {
        Ok(0) | Err(_) => fetch(hart, vcpu),
        Ok(bits) => isa::decode(bits).ok_or(NoInst::Undefined(bits)),
    };
    let bits = match inst {
        Ok(inst) if inst.op == Op::wfi => {
            vcpu.advance(inst.size());
            return Outcome::Waiting;
        }
        Ok(inst) => inst.bits,
        Err(NoInst::Undefined(bits)) => bits,
        Err(NoInst::Refetch) => return Outcome::Resume,
    };
    inject(hart, vcpu, Exception::IllegalInst, bits.into());
    Outcome::Resume
}
