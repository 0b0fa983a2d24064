//! Inter-processor interrupts. SBI, "IPI Extension".

use super::hart_mask::HartMask;
use super::{Answer, Call, Error};
use crate::hart::{self, Request};

pub(crate) const ID: usize = 0x73_5049;

const SEND_IPI: usize = 0;

pub(crate) fn answer(call: &Call) -> Answer {
    match call.function {
        SEND_IPI => {
            send(HartMask::new(call.arguments[0], call.arguments[1])?);
            Ok(0)
        }
        _ => Err(Error::NotSupported),
    }
}

/// Makes the supervisor software interrupt pending on `harts`.
pub(crate) fn send(harts: HartMask) {
    for hart_id in harts.iter() {
        hart::request(hart_id, Request::Interrupt);
    }
}
