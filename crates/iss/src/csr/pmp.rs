//! What sticks of a write to the registers of physical memory protection, and what of it is seen.
//!
//! Privileged ISA, "Physical Memory Protection CSRs" and "Machine Security Configuration (mseccfg) Register".

use isa::csr::mseccfg::{MML, MMWP, RLB};
use isa::csr::pmpaddr0;
use isa::ext::Ext;

use crate::variant::Variant;

/// The fields of an entry's configuration byte.
pub(crate) const R: u8 = 1;
pub(crate) const W: u8 = 2;
pub(crate) const X: u8 = 4;
pub(crate) const LOCKED: u8 = 0x80;
const A: u8 = 0x18;
const NA4: u8 = 2;

/// How an entry matches addresses: 0 is off, then TOR, NA4 and NAPOT.
pub(crate) const fn matching(cfg: u8) -> u8 {
    (cfg & A) >> 3
}

/// One byte of pmpcfg. A locked entry stays, as does one that would newly become executable by M-mode under
/// MML, unless RLB is set. Reserved permissions and a mode finer than the grain leave the old ones.
pub(crate) fn pmpcfg(v: &Variant, mseccfg: u64, old: u8, new: u8) -> u8 {
    let bypass = RLB.is_set(mseccfg);
    let mml = MML.is_set(mseccfg);
    if old & LOCKED != 0 && !bypass {
        return old;
    }
    let mut new = new & (R | W | X | A | LOCKED);
    if !mml && new & (R | W) == W {
        new = new & !(R | W | X) | old & (R | W | X);
    }
    if v.pmp_grain > 0 && matching(new) == NA4 {
        new = new & !A | old & A;
    }
    if mml && !bypass && is_locked_code(new) { old } else { new }
}

/// Whether an entry lets M-mode execute under MML: it is M-mode's alone, or shared and locked.
fn is_locked_code(cfg: u8) -> bool {
    let rwx = cfg & (R | W | X);
    let is_shared_data = rwx == R | W | X;
    cfg & LOCKED != 0 && !is_shared_data && (rwx & X != 0 || rwx & (R | W) == W)
}

/// Whether address register `i` is locked: by its own entry, or as the base of a locked TOR entry after it.
pub(crate) fn pmpaddr_is_locked(pmpcfg: &[u8], mseccfg: u64, i: usize) -> bool {
    let locked = |cfg: u8| cfg & LOCKED != 0;
    let is_tor = |cfg: u8| matching(cfg) == 1;
    let own = pmpcfg.get(i).is_some_and(|cfg| locked(*cfg));
    let next = pmpcfg.get(i + 1).is_some_and(|cfg| locked(*cfg) && is_tor(*cfg));
    !RLB.is_set(mseccfg) && (own || next)
}

/// An address register as it is read, and as it matches: its bits below the grain are ones in NAPOT entries
/// and zeros in others, whatever they hold.
pub(crate) fn pmpaddr(v: &Variant, cfg: u8, held: u64) -> u64 {
    let grain = (1u64 << v.pmp_grain) - 1;
    let address = if matching(cfg) >= NA4 { held | grain >> 1 } else { held & !grain };
    address & pmpaddr0::ADDRESS.mask()
}

/// The addresses that an entry matches, and its configuration.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Guard {
    pub(crate) first: u64,
    pub(crate) last: u64,
    pub(crate) cfg: u8,
}

/// What the entries match, the lowest-numbered first, without those that are off or match nothing.
pub(crate) fn guards(v: &Variant, pmpcfg: &[u8], pmpaddr: &[u64]) -> Vec<Guard> {
    let guard = |i| range(v, pmpcfg, pmpaddr, i).map(|(first, last)| Guard { first, last, cfg: pmpcfg[i] });
    (0..pmpcfg.len()).filter_map(guard).collect()
}

/// The addresses that entry `i` matches, as `first..=last`; `None` when it is off or matches nothing.
fn range(v: &Variant, pmpcfg: &[u8], held: &[u64], i: usize) -> Option<(u64, u64)> {
    let cfg = *pmpcfg.get(i)?;
    let mode = matching(cfg);
    if mode == 0 {
        return None;
    }
    let address = pmpaddr(v, cfg, *held.get(i)?);
    match mode {
        1 => {
            // The entry before is the base as this one sees it, whatever its own mode.
            let base = if i == 0 { 0 } else { pmpaddr(v, cfg, *held.get(i - 1)?) };
            (base < address).then(|| (base << 2, (address << 2) - 1))
        }
        2 => Some((address << 2, (address << 2) + 3)),
        _ => {
            let size_mask = address ^ address.wrapping_add(1);
            Some(((address & !size_mask) << 2, (address | size_mask) << 2 | 3))
        }
    }
}

/// The fields of mseccfg that are about PMP: MML and MMWP once set stay; RLB once clear stays while an entry is locked.
pub(crate) fn mseccfg(v: &Variant, pmpcfg: &[u8], old: u64, new: u64) -> u64 {
    if !v.has(Ext::Smepmp) {
        return 0;
    }
    let is_locked = pmpcfg.iter().any(|cfg| cfg & LOCKED != 0);
    let may_bypass = v.pmp_bypass && (RLB.is_set(old) || !is_locked);
    let bypass = if may_bypass { new & RLB.mask() } else { 0 };
    (old | new) & (MML.mask() | MMWP.mask()) | bypass
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cfg(old: u8, new: u8) -> u8 {
        pmpcfg(&Variant::default(), 0, old, new)
    }

    #[test]
    fn a_locked_entry_keeps_its_configuration() {
        assert_eq!(cfg(0x80 | 0x1f, 0), 0x80 | 0x1f);
        assert_eq!(pmpcfg(&Variant::default(), RLB.mask(), 0x80 | 0x1f, 0), 0);
    }

    #[test]
    fn write_without_read_is_reserved_until_mml() {
        assert_eq!(cfg(0x07, 0x02), 0x07);
        assert_eq!(pmpcfg(&Variant::default(), MML.mask(), 0x07, 0x02), 0x02);
    }

    /// Of the sixteen combinations of L, R, W and X, four are code of M-mode.
    #[test]
    fn under_mml_no_code_of_machine_mode_is_added() {
        for lrwx in 0..16u8 {
            let (locked, rwx) =
                (if lrwx & 8 == 0 { 0 } else { LOCKED }, [0, X, W, W | X, R, R | X, R | W, R | W | X]);
            let new = locked | rwx[usize::from(lrwx & 7)] | 0x18;
            let refused = [0b1001, 0b1010, 0b1011, 0b1101].contains(&lrwx);
            let held = if refused { 0x18 } else { new };
            assert_eq!(pmpcfg(&Variant::default(), MML.mask(), 0x18, new), held, "{lrwx:04b}");
            assert_eq!(
                pmpcfg(&Variant::default(), MML.mask() | RLB.mask(), 0x18, new),
                new,
                "{lrwx:04b} with RLB"
            );
        }
    }

    #[test]
    fn a_grain_hides_low_bits_and_forgets_none() {
        let v = Variant { pmp_grain: 3, ..Variant::default() };
        assert_eq!(pmpaddr(&v, 0x00, 0xff0), 0xff0);
        assert_eq!(pmpaddr(&v, 0x08, 0xfff), 0xff8, "TOR");
        assert_eq!(pmpaddr(&v, 0x18, 0xff0), 0xff3, "NAPOT");
        assert_eq!(pmpaddr(&v, 0x18, 0xff4), 0xff7, "NAPOT, twice the grain");
        assert_eq!(pmpcfg(&v, 0, 0x18, 0x11), 0x19, "NA4 is not to be had");
    }
}
