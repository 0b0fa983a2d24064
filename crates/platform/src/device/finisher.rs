//! The test finisher: ends the simulation, or starts the machine again. SiFive's `test1`.

use iss::{AccessFault, Width};
use serde::{Deserialize, Serialize};

use super::{Device, Power};
use crate::state::{self, BadState};

/// Status in the low half of the register: success.
const PASS: u64 = 0x5555;
/// Status in the low half of the register: failure, with a code in the high half.
const FAIL: u64 = 0x3333;
/// Status in the low half of the register: reset.
const RESET: u64 = 0x7777;

/// The test finisher.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Finisher {
    request: Option<Power>,
}

impl Finisher {
    /// What the guest has asked for since the last call.
    pub fn take_request(&mut self) -> Option<Power> {
        self.request.take()
    }
}

impl Device for Finisher {
    fn reset(&mut self) {
        *self = Finisher::default();
    }

    fn load(&mut self, offset: u64, width: Width) -> Result<u64, AccessFault> {
        match (offset, width) {
            (0, Width::H | Width::W) => Ok(0),
            _ => Err(AccessFault),
        }
    }

    fn store(&mut self, offset: u64, width: Width, value: u64) -> Result<(), AccessFault> {
        if offset != 0 || !matches!(width, Width::H | Width::W) {
            return Err(AccessFault);
        }
        self.request = match value & 0xffff {
            PASS => Some(Power::Exit(0)),
            // A failure without a code is still none that may pass for success.
            FAIL => Some(Power::Exit((value >> 16 & 0xffff).max(1))),
            RESET => Some(Power::Reset),
            status => {
                tracing::debug!(status, "test finisher: unknown status ignored");
                None
            }
        };
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::encode(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), BadState> {
        *self = state::decode(state)?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::device::contract::contract!(Finisher::default(), [(0, Width::W), (0, Width::H)]);

    fn written(width: Width, value: u64) -> Option<Power> {
        let mut finisher = Finisher::default();
        finisher.store(0, width, value).unwrap();
        finisher.take_request()
    }

    #[test]
    fn each_status_has_its_meaning() {
        assert_eq!(written(Width::W, 0x5555), Some(Power::Exit(0)));
        assert_eq!(written(Width::H, 0x5555), Some(Power::Exit(0)));
        assert_eq!(written(Width::W, 0x3333 | 7 << 16), Some(Power::Exit(7)));
        assert_eq!(written(Width::H, 0x3333), Some(Power::Exit(1)));
        assert_eq!(written(Width::W, 0x7777), Some(Power::Reset));
        assert_eq!(written(Width::W, 0x1234), None);
    }

    #[test]
    fn a_request_is_taken_once() {
        let mut finisher = Finisher::default();
        finisher.store(0, Width::W, 0x5555).unwrap();
        assert!(finisher.take_request().is_some());
        assert_eq!(finisher.take_request(), None);
    }
}
