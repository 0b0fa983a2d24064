//! Which SBI this is, and what it has. SBI, "Base Extension".

use super::{Answer, Call, NOT_SUPPORTED, handler};
use crate::vcpu::Vcpu;

/// The version of the specification: the major number in bits 30:24.
const VERSION: u64 = 2 << 24;
/// Ours, chosen outside the numbers that the specification lists: "hyp" in ASCII.
const IMPLEMENTATION_ID: u64 = 0x0068_7970;
const IMPLEMENTATION_VERSION: u64 = 1;

pub(super) fn call(vcpu: &Vcpu, call: Call) -> Answer {
    let ids = vcpu.ids;
    Answer::Value(match call.function {
        0 => VERSION,
        1 => IMPLEMENTATION_ID,
        2 => IMPLEMENTATION_VERSION,
        3 => handler(vcpu, call.args[0]).is_some().into(),
        4 => ids[0],
        5 => ids[1],
        6 => ids[2],
        _ => return Answer::Error(NOT_SUPPORTED),
    })
}
