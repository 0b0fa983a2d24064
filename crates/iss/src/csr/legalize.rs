//! Stage three of a CSR access: what sticks?
//!
//! Pure functions from the old and the written value to the value that the register takes, for the WARL
//! and WPRI rules of the Privileged ISA. Each is idempotent and leaves read-only bits as they are.

use isa::cause::{Exception, Interrupt};
use isa::csr;
use isa::ext::Ext;
use isa::field::Field;
use isa::paging::{BARE, Scheme, Stage};

use super::counters::{FIRST_HPM, counter_mask, inhibit_fields};
use crate::event::Event;
use crate::variant::Variant;

/// `old` with the bits of `mask` taken from `new`.
pub(crate) const fn masked(old: u64, new: u64, mask: u64) -> u64 {
    old & !mask | new & mask
}

const fn mask_of(fields: &[Field]) -> u64 {
    let (mut mask, mut i) = (0, 0);
    while i < fields.len() {
        mask |= fields[i].mask();
        i += 1;
    }
    mask
}

/// The VS-level interrupts: VSSI, VSTI and VSEI.
pub(crate) const VS_INTERRUPTS: u64 = Interrupt::Vssi.bit() | Interrupt::Vsti.bit() | Interrupt::Vsei.bit();
/// The interrupts that the hypervisor extension adds.
pub(crate) const H_INTERRUPTS: u64 = VS_INTERRUPTS | Interrupt::Sgei.bit();
/// The supervisor interrupts, and the counter-overflow interrupt, which is delegated like them.
pub(crate) const S_INTERRUPTS: u64 =
    Interrupt::Ssi.bit() | Interrupt::Sti.bit() | Interrupt::Sei.bit() | Interrupt::Lcofi.bit();
const M_INTERRUPTS: u64 = Interrupt::Msi.bit() | Interrupt::Mti.bit() | Interrupt::Mei.bit();

/// The fields of `sstatus`, and so of `vsstatus`, that can be written; SDT where double traps are enabled.
pub(crate) const SSTATUS_WRITABLE: u64 = {
    use csr::sstatus::{FS, MXR, SDT, SIE, SPIE, SPP, SUM};
    mask_of(&[SIE, SPIE, SPP, FS, SUM, MXR, SDT])
};
/// The fields of `mstatus` that `sstatus` shows.
pub(crate) const SSTATUS_VISIBLE: u64 = {
    use csr::sstatus::{SD, UXL};
    SSTATUS_WRITABLE | mask_of(&[UXL, SD])
};

/// `status` with an FS that the hart has, and SD saying whether it is Dirty; there is no other state that
/// could be.
fn with_float_state(v: &Variant, status: u64) -> u64 {
    use csr::mstatus::{FS, SD};
    let status = if v.tracks_fs || !FS.is_set(status) { status } else { status | FS.mask() };
    SD.set(status, (FS.get(status) == 3).into())
}

/// `status` with no SDT where double traps are not enabled, and with SIE clear where SDT is set.
fn with_traps_disabled(status: u64, dte: bool) -> u64 {
    use csr::sstatus::{SDT, SIE};
    match (dte, SDT.is_set(status)) {
        (false, _) => SDT.set(status, 0),
        (true, true) => SIE.set(status, 0),
        (true, false) => status,
    }
}

/// mstatus: the reserved MPP keeps the old privilege; MPV and GVA exist with H; MIE is clear where MDT is set.
pub(crate) fn mstatus(v: &Variant, menvcfg: u64, old: u64, new: u64) -> u64 {
    use csr::mstatus::{GVA, MDT, MIE, MPIE, MPP, MPRV, MPV, TSR, TVM, TW};
    let mut writable = SSTATUS_WRITABLE | mask_of(&[MIE, MPIE, MPRV, TVM, TW, TSR]);
    if MPP.get(new) != 2 {
        writable |= MPP.mask();
    }
    if v.has(Ext::H) {
        writable |= mask_of(&[GVA, MPV]);
    }
    if v.has(Ext::Smdbltrp) {
        writable |= MDT.mask();
    }
    let status = with_traps_disabled(masked(old, new, writable), csr::menvcfg::DTE.is_set(menvcfg));
    with_float_state(v, if MDT.is_set(status) { MIE.set(status, 0) } else { status })
}

/// vsstatus.
pub(crate) fn vsstatus(v: &Variant, henvcfg: u64, old: u64, new: u64) -> u64 {
    let status = masked(old, new, SSTATUS_WRITABLE);
    with_float_state(v, with_traps_disabled(status, csr::henvcfg::DTE.is_set(henvcfg)))
}

