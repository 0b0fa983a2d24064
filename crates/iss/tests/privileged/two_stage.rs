//! Two-stage address translation: what is permitted, and what a fault reports.
//!
//! Privileged ISA, "Two-Stage Address Translation", "Guest-Page Faults", "Svade", "Svadu", "Svpbmt" and
//! "Svnapot".

use isa::csr;
use isa::ext::Ext;
use isa::paging::Pte;
use iss::Variant;

use crate::guest::{A, By, D, Entry, Guest, Outcome, R, U, W, X, check, expected};

const LOADS: &[By] = &[By::Hlv, By::Load, By::Lr];
const STORES: &[By] = &[By::Hsv, By::Sc, By::Amo];
const READS: &[By] = &[By::Hlv, By::Hlvx, By::Load, By::Lr, By::Fetch];
const NOT_FETCH: &[By] = &[By::Hlv, By::Hlvx, By::Hsv, By::Load, By::Lr, By::Sc, By::Amo];

const MXR: u64 = 1 << 19;
const SUM: u64 = 1 << 18;
const SSTATUS: u16 = csr::sstatus::NUMBER;
const VSSTATUS: u16 = csr::vsstatus::NUMBER;

#[test]
fn both_stages_must_permit() {
    use Entry::{G, Vs};
    use Outcome::{Done, Guest, Page};
    let x_or_w = R | W | X;
    check(
        Variant::default(),
        &[
            ("everything", &[], &[], &By::ALL, Done),
            ("VS leaf invalid", &[(Vs, 1, 0)], &[], &By::ALL, Page),
            ("G leaf invalid", &[(G, 1, 0)], &[], &By::ALL, Guest),
            ("VS leaf without W", &[(Vs, W, 0)], &[], STORES, Page),
            ("G leaf without W", &[(G, W, 0)], &[], STORES, Guest),
            ("VS leaf without X", &[(Vs, X, 0)], &[], &[By::Fetch, By::Hlvx], Page),
            ("G leaf without X", &[(G, X, 0)], &[], &[By::Fetch, By::Hlvx], Guest),
            ("both only X", &[(Vs, x_or_w, X), (G, x_or_w, X)], &[], &[By::Fetch, By::Hlvx], Done),
            ("VS leaf of the user", &[(Vs, 0, U)], &[], &By::ALL, Page),
            ("G leaf of no user", &[(G, U, 0)], &[], &By::ALL, Guest),
            ("G bit in the G stage", &[(G, 0, 1 << 5)], &[], &By::ALL, Done),
            ("both forbid", &[(Vs, W, 0), (G, W, 0)], &[], STORES, Page),
        ],
    );
}

#[test]
fn sum_is_the_guests_and_mxr_of_the_host_holds_in_both_stages() {
    use Entry::{G, GOfTable, Vs};
    use Outcome::{Done, Guest, GuestRead, Page};
    let all = R | W | X;
    check(
        Variant::default(),
        &[
            ("vsstatus.SUM", &[(Vs, 0, U)], &[(VSSTATUS, SUM)], NOT_FETCH, Done),
            ("vsstatus.SUM and a fetch", &[(Vs, 0, U)], &[(VSSTATUS, SUM)], &[By::Fetch], Page),
            ("sstatus.SUM", &[(Vs, 0, U)], &[(SSTATUS, SUM)], NOT_FETCH, Page),
            ("VS leaf only X", &[(Vs, all, X)], &[], LOADS, Page),
            ("VS leaf only X, vsstatus.MXR", &[(Vs, all, X)], &[(VSSTATUS, MXR)], LOADS, Done),
            ("VS leaf only X, sstatus.MXR", &[(Vs, all, X)], &[(SSTATUS, MXR)], LOADS, Done),
            ("G leaf only X", &[(G, all, X)], &[], LOADS, Guest),
            ("G leaf only X, vsstatus.MXR", &[(G, all, X)], &[(VSSTATUS, MXR)], LOADS, Guest),
            ("G leaf only X, sstatus.MXR", &[(G, all, X)], &[(SSTATUS, MXR)], LOADS, Done),
            ("table only X, sstatus.MXR", &[(GOfTable, all, X)], &[(SSTATUS, MXR)], &By::ALL, GuestRead),
        ],
    );
}

