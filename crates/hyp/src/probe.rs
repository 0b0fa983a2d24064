//! What the hart at hand can do, found out before the first guest. Privileged ISA, "Hypervisor Guest Address
//! Translation and Protection (hgatp) Register".

use isa::csr::{henvcfg, hgatp, hstateen0, vstimecmp};
use isa::paging::SV39X4;

use crate::error::Error;
use crate::hart::Hart;

/// What the hypervisor makes use of where the hart has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Features {
    /// Width of a VMID in bits, 0 to 14.
    pub vmid_bits: u32,
    /// Sstc: the guest has a timer of its own.
    pub sstc: bool,
    /// Smstateen: the guest uses only state that it was given.
    pub smstateen: bool,
}

/// Finds out what the hart can do. No guest may be loaded.
///
/// # Errors
/// [`Error::NoGStage`] where the hart cannot translate by Sv39x4.
pub fn probe<H: Hart>(hart: &mut H) -> Result<Features, Error> {
    hart.try_read::<{ hgatp::NUMBER }>().ok_or(Error::NoGStage)?;
    // The width must be asked for with a MODE that translates: with Bare all other fields must be zero.
    let all_ones = hgatp::MODE.of(SV39X4.mode) | hgatp::VMID.mask();
    let before = hart.swap::<{ hgatp::NUMBER }>(all_ones);
    let kept = hart.swap::<{ hgatp::NUMBER }>(before);
    // Whatever was walked under the probe's value must not be believed later.
    hart.hfence_gvma();
    if hgatp::MODE.get(kept) != SV39X4.mode {
        return Err(Error::NoGStage);
    }
    Ok(Features {
        vmid_bits: hgatp::VMID.get(kept).trailing_ones(),
        sstc: has_sstc(hart),
        smstateen: hart.try_read::<{ hstateen0::NUMBER }>().is_some(),
    })
}

/// Whether `vstimecmp` exists, firmware lets us use it, and the guest can be given it.
fn has_sstc<H: Hart>(hart: &mut H) -> bool {
    if hart.try_read::<{ vstimecmp::NUMBER }>().is_none() {
        return false;
    }
    let before = hart.swap::<{ henvcfg::NUMBER }>(henvcfg::STCE.mask());
    let kept = hart.swap::<{ henvcfg::NUMBER }>(before);
    henvcfg::STCE.is_set(kept)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Event, FakeHart};

    fn hart(vmid_bits: u32) -> FakeHart {
        let mut hart = FakeHart::default();
        hart.writable.insert(hgatp::NUMBER, hgatp::MODE.mask() | hgatp::VMID.of((1 << vmid_bits) - 1));
        hart
    }

    #[test]
    fn vmid_width_is_asked_with_a_translating_mode() {
        for bits in [0, 1, 7, 14] {
            let mut hart = hart(bits);
            assert_eq!(probe(&mut hart).unwrap().vmid_bits, bits);
            let events = hart.take_events();
            assert_eq!(events[0], Event::Swap("hgatp", 8 << 60 | 0x3fff << 44));
            assert_eq!(events[1], Event::Swap("hgatp", 0));
            assert_eq!(events[2], Event::HfenceGvma);
        }
    }

    #[test]
    fn a_hart_without_sv39x4_is_refused() {
        let mut hart = hart(14);
        hart.writable.insert(hgatp::NUMBER, 0);
        assert_eq!(probe(&mut hart), Err(Error::NoGStage));
        hart.missing.insert(hgatp::NUMBER);
        assert_eq!(probe(&mut hart), Err(Error::NoGStage));
    }

    #[test]
    fn smstateen_is_where_its_csr_is() {
        let mut hart = hart(14);
        assert!(probe(&mut hart).unwrap().smstateen);
        hart.missing.insert(hstateen0::NUMBER);
        assert!(!probe(&mut hart).unwrap().smstateen);
    }

    #[test]
    fn sstc_needs_the_csr_and_the_permission() {
        for (exists, stce, sstc) in [(false, true, false), (true, false, false), (true, true, true)] {
            let mut hart = hart(14);
            if !exists {
                hart.missing.insert(vstimecmp::NUMBER);
            }
            hart.writable.insert(henvcfg::NUMBER, if stce { u64::MAX } else { 0 });
            assert_eq!(probe(&mut hart).unwrap().sstc, sstc);
            assert_eq!(hart.csr(henvcfg::NUMBER), 0);
        }
    }
}
