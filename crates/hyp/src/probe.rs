//! What the hart at hand can do, found out before the first guest. Privileged ISA, "Hypervisor Guest Address
//! Translation and Protection (hgatp) Register".

use isa::csr::{hedeleg, henvcfg, hgatp, hstateen0, time, vsatp, vstimecmp};
use isa::paging::{SCHEMES, SV39X4, SV48X4, SV57X4, Scheme, Stage};

use crate::error::Error;
use crate::hart::Hart;
use crate::museum::{Mistake, is_repeated};

/// What the hypervisor makes use of where the hart has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Features {
    /// How guest physical addresses are translated.
    pub gstage: &'static Scheme,
    /// Width of a VMID in bits, 0 to 14.
    pub vmid_bits: u32,
    /// Sstc: the guest has a timer of its own.
    pub sstc: bool,
    /// Smstateen: the guest uses only state that it was given.
    pub smstateen: bool,
    /// The exceptions that can be delegated to a guest, as bits of `hedeleg`.
    pub hedeleg: u64,
    /// The fields of `henvcfg` that can be set.
    pub henvcfg: u64,
    /// The widest translation that a guest can have of its own, by its MODE in `vsatp`; 0 for none.
    pub vsatp_mode: u64,
}

/// Finds out what the hart can do; `forced` is the translation to be used for guest physical addresses in place of the
/// widest there is. No guest may be loaded.
///
/// # Errors
/// [`Error::NoHypervisor`] where the hart lacks the extension, [`Error::NoTime`] where it does not tell the time,
/// [`Error::NoGStage`] where it cannot translate (so).
pub fn probe<H: Hart>(hart: &mut H, forced: Option<&'static Scheme>) -> Result<Features, Error> {
    hart.try_read::<{ hgatp::NUMBER }>().ok_or(Error::NoHypervisor)?;
    hart.try_read::<{ time::NUMBER }>().ok_or(Error::NoTime)?;
    let candidates = match forced {
        Some(scheme) => [scheme; 3],
        None => [&SV57X4, &SV48X4, &SV39X4],
    };
    let (gstage, vmid_bits) = candidates
        .into_iter()
        .find_map(|scheme| Some((scheme, vmid_bits(hart, scheme)?)))
        .ok_or(Error::NoGStage(forced.map_or("Sv39x4", |scheme| scheme.name)))?;
    Ok(Features {
        gstage,
        vmid_bits,
        sstc: has_sstc(hart),
        smstateen: hart.try_read::<{ hstateen0::NUMBER }>().is_some(),
        hedeleg: kept::<{ hedeleg::NUMBER }, H>(hart, u64::MAX),
        henvcfg: kept::<{ henvcfg::NUMBER }, H>(hart, u64::MAX),
        vsatp_mode: vsatp_mode(hart),
    })
}

/// How many bits a VMID has where the hart translates by `scheme`; `None` where it does not.
fn vmid_bits<H: Hart>(hart: &mut H, scheme: &Scheme) -> Option<u32> {
    // The width must be asked for with a MODE that translates: with Bare all other fields must be zero.
    let wanted = hgatp::MODE.of(scheme.mode) | hgatp::VMID.mask();
    let mut kept = kept::<{ hgatp::NUMBER }, H>(hart, wanted);
    if is_repeated(Mistake::B11) {
        let bare = self::kept::<{ hgatp::NUMBER }, H>(hart, hgatp::VMID.mask());
        kept = hgatp::VMID.set(kept, hgatp::VMID.get(bare));
    }
    // Whatever was walked under the probe's value must not be believed later.
    hart.hfence_gvma(None, None);
    (hgatp::MODE.get(kept) == scheme.mode).then(|| hgatp::VMID.get(kept).trailing_ones())
}

/// What a CSR keeps of a value; it is as it was afterwards.
fn kept<const CSR: u16, H: Hart>(hart: &mut H, value: u64) -> u64 {
    let before = hart.swap::<CSR>(value);
    hart.swap::<CSR>(before)
}

