//! Software interrupts and timers of machine mode: `msip`, `mtimecmp` and `mtime` in the layout of
//! SiFive's CLINT.
//!
//! RISC-V ACLINT specification, "Machine-level Timer Device" and "Machine-level Software Interrupt Device".

use iss::{AccessFault, Width};
use serde::{Deserialize, Serialize};

use super::Device;
use crate::state::{self, BadState};

/// `msip` of hart 0; 4 bytes for each hart.
const MSIP: u64 = 0;
/// `mtimecmp` of hart 0; 8 bytes for each hart.
const MTIMECMP: u64 = 0x4000;
/// `mtime`.
const MTIME: u64 = 0xbff8;
/// The end of `mtime`.
const END: u64 = 0xc000;

/// The timer and the software interrupts.
#[derive(Debug, Serialize, Deserialize)]
pub struct Aclint {
    mtime: u64,
    msip: Vec<bool>,
    mtimecmp: Vec<u64>,
}

/// A register behind an offset.
enum Register {
    Msip(usize),
    Mtimecmp(usize),
    Mtime,
}

impl Aclint {
    /// At tick 0. The specification leaves `mtimecmp` open at reset; as in Spike and QEMU it is zero, so
    /// that the timer interrupt is pending until software sets it.
    pub fn new(harts: usize) -> Aclint {
        Aclint { mtime: 0, msip: vec![false; harts], mtimecmp: vec![0; harts] }
    }

    /// `mtime`, in ticks.
    pub fn time(&self) -> u64 {
        self.mtime
    }

    /// Sets `mtime`, in ticks.
    pub fn set_time(&mut self, time: u64) {
        self.mtime = time;
    }

    /// Lets `ticks` ticks pass.
    pub fn advance(&mut self, ticks: u64) {
        self.mtime = self.mtime.wrapping_add(ticks);
    }

    /// Whether a hart's software interrupt is pending.
    pub fn software_interrupt(&self, hart: usize) -> bool {
        self.msip.get(hart).copied().unwrap_or(false)
    }

    /// Whether a hart's timer interrupt is pending.
    pub fn timer_interrupt(&self, hart: usize) -> bool {
        self.mtimecmp.get(hart).is_some_and(|at| self.mtime >= *at)
    }

    /// The tick from which on a hart's timer interrupt is pending; all ones for a hart that does not exist.
    pub fn mtimecmp(&self, hart: usize) -> u64 {
        self.mtimecmp.get(hart).copied().unwrap_or(u64::MAX)
    }

    /// The tick after now at which a hart's timer interrupt becomes pending, if ever.
    pub fn next_event(&self, hart: usize) -> Option<u64> {
        // Firmware writes all ones for "never".
        self.mtimecmp.get(hart).copied().filter(|at| *at > self.mtime && *at != u64::MAX)
    }

    /// The register that holds the byte at `offset`, and its first byte.
    fn register(offset: u64) -> Option<(Register, u64)> {
        match offset {
            MSIP..MTIMECMP => {
                let index = (offset - MSIP) / 4;
                Some((Register::Msip(index as usize), MSIP + 4 * index))
            }
            MTIMECMP..MTIME => {
                let index = (offset - MTIMECMP) / 8;
                Some((Register::Mtimecmp(index as usize), MTIMECMP + 8 * index))
            }
            MTIME..END => Some((Register::Mtime, MTIME)),
            _ => None,
        }
    }

    /// The place of an access in its register: whether it is one half, and by how many bits it is shifted.
    fn place(register: &Register, start: u64, offset: u64, width: Width) -> Result<u64, AccessFault> {
        match (register, width, offset - start) {
            (_, Width::W, 0) | (Register::Mtimecmp(_) | Register::Mtime, Width::D, 0) => Ok(0),
            (Register::Mtimecmp(_) | Register::Mtime, Width::W, 4) => Ok(32),
            _ => Err(AccessFault),
        }
    }
}

impl Device for Aclint {
    fn reset(&mut self) {
        *self = Aclint::new(self.msip.len());
    }

