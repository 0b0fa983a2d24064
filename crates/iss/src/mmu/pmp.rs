//! Physical memory protection. Privileged ISA, "Physical Memory Protection".

use isa::Privilege;
use isa::csr::mseccfg;

use super::Access;
use crate::csr::pmp::{LOCKED, R, W, X};
use crate::hart::Hart;
use crate::observe::AccessKind;

/// The permissions that an entry must give.
fn needed(access: &Access) -> u8 {
    match access.kind {
        AccessKind::Fetch => X,
        AccessKind::Load if access.hlvx => R | X,
        AccessKind::Load | AccessKind::Manage => R,
        AccessKind::Store => W,
        AccessKind::Amo => R | W,
    }
}

/// The permissions that an entry gives to M-mode or to the modes below.
fn given(cfg: u8, mml: bool, is_machine: bool) -> u8 {
    let rwx = cfg & (R | W | X);
    let is_locked = cfg & LOCKED != 0;
    match (mml, is_locked, rwx & (R | W) == W) {
        (false, false, _) if is_machine => R | W | X,
        (false, _, _) => rwx,
        // Shared data, and shared code.
        (true, false, true) if is_machine || rwx & X != 0 => R | W,
        (true, false, true) => R,
        (true, true, true) if is_machine && rwx & X != 0 => R | X,
        (true, true, true) => X,
        (true, true, false) if rwx == R | W | X => R,
        // M-mode's alone, and the lower modes' alone.
        (true, _, false) if is_locked == is_machine => rwx,
        (true, _, false) => 0,
    }
}

impl Hart {
    /// Whether physical memory protection allows `access` to all of `pa..pa + bytes`.
    #[inline]
    pub(crate) fn pmp_permits(&self, access: &Access, pa: u64, bytes: u64) -> bool {
        let is_machine = access.privilege == Privilege::M && !access.virt;
        let last = pa.saturating_add(bytes - 1);
        let c = &self.csr;
        let mml = mseccfg::MML.is_set(c.mseccfg);
        // The lowest-numbered entry that matches any byte decides, and must match all of them.
        for guard in &c.guards {
            if last < guard.first || pa > guard.last {
                continue;
            }
            let needed = needed(access);
            return guard.first <= pa
                && last <= guard.last
                && given(guard.cfg, mml, is_machine) & needed == needed;
        }
        if is_machine {
            let is_code = access.kind == AccessKind::Fetch;
            return !(mseccfg::MMWP.is_set(c.mseccfg) || mml && is_code);
        }
        self.variant.pmp_entries == 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variant::Variant;
    use isa::csr;

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

    /// The truth table of the manual: L, R, W and X, and what M-mode and the lower modes may do.
    #[test]
    fn permissions_under_mml() {
        let rows = [
            ("0000", "", ""),
            ("0001", "", "x"),
            ("0010", "rw", "r"),
            ("0011", "rw", "rw"),
            ("0100", "", "r"),
            ("0101", "", "rx"),
            ("0110", "", "rw"),
            ("0111", "", "rwx"),
            ("1000", "", ""),
            ("1001", "x", ""),
            ("1010", "x", "x"),
            ("1011", "rx", "x"),
            ("1100", "r", ""),
            ("1101", "rx", ""),
            ("1110", "rw", ""),
            ("1111", "r", "r"),
        ];
        let bits = |text: &str| {
            text.chars().fold(0, |bits, c| {
                bits | match c {
                    'r' => R,
                    'w' => W,
                    _ => X,
                }
            })
        };
        for (lrwx, machine, lower) in rows {
            let fields = [LOCKED, R, W, X].into_iter().zip(lrwx.chars());
            let cfg = fields.fold(0, |cfg, (field, c)| if c == '1' { cfg | field } else { cfg });
            assert_eq!(given(cfg, true, true), bits(machine), "{lrwx} in M-mode");
            assert_eq!(given(cfg, true, false), bits(lower), "{lrwx} below");
        }
    }

    #[test]
    fn without_a_match_mmwp_denies_machine_mode_and_mml_its_fetches() {
        let permits = |mseccfg: u64, kind| {
            let mut hart = Hart::new(0, Variant::default());
            hart.set_csr(csr::mseccfg::NUMBER, mseccfg).unwrap();
            let access = Access { kind, privilege: Privilege::M, virt: false, hlvx: false };
            hart.pmp_permits(&access, 0x8000_0000, 4)
        };
        let (mml, mmwp) = (csr::mseccfg::MML.mask(), csr::mseccfg::MMWP.mask());
        assert!(permits(0, AccessKind::Fetch) && permits(0, AccessKind::Load));
        assert!(!permits(mml, AccessKind::Fetch) && permits(mml, AccessKind::Load));
        assert!(!permits(mmwp, AccessKind::Fetch) && !permits(mmwp, AccessKind::Load));
    }

    #[test]
    fn a_grain_widens_what_entries_match() {
        let mut hart = Hart::new(0, Variant { pmp_grain: 10, ..Variant::default() });
        let loads = |hart: &Hart, pa| {
            let access = Access { kind: AccessKind::Load, privilege: Privilege::S, virt: false, hlvx: false };
            hart.pmp_permits(&access, pa, 8)
        };
        let page = 0x8000_0000 >> 2;
        hart.set_csr(csr::pmpaddr0::NUMBER, page + 0x7).unwrap();
        hart.set_csr(csr::pmpaddr0::NUMBER + 1, page + 0x7ff).unwrap();
        hart.set_csr(csr::pmpcfg0::NUMBER, 0x0900).unwrap();
        assert!(loads(&hart, 0x8000_0000) && loads(&hart, 0x8000_0ff8) && !loads(&hart, 0x8000_1000), "TOR");
        hart.set_csr(csr::pmpcfg0::NUMBER, 0x19).unwrap();
        assert!(
            loads(&hart, 0x8000_0000) && loads(&hart, 0x8000_0ff8) && !loads(&hart, 0x8000_1000),
            "NAPOT"
        );
    }
}
