//! Physical memory protection. Privileged ISA, "Physical Memory Protection".

use isa::Privilege;

use super::Access;
use crate::hart::Hart;
use crate::observe::AccessKind;

const R: u8 = 1;
const W: u8 = 2;
const X: u8 = 4;
const LOCKED: u8 = 0x80;

/// The addresses that entry `i` matches, as `first..=last`; `None` when it is off or matches nothing.
fn range(pmpcfg: &[u8], pmpaddr: &[u64], i: usize) -> Option<(u64, u64)> {
    let address = *pmpaddr.get(i)?;
    match pmpcfg.get(i)? >> 3 & 3 {
        0 => None,
        1 => {
            let base = if i == 0 { 0 } else { *pmpaddr.get(i - 1)? };
            (base < address).then(|| (base << 2, (address << 2) - 1))
        }
        2 => Some((address << 2, (address << 2) + 3)),
        _ => {
            let size_mask = address ^ address.wrapping_add(1);
            Some(((address & !size_mask) << 2, (address | size_mask) << 2 | 3))
        }
    }
}

/// The permissions that an entry must give.
fn needed(access: &Access) -> u8 {
    match access.kind {
        AccessKind::Fetch => X,
        AccessKind::Load if access.hlvx => R | X,
        AccessKind::Load => R,
        AccessKind::Store => W,
        AccessKind::Amo => R | W,
    }
}

impl Hart {
    /// Whether physical memory protection allows `access` to all of `pa..pa + bytes`.
    #[inline]
    pub(super) fn pmp_permits(&self, access: &Access, pa: u64, bytes: u64) -> bool {
        let is_machine = access.privilege == Privilege::M && !access.virt;
        let last = pa.saturating_add(bytes - 1);
        let c = &self.csr;
        // The lowest-numbered entry that matches any byte decides, and must match all of them.
        for i in 0..c.pmp_used {
            let Some((from, to)) = range(&c.pmpcfg, &c.pmpaddr, i) else { continue };
            if last < from || pa > to {
                continue;
            }
            let cfg = c.pmpcfg[i];
            let needed = needed(access);
            let unrestricted = is_machine && cfg & LOCKED == 0;
            return from <= pa && last <= to && (unrestricted || cfg & needed == needed);
        }
        is_machine || self.variant().pmp_entries == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use isa::csr;

    use crate::variant::Variant;

    fn check(cfg: &[u8], addr: &[u64], access: (AccessKind, Privilege), pa: u64, bytes: u64) -> bool {
        let mut hart = Hart::new(0, Variant::default());
        for (i, address) in addr.iter().enumerate() {
            hart.set_csr(csr::pmpaddr0::NUMBER + i as u16, *address).unwrap();
        }
        let packed = cfg.iter().rev().fold(0, |packed, cfg| packed << 8 | u64::from(*cfg));
        hart.set_csr(csr::pmpcfg0::NUMBER, packed).unwrap();
        let (kind, privilege) = access;
        hart.pmp_permits(&Access { kind, privilege, virt: false, hlvx: false }, pa, bytes)
    }

    const LOAD_S: (AccessKind, Privilege) = (AccessKind::Load, Privilege::S);
    const LOAD_M: (AccessKind, Privilege) = (AccessKind::Load, Privilege::M);

    #[test]
    fn without_a_match_only_machine_mode_passes() {
        assert!(check(&[], &[], LOAD_M, 0x8000_0000, 8));
        assert!(!check(&[], &[], LOAD_S, 0x8000_0000, 8));
    }

    #[test]
    fn napot_of_all_ones_covers_everything() {
        let all = (1 << 54) - 1;
        assert!(check(&[0x1f], &[all], LOAD_S, 0, 8));
        assert!(check(&[0x1f], &[all], LOAD_S, (1 << 56) - 8, 8));
    }

    #[test]
    fn the_lowest_entry_must_match_all_bytes() {
        let (cfg, addr) = ([0x11, 0x1f], [0x2000_0000, (1 << 54) - 1]);
        assert!(check(&cfg, &addr, LOAD_S, 0x8000_0000, 4));
        assert!(!check(&cfg, &addr, LOAD_S, 0x8000_0000, 8), "half of it lies outside the NA4 entry");
        assert!(!check(&cfg, &addr, LOAD_M, 0x8000_0000, 8), "in M-mode too");
    }

    #[test]
    fn a_locked_entry_binds_machine_mode() {
        assert!(check(&[0x08], &[0x2000_0400], LOAD_M, 0x8000_0000, 8));
        assert!(!check(&[0x88], &[0x2000_0400], LOAD_M, 0x8000_0000, 8));
    }

    #[test]
    fn top_of_range_starts_at_the_previous_address() {
        let (cfg, addr) = ([0, 0x09], [0x2000_0000, 0x2000_0400]);
        assert!(!check(&cfg, &addr, LOAD_S, 0x7fff_fff8, 8));
        assert!(check(&cfg, &addr, LOAD_S, 0x8000_0000, 8));
        assert!(check(&cfg, &addr, LOAD_S, 0x8000_0ff8, 8));
        assert!(!check(&cfg, &addr, LOAD_S, 0x8000_1000, 8));
    }
}