/// hstatus: VGEIN values above GEILEN keep the old one.
pub(crate) fn hstatus(v: &Variant, old: u64, new: u64) -> u64 {
    use csr::hstatus::{GVA, HU, HUPMM, SPV, SPVP, VGEIN, VTSR, VTVM, VTW};
    let mut writable = mask_of(&[GVA, SPV, SPVP, HU, VTVM, VTW, VTSR]);
    if VGEIN.get(new) <= u64::from(v.geilen) {
        writable |= VGEIN.mask();
    }
    masked(old, new, writable) & !HUPMM.mask() | pmm(v.has(Ext::Ssnpm), HUPMM, old, new)
}

/// The exceptions of this hart that a guest may handle itself: those that concern nothing of the hypervisor's.
///
/// Instruction address misaligned cannot occur with 16-bit instructions, nor a software check without
/// control-flow integrity.
const GUEST_EXCEPTIONS: u64 = {
    use Exception::{
        Breakpoint, EcallU, HardwareError, IllegalInst, InstAccessFault, InstPageFault, LoadAccessFault,
        LoadAddrMisaligned, LoadPageFault, StoreAccessFault, StoreAddrMisaligned, StorePageFault,
    };
    let addresses = LoadAddrMisaligned.bit() | StoreAddrMisaligned.bit();
    let access = InstAccessFault.bit() | LoadAccessFault.bit() | StoreAccessFault.bit();
    let pages = InstPageFault.bit() | LoadPageFault.bit() | StorePageFault.bit();
    addresses | access | pages | IllegalInst.bit() | Breakpoint.bit() | EcallU.bit() | HardwareError.bit()
};

/// The exceptions that the hypervisor extension adds.
const H_EXCEPTIONS: u64 = {
    use Exception::{EcallVs, InstGuestPageFault, LoadGuestPageFault, StoreGuestPageFault, VirtualInst};
    let pages = InstGuestPageFault.bit() | LoadGuestPageFault.bit() | StoreGuestPageFault.bit();
    pages | EcallVs.bit() | VirtualInst.bit()
};

/// The bits of medeleg that may be writable: the exceptions that can occur below M-mode.
pub(crate) const DELEGATABLE_EXCEPTIONS: u64 = GUEST_EXCEPTIONS | H_EXCEPTIONS | Exception::EcallS.bit();

/// The bits of hedeleg that must be writable whether or not the exception can occur.
pub(crate) const GUEST_DELEGATABLE_EXCEPTIONS: u64 = GUEST_EXCEPTIONS | Exception::SoftwareCheck.bit();

/// medeleg: the exceptions that can occur below M-mode, as far as the hart delegates them.
pub(crate) fn medeleg(v: &Variant, new: u64) -> u64 {
    let occurring = DELEGATABLE_EXCEPTIONS & if v.has(Ext::H) { u64::MAX } else { !H_EXCEPTIONS };
    new & v.medeleg & occurring
}

/// mideleg: the VS-level interrupts and SGEI are delegated for good.
pub(crate) fn mideleg(v: &Variant, new: u64) -> u64 {
    new & v.mideleg & S_INTERRUPTS & interrupts(v) | if v.has(Ext::H) { H_INTERRUPTS } else { 0 }
}

/// hideleg: the VS-level interrupts and, where a guest may have it, counter overflow; nothing that is not
/// delegated to HS-mode.
pub(crate) fn hideleg(v: &Variant, mideleg: u64, new: u64) -> u64 {
    let overflow = if v.has(Ext::Shlcofideleg) { Interrupt::Lcofi.bit() } else { 0 };
    new & mideleg & (VS_INTERRUPTS | overflow)
}

/// hedeleg: what concerns the guest's machine is never delegated to the guest.
pub(crate) const fn hedeleg(v: &Variant, new: u64) -> u64 {
    new & v.hedeleg
}

/// The bits of `mie` that exist.
pub(crate) fn mie(v: &Variant, new: u64) -> u64 {
    new & interrupts(v)
}

/// The interrupts that the hart has.
pub(super) fn interrupts(v: &Variant) -> u64 {
    let overflow = if v.has(Ext::Sscofpmf) { 0 } else { Interrupt::Lcofi.bit() };
    (M_INTERRUPTS | S_INTERRUPTS | if v.has(Ext::H) { H_INTERRUPTS } else { 0 }) & !overflow
}

/// xtvec: Direct and Vectored modes; the reserved mode bit reads as zero.
pub(crate) const fn tvec(new: u64) -> u64 {
    new & !2
}

/// xepc: with 16-bit alignment only bit 0 is read-only.
pub(crate) const fn epc(new: u64) -> u64 {
    new & !1
}

