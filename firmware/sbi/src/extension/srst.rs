//! Shutdown and reboot, through the finisher. SBI, "System Reset Extension".

use super::{Answer, Call, Error};
use crate::platform::finisher;

pub(crate) const ID: usize = 0x5352_5354;

const SYSTEM_RESET: usize = 0;

const SHUTDOWN: u32 = 0;
const COLD_REBOOT: u32 = 1;
const WARM_REBOOT: u32 = 2;

const NO_REASON: u32 = 0;
/// Reasons 0 and 1 are no reason and a failure; those above are the implementation's and the platform's own.
const FIRST_RESERVED_REASON: u32 = 2;
const LAST_RESERVED_REASON: u32 = 0xdfff_ffff;

pub(crate) fn answer(call: &Call) -> Answer {
    let [kind, reason, ..] = call.arguments.map(|argument| argument as u32);
    match (call.function, kind, reason) {
        (SYSTEM_RESET, _, FIRST_RESERVED_REASON..=LAST_RESERVED_REASON) => Err(Error::InvalidParam),
        (SYSTEM_RESET, SHUTDOWN, NO_REASON) => finisher::pass(),
        (SYSTEM_RESET, SHUTDOWN, _) => finisher::fail(finisher::SUPERVISOR_FAILED),
        (SYSTEM_RESET, COLD_REBOOT | WARM_REBOOT, _) => finisher::reset(),
        (SYSTEM_RESET, ..) => Err(Error::InvalidParam),
        _ => Err(Error::NotSupported),
    }
}