/// The largest MODE that `vsatp` can hold.
fn vsatp_mode<H: Hart>(hart: &mut H) -> u64 {
    let modes = SCHEMES.iter().filter(|scheme| scheme.stage == Stage::First && scheme.xlen == 64);
    let modes = modes.map(|scheme| scheme.mode);
    modes
        .filter(|mode| vsatp::MODE.get(kept::<{ vsatp::NUMBER }, H>(hart, vsatp::MODE.of(*mode))) == *mode)
        .max()
        .unwrap_or(0)
}

/// Whether `vstimecmp` exists, firmware lets us use it, and the guest can be given it.
fn has_sstc<H: Hart>(hart: &mut H) -> bool {
    if hart.try_read::<{ vstimecmp::NUMBER }>().is_none() {
        return false;
    }
    henvcfg::STCE.is_set(kept::<{ henvcfg::NUMBER }, H>(hart, henvcfg::STCE.mask()))
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

    /// Which MODEs a hart has, when asked as a hart is whose `hgatp` ignores all others.
    fn with_modes(modes: &'static [u64]) -> FakeHart {
        let mut hart = hart(14);
        hart.legal.insert(hgatp::NUMBER, Box::new(|value| modes.contains(&hgatp::MODE.get(value))));
        hart
    }

    #[test]
    fn the_widest_translation_is_taken_or_the_one_that_is_asked_for() {
        for (modes, widest) in [(&[0, 8][..], &SV39X4), (&[0, 8, 9], &SV48X4), (&[0, 8, 9, 10], &SV57X4)] {
            assert_eq!(probe(&mut with_modes(modes), None).unwrap().gstage, widest);
            assert_eq!(probe(&mut with_modes(modes), Some(&SV39X4)).unwrap().gstage, &SV39X4);
        }
        assert_eq!(probe(&mut with_modes(&[0, 8]), Some(&SV48X4)), Err(Error::NoGStage("Sv48x4")));
    }

    #[test]
    fn vmid_width_is_asked_with_a_translating_mode() {
        for bits in [0, 1, 7, 14] {
            let mut hart = hart(bits);
            assert_eq!(probe(&mut hart, None).unwrap().vmid_bits, bits);
            let events = hart.take_events();
            assert_eq!(events[0], Event::Swap("hgatp", 10 << 60 | 0x3fff << 44));
            assert_eq!(events[1], Event::Swap("hgatp", 0));
            assert_eq!(events[2], Event::HfenceGvma(None, None));
        }
    }

    #[test]
    fn a_hart_that_cannot_translate_is_refused() {
        let mut hart = hart(14);
        hart.writable.insert(hgatp::NUMBER, 0);
        assert_eq!(probe(&mut hart, None), Err(Error::NoGStage("Sv39x4")));
        hart.missing.insert(hgatp::NUMBER);
        assert_eq!(probe(&mut hart, None), Err(Error::NoHypervisor));
    }

    #[test]
    fn smstateen_is_where_its_csr_is() {
        let mut hart = hart(14);
        assert!(probe(&mut hart, None).unwrap().smstateen);
        hart.missing.insert(hstateen0::NUMBER);
        assert!(!probe(&mut hart, None).unwrap().smstateen);
    }

    #[test]
    fn sstc_needs_the_csr_and_the_permission() {
        for (exists, stce, sstc) in [(false, true, false), (true, false, false), (true, true, true)] {
            let mut hart = hart(14);
            if !exists {
                hart.missing.insert(vstimecmp::NUMBER);
            }
            hart.writable.insert(henvcfg::NUMBER, if stce { u64::MAX } else { 0 });
            assert_eq!(probe(&mut hart, None).unwrap().sstc, sstc);
            assert_eq!(hart.csr(henvcfg::NUMBER), 0);
        }
    }
}
