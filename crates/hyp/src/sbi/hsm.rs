//! Starting and stopping virtual harts. SBI, "Hart State Management Extension".

use super::{ALREADY_AVAILABLE, Answer, Call, INVALID_PARAM, NOT_SUPPORTED};
use crate::host::Host;
use crate::museum::{Mistake, is_repeated};
use crate::vcpu::{Power, Vcpu};

/// `STARTED`, as `hart_get_status` has it.
const STARTED: u64 = 0;
const STOPPED: u64 = 1;

/// A suspend type of 32 bits that keeps the hart's registers, by default; and one that does not.
const RETENTIVE: u32 = 0;
const NON_RETENTIVE: u32 = 0x8000_0000;

pub(super) fn call<M: Host>(vcpu: &mut Vcpu, host: &M, call: Call) -> Answer {
    let [first, second, third, ..] = call.args;
    match call.function {
        0 => start(vcpu, host, first, second, third),
        1 => {
            vcpu.shared.stop();
            Answer::Stopped
        }
        2 => match find(vcpu, first) {
            Some(other) => Answer::Value(if other.is_on() { STARTED } else { STOPPED }),
            None => Answer::Error(INVALID_PARAM),
        },
        3 if is_repeated(Mistake::B22) && first >> 32 != 0 => Answer::Error(INVALID_PARAM),
        3 => match first as u32 {
            RETENTIVE => Answer::Wait,
            NON_RETENTIVE => Answer::Error(NOT_SUPPORTED),
            _ => Answer::Error(INVALID_PARAM),
        },
        _ => Answer::Error(NOT_SUPPORTED),
    }
}

fn find(vcpu: &Vcpu, number: u64) -> Option<alloc::sync::Arc<crate::vcpu::Shared>> {
    vcpu.vm.vcpu(usize::try_from(number).ok()?)
}

fn start<M: Host>(vcpu: &Vcpu, host: &M, number: u64, pc: u64, a1: u64) -> Answer {
    let Some(other) = find(vcpu, number) else { return Answer::Error(INVALID_PARAM) };
    let started = other.power() == Power::Off && other.start(host, pc, a1);
    if started { Answer::Value(0) } else { Answer::Error(ALREADY_AVAILABLE) }
}
