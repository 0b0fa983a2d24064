//! The guest's timer. SBI, "Timer Extension".

use super::{Answer, Call, NOT_SUPPORTED};
use crate::hart::Hart;
use crate::local::Local;
use crate::vcpu::Vcpu;

pub(super) fn call<H: Hart>(vcpu: &mut Vcpu, local: &mut Local<H>, call: Call) -> Answer {
    if call.function != 0 {
        return Answer::Error(NOT_SUPPORTED);
    }
    vcpu.timer.set(&mut local.hart, &vcpu.shared.interrupts, call.args[0]);
    Answer::Value(0)
}
