//! Fences for other virtual harts. SBI, "RFENCE Extension".
//!
//! Each carries its fences out before it runs on, and is made to exit for that if it runs now. A guest's own two-stage
//! translation is not a thing that there is, so that fences of it are not supported.

use super::mask::HartMask;
use super::{Answer, Call, INVALID_PARAM, NOT_SUPPORTED};
use crate::fence::Fence;
use crate::host::Host;
use crate::request::Request;
use crate::vcpu::Vcpu;

const FENCE_I: u64 = 0;
const SFENCE_VMA: u64 = 1;
const SFENCE_VMA_ASID: u64 = 2;

pub(super) fn call<M: Host>(vcpu: &Vcpu, host: &M, call: Call) -> Answer {
    let [mask, base, start, size, asid, _] = call.args;
    let harts = HartMask::new(mask, base);
    let done = match call.function {
        FENCE_I => harts.for_each(vcpu, |other| other.request(host, Request::FenceI)),
        SFENCE_VMA => {
            let fence = Fence::new(start, size, None);
            harts.for_each(vcpu, |other| other.request_fence(host, fence))
        }
        SFENCE_VMA_ASID => {
            let fence = Fence::new(start, size, Some(asid as u16));
            harts.for_each(vcpu, |other| other.request_fence(host, fence))
        }
        _ => return Answer::Error(NOT_SUPPORTED),
    };
    if done { Answer::Value(0) } else { Answer::Error(INVALID_PARAM) }
}
