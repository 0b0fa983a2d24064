//! A guest page for tests of both stages, and changes of its entries while the program runs.

use isa::csr;
use isa::field::Field;
use isa::paging::{Pte, SV39, SV39X4, Scheme};
use isa::reg::ZERO;

use crate::Program;
use crate::program::{SPARE, Table, flags};

/// The guest virtual address of the page.
pub(super) const VA: u64 = SPARE + 0x5000;
/// Its guest physical address, whose digits differ from those of `VA`.
pub(super) const GPA: u64 = SPARE + 0x0123_7000;

/// Flags that allow everything: of supervisor pages, and of user pages and all G-stage pages.
pub(super) const S_ALL: u64 = flags("rwxad");
pub(super) const U_ALL: u64 = flags("rwxuad");

/// Both stages, and in them a page at [`VA`] and [`GPA`].
#[derive(Clone, Copy)]
pub(super) struct Guest {
    pub(super) vs: Table,
    pub(super) g: Table,
    /// The physical address of the page.
    pub(super) page: u64,
    /// Where the leaf entries are.
    pub(super) vs_pte: u64,
    pub(super) g_pte: u64,
}

impl Guest {
    /// Turns on Sv39 and Sv39x4, with the page mapped by leaves that have these flags.
    pub(super) fn new(p: &mut Program, vs_flags: u64, g_flags: u64) -> Guest {
        Guest::with_schemes(p, &SV39, &SV39X4, vs_flags, g_flags)
    }

    /// As [`Guest::new`], with other schemes.
    pub(super) fn with_schemes(
        p: &mut Program,
        vs: &'static Scheme,
        g: &'static Scheme,
        vs_flags: u64,
        g_flags: u64,
    ) -> Guest {
        let (vs, g, page) = (p.vs_stage(vs), p.g_stage(g), p.page());
        let vs_pte = p.map(vs, VA, GPA, vs_flags);
        let g_pte = p.map(g, GPA, page, g_flags);
        Guest { vs, g, page, vs_pte, g_pte }
    }

    /// Gives the VS-stage leaf other flags, and fences. For M-mode.
    pub(super) fn set_vs(&self, p: &mut Program, flags: u64) {
        p.store(self.vs_pte, Pte::leaf(GPA, flags).0);
        p.hfence_vvma(ZERO, ZERO);
    }

    /// Gives the G-stage leaf other flags, and fences. For M-mode.
    pub(super) fn set_g(&self, p: &mut Program, flags: u64) {
        p.store(self.g_pte, Pte::leaf(self.page, flags).0);
        p.hfence_gvma(ZERO, ZERO);
    }
}

/// The guest physical addresses of VS-stage tables of levels 1 and 0 that lie where only a G-stage page
/// of 4 KiB each says.
pub(super) const TABLES: [u64; 2] = [SPARE + 0x0250_a000, SPARE + 0x0250_c000];

/// A [`Guest`] whose tables for [`VA`], of levels 1 and 0, lie at [`TABLES`].
#[derive(Clone, Copy)]
pub(super) struct FarTables {
    pub(super) guest: Guest,
    /// The physical addresses of the entries for [`VA`] of levels 1 and 0.
    pub(super) entries: [u64; 2],
    /// Where the G-stage leaves are that map the two tables.
    pub(super) g_ptes: [u64; 2],
    /// The physical addresses of the two tables.
    pub(super) tables: [u64; 2],
}

impl FarTables {
    /// Sv39 and Sv39x4, and a page that may be used in every way, with `vs_flags` in its VS-stage leaf.
    pub(super) fn new(p: &mut Program, vs_flags: u64) -> FarTables {
        let (vs, g, page) = (p.vs_stage(&SV39), p.g_stage(&SV39X4), p.page());
        let g_pte = p.map(g, GPA, page, U_ALL);
        let tables = [p.page(), p.page()];
        let g_ptes = [0, 1].map(|i| p.map(g, TABLES[i], tables[i], U_ALL));
        p.put_pte(vs, VA, 2, Pte::pointer(TABLES[0]));
        let entries = [tables[0] + SV39.index(VA, 1) * 8, tables[1] + SV39.index(VA, 0) * 8];
        p.put(entries[0], Pte::pointer(TABLES[1]).0);
        p.put(entries[1], Pte::leaf(GPA, vs_flags).0);
        FarTables { guest: Guest { vs, g, page, vs_pte: entries[1], g_pte }, entries, g_ptes, tables }
    }

    /// The guest physical addresses of the entries for [`VA`] of levels 1 and 0.
    pub(super) fn entry_gpas() -> [u64; 2] {
        [TABLES[0] + SV39.index(VA, 1) * 8, TABLES[1] + SV39.index(VA, 0) * 8]
    }

    /// Gives the G-stage leaf of table `i` other flags, and fences. For M-mode.
    pub(super) fn set_table(&self, p: &mut Program, i: usize, flags: u64) {
        p.store(self.g_ptes[i], Pte::leaf(self.tables[i], flags).0);
        p.hfence_gvma(ZERO, ZERO);
    }
}

/// Sets or clears MXR or SUM of sstatus and of vsstatus. For M-mode.
pub(super) fn set_status(p: &mut Program, status: u16, field: Field, on: bool) {
    if on {
        p.set_csr(status, field.mask());
    } else {
        p.clear_csr(status, field.mask());
    }
}

/// Says in hstatus whether HLV and HSV act as VS- or as VU-mode.
pub(super) fn set_spvp(p: &mut Program, supervisor: bool) {
    set_status(p, csr::hstatus::NUMBER, csr::hstatus::SPVP, supervisor);
}
