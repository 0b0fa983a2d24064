//! Suspending the machine, which is user space's affair once what the guest asks for is legal. SBI, "System Suspend
//! Extension".

use super::{Answer, Call, INVALID_PARAM, NOT_SUPPORTED};
use crate::vcpu::Vcpu;

/// `SBI_ERR_DENIED`: other harts run.
const DENIED: i64 = -4;

/// Suspend to RAM, the one type of 32 bits that the specification has.
const TO_RAM: u32 = 0;

pub(super) fn call(vcpu: &Vcpu, call: Call) -> Answer {
    if call.function != 0 {
        return Answer::Error(NOT_SUPPORTED);
    }
    if call.args[0] as u32 != TO_RAM {
        return Answer::Error(INVALID_PARAM);
    }
    let mut others = false;
    vcpu.vm.for_each_vcpu(|other| others |= other.id() != vcpu.shared.id() && other.is_on());
    if others { Answer::Error(DENIED) } else { Answer::Forward }
}