/// mcountinhibit: a bit for each counter that there is.
pub(crate) fn mcountinhibit(v: &Variant, new: u64) -> u64 {
    let fixed = mask_of(&[csr::mcountinhibit::CY, csr::mcountinhibit::IR]);
    new & u64::from(v.mcountinhibit) & (fixed | u64::from(v.event_counters()))
}

/// Counter `n`: event counters that there are not hold zero.
pub(crate) fn counter(v: &Variant, n: usize, new: u64) -> u64 {
    if has_counter(v, n) { new & counter_mask(v, n) } else { 0 }
}

/// The selector of counter `n`: an event that does not exist is no event; mcyclecfg and minstretcfg have
/// neither event nor OF.
pub(crate) fn event(v: &Variant, n: usize, new: u64) -> u64 {
    use csr::mhpmevent3::{EVENT, OF};
    if n < FIRST_HPM {
        return new & inhibit_fields(v);
    }
    let known = Event::from_number(EVENT.get(new)).map_or(0, |event| EVENT.of(event as u64));
    let filter = if v.has(Ext::Sscofpmf) { new & (inhibit_fields(v) | OF.mask()) } else { 0 };
    if has_counter(v, n) { known | filter } else { 0 }
}

fn has_counter(v: &Variant, n: usize) -> bool {
    n < FIRST_HPM + v.hpm as usize
}

/// menvcfg: a bit is writable when the extension that it enables is there.
pub(crate) fn menvcfg(v: &Variant, new: u64) -> u64 {
    use csr::menvcfg::{ADUE, DTE, FIOM, PBMTE, STCE};
    let enable = |there: bool, field: Field| if there { field.mask() } else { 0 };
    new & (FIOM.mask()
        | enable(v.has(Ext::Ssdbltrp), DTE)
        | enable(v.has(Ext::Sstc), STCE)
        | enable(v.has(Ext::Svpbmt), PBMTE)
        | enable(v.has(Ext::Svadu), ADUE))
        | envcfg_blocks(v, new)
}

/// The fields for cache blocks, which lie alike in menvcfg, henvcfg and senvcfg; the reserved CBIE becomes 0.
fn envcfg_blocks(v: &Variant, new: u64) -> u64 {
    use csr::menvcfg::{CBCFE, CBIE, CBZE};
    let inval = if CBIE.get(new) == 2 { 0 } else { CBIE.mask() };
    let manage = if v.has(Ext::Zicbom) { inval | CBCFE.mask() } else { 0 };
    let zero = if v.has(Ext::Zicboz) { CBZE.mask() } else { 0 };
    new & (manage | zero)
}

/// A PMM field, in place: its reserved value leaves it as it was.
pub(crate) const fn pmm(there: bool, field: Field, old: u64, new: u64) -> u64 {
    match field.get(new) {
        _ if !there => 0,
        1 => old & field.mask(),
        _ => new & field.mask(),
    }
}

/// The fields of mseccfg that are not about PMP: who may poll the entropy source, and pointer masking in M-mode.
pub(crate) fn mseccfg_beside_pmp(v: &Variant, old: u64, new: u64) -> u64 {
    use csr::mseccfg::{PMM, SSEED, USEED};
    let seeds = if v.has(Ext::Zkr) { mask_of(&[USEED, SSEED]) } else { 0 };
    new & seeds | pmm(v.has(Ext::Smmpm), PMM, old, new)
}

/// The bits of henvcfg that this menvcfg leaves writable.
pub(crate) const fn henvcfg_enabled(menvcfg: u64) -> u64 {
    use csr::henvcfg::{ADUE, DTE, PBMTE, STCE};
    menvcfg | !mask_of(&[ADUE, DTE, PBMTE, STCE])
}

/// The bits of mip that software can write under that name: STIP is a wire while stimecmp drives it.
pub(crate) fn mip_writable(v: &Variant, menvcfg: u64) -> u64 {
    use csr::mip::{LCOFIP, SEIP, SSIP, STIP, VSSIP};
    let stip = if csr::menvcfg::STCE.is_set(menvcfg) { 0 } else { STIP.mask() };
    let all = SSIP.mask() | SEIP.mask() | LCOFIP.mask() | stip | VSSIP.mask();
    all & interrupts(v)
}

/// hgeie: a bit for each guest external interrupt line that there is.
pub(crate) fn hgeie(v: &Variant, new: u64) -> u64 {
    new & ((1u128 << (v.geilen + 1)) as u64).wrapping_sub(1) & !1
}

/// senvcfg.
pub(crate) fn senvcfg(v: &Variant, new: u64) -> u64 {
    new & csr::senvcfg::FIOM.mask() | envcfg_blocks(v, new)
}