#[test]
fn an_implicit_access_faults_as_the_explicit_one_would() {
    use Entry::{GOfTable, Vs};
    use Outcome::{AccessFault, GuestRead, GuestWrite, Page};
    let henvcfg_adue = &[
        (csr::menvcfg::NUMBER, csr::menvcfg::ADUE.mask()),
        (csr::henvcfg::NUMBER, csr::henvcfg::ADUE.mask()),
    ];
    let ppn = Pte::PPN.mask();
    check(
        Variant::default(),
        &[
            ("table not mapped", &[(GOfTable, 1, 0)], &[], &By::ALL, GuestRead),
            ("table of no user", &[(GOfTable, U, 0)], &[], &By::ALL, GuestRead),
            ("table never accessed", &[(GOfTable, A, 0)], &[], &By::ALL, GuestRead),
            ("A of a read-only table", &[(Vs, A, 0), (GOfTable, W, 0)], henvcfg_adue, &By::ALL, GuestWrite),
            ("D of a read-only table", &[(Vs, D, 0), (GOfTable, W, 0)], henvcfg_adue, STORES, GuestWrite),
            ("table in no memory", &[(GOfTable, ppn, 0)], &[], &By::ALL, AccessFault),
            ("data in no memory", &[(Entry::G, ppn, 0)], &[], &By::ALL, AccessFault),
            ("pointer with A", &[(Entry::Pointer, 0, A)], &[], &By::ALL, Page),
        ],
    );
}

#[test]
fn a_and_d_bits_trap_unless_the_hart_sets_them() {
    use Entry::{G, Vs};
    use Outcome::{Done, Guest, Page};
    let m_adue = (csr::menvcfg::NUMBER, csr::menvcfg::ADUE.mask());
    let h_adue = (csr::henvcfg::NUMBER, csr::henvcfg::ADUE.mask());
    check(
        Variant::default(),
        &[
            ("VS leaf without A", &[(Vs, A, 0)], &[], &By::ALL, Page),
            ("VS leaf without D", &[(Vs, D, 0)], &[], STORES, Page),
            ("VS leaf without D, read", &[(Vs, D, 0)], &[], READS, Done),
            ("VS leaf without A, menvcfg alone", &[(Vs, A, 0)], &[m_adue], &By::ALL, Page),
            ("VS leaf without A, henvcfg alone", &[(Vs, A, 0)], &[h_adue], &By::ALL, Page),
            ("VS leaf without A, both", &[(Vs, A | D, 0)], &[m_adue, h_adue], &By::ALL, Done),
            ("G leaf without A", &[(G, A, 0)], &[], &By::ALL, Guest),
            ("G leaf without D", &[(G, D, 0)], &[], STORES, Guest),
            ("G leaf without A and D, menvcfg", &[(G, A | D, 0)], &[m_adue], &By::ALL, Done),
        ],
    );
    check(
        Variant::default().without(Ext::Svadu),
        &[("without Svadu", &[(Vs, A, 0)], &[m_adue, h_adue], &By::ALL, Page)],
    );
}

#[test]
fn the_hart_sets_no_more_a_and_d_bits_than_the_access_needs() {
    for by in By::ALL {
        let mut guest = Guest::new(Variant::default());
        guest.m.set(csr::menvcfg::NUMBER, csr::menvcfg::ADUE.mask());
        guest.m.set(csr::henvcfg::NUMBER, csr::henvcfg::ADUE.mask());
        let entries = [Entry::Vs, Entry::G, Entry::GOfTable];
        for entry in entries {
            guest.set_pte(entry, guest.pte(entry) & !(A | D));
        }
        assert_eq!(guest.access(by), Ok(()), "{by:?}");
        let set = entries.map(|entry| guest.pte(entry) & (A | D));
        let own = if by.writes() { A | D } else { A };
        // The entry of the VS stage is written, so its page is dirty.
        assert_eq!(set, [own, own, A | D], "{by:?}");
    }
}

