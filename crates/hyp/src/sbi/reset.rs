//! The end of the machine. SBI, "System Reset Extension".

use kvm::run::SystemEvent;

use super::{Answer, Call, INVALID_PARAM, NOT_SUPPORTED};
use crate::host::Host;
use crate::request::Request;
use crate::vcpu::Vcpu;

/// Stops every virtual hart of the machine, and tells user space.
pub(super) fn end<M: Host>(vcpu: &Vcpu, host: &M, event: SystemEvent, reason: u64) -> Answer {
    vcpu.vm.for_each_vcpu(|other| {
        other.stop();
        other.request(host, Request::Sleep);
    });
    Answer::Event(event, reason)
}

/// The parameters are 32 bits wide; what a guest puts above them does not count.
pub(super) fn call<M: Host>(vcpu: &Vcpu, host: &M, call: Call) -> Answer {
    if call.function != 0 {
        return Answer::Error(NOT_SUPPORTED);
    }
    let reason = u64::from(call.args[1] as u32);
    match call.args[0] as u32 {
        0 => end(vcpu, host, SystemEvent::Shutdown, reason),
        1 | 2 => end(vcpu, host, SystemEvent::Reset, reason),
        _ => Answer::Error(INVALID_PARAM),
    }
}
