//! Software interrupts for other virtual harts. SBI, "IPI Extension".

use isa::cause::Interrupt;

use super::mask::HartMask;
use super::{Answer, Call, INVALID_PARAM, NOT_SUPPORTED};
use crate::host::Host;
use crate::vcpu::Vcpu;

pub(super) fn call<M: Host>(vcpu: &Vcpu, host: &M, call: Call) -> Answer {
    if call.function != 0 {
        return Answer::Error(NOT_SUPPORTED);
    }
    let [mask, base, ..] = call.args;
    let sent = HartMask::new(mask, base).for_each(vcpu, |other| other.set_interrupt(host, Interrupt::Vssi));
    if sent { Answer::Value(0) } else { Answer::Error(INVALID_PARAM) }
}