#[test]
fn encodings_that_an_extension_gives_a_meaning_are_reserved_without_it() {
    use Entry::{G, Vs};
    use Outcome::{Done, Guest, Page};
    let m_pbmte = (csr::menvcfg::NUMBER, csr::menvcfg::PBMTE.mask());
    let h_pbmte = (csr::henvcfg::NUMBER, csr::henvcfg::PBMTE.mask());
    let (io, n) = (Pte::PBMT.of(2), Pte::N.mask());
    let napot = 8 << 10;
    check(
        Variant::default(),
        &[
            ("VS leaf with PBMT", &[(Vs, 0, io)], &[], &By::ALL, Page),
            ("VS leaf with PBMT, menvcfg alone", &[(Vs, 0, io)], &[m_pbmte], &By::ALL, Page),
            ("VS leaf with PBMT, both", &[(Vs, 0, io)], &[m_pbmte, h_pbmte], &By::ALL, Done),
            ("VS leaf with PBMT 3", &[(Vs, 0, Pte::PBMT.of(3))], &[m_pbmte, h_pbmte], &By::ALL, Page),
            ("G leaf with PBMT", &[(G, 0, io)], &[], &By::ALL, Guest),
            ("G leaf with PBMT, menvcfg", &[(G, 0, io)], &[m_pbmte], &By::ALL, Done),
            ("VS leaf with a reserved bit", &[(Vs, 0, 1 << 54)], &[], &By::ALL, Page),
            ("G leaf with a reserved bit", &[(G, 0, 1 << 60)], &[], &By::ALL, Guest),
            ("VS leaf with a reserved NAPOT size", &[(Vs, 0, n)], &[], &By::ALL, Page),
            ("G leaf with a reserved NAPOT size", &[(G, 0, n)], &[], &By::ALL, Guest),
            // The guest's page is the first of its range, and so are the data.
            ("G leaf in a NAPOT range", &[(G, 0, n | napot)], &[], &By::ALL, Done),
        ],
    );
    check(
        Variant::default().without(Ext::Svnapot),
        &[("G leaf in a NAPOT range, without Svnapot", &[(G, 0, n | napot)], &[], &By::ALL, Guest)],
    );
}

/// A translation that has been remembered for a load does not let a store skip the D bits.
#[test]
fn a_store_after_a_load_still_finds_the_page_clean() {
    for (entry, outcome) in [(Entry::Vs, Outcome::Page), (Entry::G, Outcome::Guest)] {
        for by in STORES {
            let mut guest = Guest::new(Variant::default());
            guest.set_pte(entry, guest.pte(entry) & !D);
            assert_eq!(guest.access(By::Hlv), Ok(()));
            assert_eq!(guest.access(*by), expected(*by, outcome), "{entry:?}, {by:?}");
            guest.m.set(csr::menvcfg::NUMBER, csr::menvcfg::ADUE.mask());
            guest.m.set(csr::henvcfg::NUMBER, csr::henvcfg::ADUE.mask());
            assert_eq!(guest.access(*by), Ok(()), "{entry:?}, {by:?}");
            assert_eq!(guest.pte(entry) & D, D, "{entry:?}, {by:?}");
        }
    }
}

#[test]
fn a_user_access_needs_a_page_of_the_user() {
    for (set, outcome) in [(0, Outcome::Page), (U, Outcome::Done)] {
        for by in [By::Hlv, By::Hlvx, By::Hsv] {
            let mut guest = Guest::new(Variant::default());
            guest.m.set(csr::hstatus::NUMBER, 0);
            guest.set_pte(Entry::Vs, guest.pte(Entry::Vs) | set);
            assert_eq!(guest.access(by), expected(by, outcome), "{by:?} with SPVP=0");
        }
    }
}

/// Permissions are those of the moment, also for translations that have been remembered before.
#[test]
fn changes_of_sum_mxr_and_spvp_need_no_fence() {
    const HSTATUS: u16 = csr::hstatus::NUMBER;
    let spvp = csr::hstatus::SPVP.mask();
    let mut guest = Guest::new(Variant::default());
    // A page of the guest's user that can only be executed.
    guest.set_pte(Entry::Vs, guest.pte(Entry::Vs) & !(R | W) | U);
    for (number, value, outcome) in [
        (VSSTATUS, SUM | MXR, Outcome::Done),
        (VSSTATUS, SUM, Outcome::Page),
        (VSSTATUS, MXR, Outcome::Page),
        (HSTATUS, 0, Outcome::Done),
        (VSSTATUS, 0, Outcome::Page),
        (SSTATUS, MXR, Outcome::Done),
        (HSTATUS, spvp, Outcome::Page),
        (VSSTATUS, SUM, Outcome::Done),
    ] {
        guest.m.set(number, value);
        assert_eq!(guest.access(By::Hlv), expected(By::Hlv, outcome), "{number:#x} {value:#x}");
    }
}