/// Register `n` of mstateen and hstateen: bit 63, and in the first ENVCFG.
pub(crate) const fn stateen(n: usize, new: u64) -> u64 {
    let envcfg = if n == 0 { csr::mstateen0::ENVCFG.mask() } else { 0 };
    new & (csr::mstateen0::SE0.mask() | envcfg)
}

/// Whether the translation mode with this encoding is Bare or has at most `levels` levels.
fn has_mode(levels: u32, stage: Stage, mode: u64) -> bool {
    mode == BARE || Scheme::find(stage, 64, mode).is_some_and(|scheme| scheme.levels <= levels)
}

const fn atp_ids(len: u32, field: Field) -> u64 {
    field.mask() & (((1 << len) - 1) << field.lo)
}

/// satp: an unimplemented MODE leaves all of it as it was.
pub(crate) fn satp(v: &Variant, old: u64, new: u64) -> u64 {
    if has_mode(v.satp_levels, Stage::First, csr::satp::MODE.get(new)) { atp(v, new) } else { old }
}

/// vsatp written as satp at V=1: an unimplemented MODE leaves all of it as it was.
pub(crate) fn vsatp_as_satp(v: &Variant, old: u64, new: u64) -> u64 {
    if has_mode(v.vsatp_levels, Stage::First, csr::vsatp::MODE.get(new)) { atp(v, new) } else { old }
}

/// vsatp written under its own name: an unimplemented MODE leaves MODE or all of it as it was.
pub(crate) fn vsatp(v: &Variant, old: u64, new: u64) -> u64 {
    use csr::vsatp::MODE;
    if v.vsatp_ignores {
        return vsatp_as_satp(v, old, new);
    }
    let mode = if has_mode(v.vsatp_levels, Stage::First, MODE.get(new)) { new } else { old };
    atp(v, MODE.set(new, MODE.get(mode)))
}

/// The fields of satp and vsatp that exist.
fn atp(v: &Variant, new: u64) -> u64 {
    use csr::satp::{ASID, MODE, PPN};
    new & (MODE.mask() | PPN.mask() | atp_ids(v.asid_len, ASID))
}

/// hgatp: an unimplemented MODE is ignored; the root table is 16 KiB, so the two low bits of PPN are zero.
pub(crate) fn hgatp(v: &Variant, old: u64, new: u64) -> u64 {
    use csr::hgatp::{MODE, PPN, VMID};
    let mode = if has_mode(v.hgatp_levels, Stage::Guest, MODE.get(new)) { new } else { old };
    mode & MODE.mask() | new & PPN.mask() & !3 | new & atp_ids(v.vmid_len, VMID)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn legalizing_twice_changes_nothing(old: u64, new: u64) {
            let v = Variant::default();
            let statuses: [fn(&Variant, u64, u64) -> u64; 4] = [
                |v, old, new| mstatus(v, 0, old, new),
                |v, old, new| mstatus(v, u64::MAX, old, new),
                |v, old, new| vsstatus(v, 0, old, new),
                |v, old, new| vsstatus(v, u64::MAX, old, new),
            ];
            let pure: [fn(&Variant, u64, u64) -> u64; 5] = [hstatus, satp, vsatp, hgatp, mseccfg_beside_pmp];
            for legalize in statuses.into_iter().chain(pure) {
                let old = legalize(&v, 0, old);
                let once = legalize(&v, old, new);
                prop_assert_eq!(legalize(&v, old, once), once);
            }
            prop_assert_eq!(medeleg(&v, medeleg(&v, new)), medeleg(&v, new));
            prop_assert_eq!(hedeleg(&v, hedeleg(&v, new)), hedeleg(&v, new));
        }
    }

    #[test]
    fn unimplemented_modes_of_the_three_translation_registers() {
        let v = Variant { satp_levels: 3, vsatp_levels: 3, hgatp_levels: 3, ..Variant::default() };
        let sv39 = 8 << 60 | 0x123;
        let sv48 = 9 << 60 | 0x456;
        assert_eq!(satp(&v, sv39, sv48), sv39, "satp: the whole write is ignored");
        assert_eq!(vsatp(&v, sv39, sv48), 8 << 60 | 0x456, "vsatp: only MODE is kept");
        assert_eq!(hgatp(&v, 8 << 60 | 0x120, sv48), 8 << 60 | 0x454, "hgatp: only MODE is kept");
    }

    #[test]
    fn hedeleg_never_delegates_what_concerns_the_host() {
        for code in [9, 10, 11, 16, 20, 21, 22, 23] {
            assert_eq!(hedeleg(&Variant::default(), u64::MAX) >> code & 1, 0, "bit {code}");
        }
    }
}