    /// Registers of harts that do not exist read as zero.
    fn load(&mut self, offset: u64, width: Width) -> Result<u64, AccessFault> {
        let (register, start) = Aclint::register(offset).ok_or(AccessFault)?;
        let shift = Aclint::place(&register, start, offset, width)?;
        let value = match register {
            Register::Msip(hart) => self.software_interrupt(hart).into(),
            Register::Mtimecmp(hart) => self.mtimecmp.get(hart).copied().unwrap_or(0),
            Register::Mtime => self.mtime,
        };
        Ok(value >> shift & width.mask())
    }

    /// Writes to registers of harts that do not exist are ignored.
    fn store(&mut self, offset: u64, width: Width, value: u64) -> Result<(), AccessFault> {
        let (register, start) = Aclint::register(offset).ok_or(AccessFault)?;
        let shift = Aclint::place(&register, start, offset, width)?;
        let merge = |old: u64| old & !(width.mask() << shift) | (value & width.mask()) << shift;
        match register {
            Register::Msip(hart) => {
                if let Some(msip) = self.msip.get_mut(hart) {
                    *msip = value & 1 != 0;
                }
            }
            Register::Mtimecmp(hart) => {
                if let Some(at) = self.mtimecmp.get_mut(hart) {
                    *at = merge(*at);
                }
            }
            Register::Mtime => self.mtime = merge(self.mtime),
        }
        Ok(())
    }

    fn save(&self) -> Vec<u8> {
        state::encode(self)
    }

    fn restore(&mut self, state: &[u8]) -> Result<(), BadState> {
        let state: Aclint = state::decode(state)?;
        let harts = [state.msip.len(), state.mtimecmp.len()];
        BadState::unless(harts == [self.msip.len(); 2], "the timer has another number of harts")?;
        *self = state;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::device::contract::contract!(
        Aclint::new(2),
        [(0, Width::W), (4, Width::W), (0x4000, Width::D), (0x4008, Width::D), (0xbff8, Width::D)]
    );

    #[test]
    fn msip_has_one_bit() {
        let mut aclint = Aclint::new(2);
        aclint.store(4, Width::W, 0xffff_ffff).unwrap();
        assert_eq!(aclint.load(4, Width::W), Ok(1));
        assert!(aclint.software_interrupt(1) && !aclint.software_interrupt(0));
        aclint.store(4, Width::W, 0xffff_fffe).unwrap();
        assert!(!aclint.software_interrupt(1));
    }

    #[test]
    fn the_timer_interrupt_is_a_comparison() {
        let mut aclint = Aclint::new(1);
        aclint.store(0x4000, Width::D, 10).unwrap();
        aclint.advance(9);
        assert!(!aclint.timer_interrupt(0));
        assert_eq!(aclint.next_event(0), Some(10));
        aclint.advance(1);
        assert!(aclint.timer_interrupt(0));
        assert_eq!(aclint.next_event(0), None);
        aclint.store(0x4000, Width::D, 11).unwrap();
        assert!(!aclint.timer_interrupt(0), "a later mtimecmp takes it back");
    }

    #[test]
    fn halves_of_the_timers_are_reached_alone() {
        let mut aclint = Aclint::new(2);
        aclint.store(0x4008, Width::W, 0x1111_1111).unwrap();
        aclint.store(0x400c, Width::W, 0x2222_2222).unwrap();
        assert_eq!(aclint.load(0x4008, Width::D), Ok(0x2222_2222_1111_1111));
        aclint.store(0xbffc, Width::W, 3).unwrap();
        assert_eq!(aclint.time(), 3 << 32);
        assert_eq!(aclint.load(0xbffc, Width::W), Ok(3));
        assert_eq!(aclint.load(0xbffa, Width::H), Err(AccessFault));
    }

    #[test]
    fn all_ones_never_comes() {
        let aclint = Aclint::new(1);
        assert_eq!(aclint.next_event(0), None);
        assert_eq!(aclint.next_event(1), None, "nor for a hart that does not exist");
    }
}
