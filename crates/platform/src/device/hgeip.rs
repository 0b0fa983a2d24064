//! A test device that drives the guest external interrupt lines: what shows in `hgeip` of each hart.
//!
//! Privileged ISA, "Hypervisor Guest External Interrupt Registers". On silicon these lines come from the
//! guest interrupt files of an IMSIC; here a 64-bit register for each hart, at 8 times its number, sets
//! them. Bit n is line n, bit 0 is always zero, as are lines beyond GEILEN.

use iss::{AccessFault, Width};
use serde::{Deserialize, Serialize};

use super::Device;
use crate::state::{self, BadState};

/// The lines of each hart.
#[derive(Debug, Serialize, Deserialize)]
pub struct Hgeip {
    lines: Vec<u64>,
    implemented: u64,
}

impl Hgeip {
    /// All lines low, of harts with `geilen` lines each, 0 to 63.
    pub fn new(harts: usize, geilen: u32) -> Hgeip {
        let implemented = (u64::MAX >> 63u32.saturating_sub(geilen)) & !1;
        Hgeip { lines: vec![0; harts], implemented }
    }

    /// The lines of a hart as they are now.
    pub fn lines(&self, hart: usize) -> u64 {
        self.lines.get(hart).copied().unwrap_or(0)
    }

    /// The lines behind an access.
    fn register(&mut self, offset: u64, width: Width) -> Result<&mut u64, AccessFault> {
        if width != Width::D || !offset.is_multiple_of(8) {
            return Err(AccessFault);
        }
        let hart = usize::try_from(offset / 8).map_err(|_| AccessFault)?;
        self.lines.get_mut(hart).ok_or(AccessFault)
    }
}

impl Device for Hgeip {
    fn reset(&mut self) {
        self.lines.fill(0);
    }

    fn load(&mut self, offset: u64, width: Width) -> Result<u64, AccessFault> {
        self.register(offset, width).copied()
    }

    fn store(&mut self, offset: u64, width: Width, value: u64) -> Result<(), AccessFault> {
        let implemented = self.implemented;
        *self.register(offset, width)? = value & implemented;
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::encode(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), BadState> {
        let state: Hgeip = state::decode(state)?;
        let same_shape = state.lines.len() == self.lines.len() && state.implemented == self.implemented;
        BadState::unless(same_shape, "there are other guest interrupt lines")?;
        let all_exist = state.lines.iter().all(|lines| lines & !state.implemented == 0);
        BadState::unless(all_exist, "a guest interrupt line is high that does not exist")?;
        *self = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::device::contract::contract!(Hgeip::new(2, 63), [(0, Width::D), (8, Width::D)]);

    #[test]
    fn each_hart_has_its_own_lines() {
        let mut hgeip = Hgeip::new(2, 63);
        hgeip.store(8, Width::D, u64::MAX).unwrap();
        assert_eq!(hgeip.lines(0), 0);
        assert_eq!(hgeip.lines(1), u64::MAX - 1, "bit 0 stays zero");
        assert_eq!(hgeip.store(16, Width::D, 2), Err(AccessFault), "there is no third hart");
    }

    #[test]
    fn lines_beyond_geilen_stay_low() {
        for (geilen, lines) in [(0, 0), (1, 0b10), (5, 0b11_1110), (63, u64::MAX - 1)] {
            let mut hgeip = Hgeip::new(1, geilen);
            hgeip.store(0, Width::D, u64::MAX).unwrap();
            assert_eq!(hgeip.lines(0), lines, "geilen {geilen}");
        }
    }
}
