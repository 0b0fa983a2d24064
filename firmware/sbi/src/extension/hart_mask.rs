//! The harts that a call is about. SBI, "Hart list parameter".

use super::Error;
use crate::hart::MAX_HARTS;
use crate::platform;

/// The base that stands for all harts.
const ALL: usize = usize::MAX;

/// A set of harts that exist.
#[derive(Clone, Copy)]
pub(crate) struct HartMask(u32);

impl HartMask {
    /// Every hart.
    pub(crate) fn all() -> HartMask {
        HartMask(platform::harts())
    }

    /// The harts `base + n` for the bits n of `mask`; each of them must exist.
    pub(crate) fn new(mask: usize, base: usize) -> Result<HartMask, Error> {
        if base == ALL {
            return Ok(HartMask::all());
        }
        let mut harts = 0;
        for bit in (0..usize::BITS as usize).filter(|bit| mask & 1 << bit != 0) {
            let hart_id = base.checked_add(bit).filter(|&id| platform::has_hart(id));
            harts |= 1 << hart_id.ok_or(Error::InvalidParam)?;
        }
        Ok(HartMask(harts))
    }

    /// The hart ids, in order.
    pub(crate) fn iter(self) -> impl Iterator<Item = usize> {
        (0..MAX_HARTS).filter(move |hart_id| self.0 & 1 << hart_id != 0)
    }
}
