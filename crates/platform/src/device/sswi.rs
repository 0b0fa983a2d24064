//! Software interrupts of supervisor mode: a write of 1 sets SSIP in `mip` of a hart, and software clears it there.
//!
//! RISC-V ACLINT specification, "Supervisor-level Software Interrupt Device".

use iss::{AccessFault, Width};
use serde::{Deserialize, Serialize};

use super::Device;
use crate::state::{self, BadState};

/// The end of the registers, 4 bytes for each of 4096 harts.
const END: u64 = 0x4000;

/// The registers `setssip`, one for each hart.
#[derive(Debug, Serialize, Deserialize)]
pub struct Sswi {
    /// Interrupts that have been sent and not yet reached their hart.
    sent: Vec<bool>,
}

impl Sswi {
    /// For so many harts.
    pub fn new(harts: usize) -> Sswi {
        Sswi { sent: vec![false; harts] }
    }

    /// Whether an interrupt has been sent to a hart since the last call.
    pub fn take(&mut self, hart: usize) -> bool {
        self.sent.get_mut(hart).is_some_and(core::mem::take)
    }
}

impl Device for Sswi {
    fn reset(&mut self) {
        self.sent.fill(false);
    }

    /// All registers read as zero.
    fn load(&mut self, offset: u64, width: Width) -> Result<u64, AccessFault> {
        if width != Width::W || !offset.is_multiple_of(4) || offset >= END {
            return Err(AccessFault);
        }
        Ok(0)
    }

    /// Writes to registers of harts that do not exist are ignored.
    fn store(&mut self, offset: u64, width: Width, value: u64) -> Result<(), AccessFault> {
        self.load(offset, width)?;
        if let Some(sent) = self.sent.get_mut((offset / 4) as usize) {
            *sent |= value & 1 != 0;
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::encode(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), BadState> {
        let state: Sswi = state::decode(state)?;
        BadState::unless(state.sent.len() == self.sent.len(), "there are other harts")?;
        *self = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::device::contract::contract!(Sswi::new(2), [(0, Width::W), (4, Width::W), (0x3ffc, Width::W)]);

    #[test]
    fn a_one_is_sent_once() {
        let mut sswi = Sswi::new(2);
        sswi.store(4, Width::W, 2).unwrap();
        assert!(!sswi.take(1), "only bit 0 counts");
        sswi.store(4, Width::W, 1).unwrap();
        assert_eq!(sswi.load(4, Width::W), Ok(0));
        sswi.store(4, Width::W, 0).unwrap();
        assert!(!sswi.take(0) && sswi.take(1) && !sswi.take(1));
        assert!(!sswi.take(2), "there is no third hart");
    }
}
