//! Devices: what lies behind the regions of the memory map.

pub mod aclint;
#[cfg(test)]
mod contract;
pub mod finisher;
pub mod hgeip;
pub mod htif;
pub mod plic;
pub mod rtc;
pub mod sswi;
pub mod uart;
pub mod virtio;

pub use aclint::Aclint;
pub use finisher::Finisher;
pub use hgeip::Hgeip;
pub use htif::Htif;
pub use plic::Plic;
pub use rtc::Rtc;
pub use sswi::Sswi;
pub use uart::Uart;

use iss::{AccessFault, Width};
use serde::{Deserialize, Serialize};

use crate::state::BadState;

/// A device behind a region of the memory map.
///
/// The bus hands it naturally aligned accesses inside its region, but a device answers any offset and any
/// width without panicking.
pub trait Device {
    /// Returns to the state after power-on.
    fn reset(&mut self);

    /// Reads the register at `offset` into the region, zero-extended.
    ///
    /// # Errors
    /// Where there is no register, or none of this width.
    fn load(&mut self, offset: u64, width: Width) -> Result<u64, AccessFault>;

    /// Writes the register at `offset` into the region.
    ///
    /// # Errors
    /// Where there is no register, or none of this width.
    fn store(&mut self, offset: u64, width: Width, value: u64) -> Result<(), AccessFault>;

    /// The state, as [`restore`](Device::restore) takes it.
    fn save(&self) -> Vec<u8>;

    /// Takes a state that [`save`](Device::save) has made of a device of this shape; changes nothing on an error.
    ///
    /// # Errors
    /// Bytes that are not such a state. A state that is taken is one that the device can be in, wherever the bytes
    /// come from.
    fn restore(&mut self, state: &[u8]) -> Result<(), BadState>;
}

/// What a guest may ask of the machine as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Power {
    /// End the simulation with this status; 0 means success.
    Exit(u64),
    /// Start again from the beginning.
    Reset,
}
