//! Page tables of a random program: Sv39 for `satp` and `vsatp`, Sv39x4 for `hgatp`.
//!
//! Code is mapped to itself, for supervisor mode and once more for user mode; data pages are mapped to any
//! of each other with any permissions, and so are some superpages.

use isa::paging::{PAGE_SIZE, Pte};

use super::layout::{CODE, CODE_END, DATA, DATA_PAGES, FAR, HGATP_ROOT, SATP_ROOT, TABLES, USER, VSATP_ROOT};
use super::rng::Rng;

const GIGAPAGE: u64 = 1 << 30;
const MEGAPAGE: u64 = 1 << 21;
/// Where the table for [`FAR`] is, from the root.
const FAR_TABLE: u64 = 5 * PAGE_SIZE;
const PERMISSIONS: [u64; 6] =
    [Pte::V.mask(), Pte::R.mask(), Pte::W.mask(), Pte::X.mask(), Pte::A.mask(), Pte::D.mask()];

/// The tables, as the bytes from [`TABLES`] to [`DATA`].
pub(crate) fn build(rng: &mut Rng) -> Vec<u8> {
    let mut tables = Tables { bytes: vec![0; (DATA - TABLES) as usize], rng };
    tables.first_stage(SATP_ROOT);
    tables.first_stage(VSATP_ROOT);
    tables.guest_stage(HGATP_ROOT);
    tables.bytes
}

struct Tables<'a> {
    bytes: Vec<u8>,
    rng: &'a mut Rng,
}

impl Tables<'_> {
    /// Root, then two tables for supervisor mode, two for user mode and one for [`FAR`].
    fn first_stage(&mut self, root: u64) {
        for (index, table, user) in
            [(CODE / GIGAPAGE, root + PAGE_SIZE, 0), ((CODE + USER) / GIGAPAGE, root + 3 * PAGE_SIZE, 1)]
        {
            self.put(root, index, Pte::pointer(table));
            self.lower(table, Pte::U.of(user));
            self.put(table, FAR / MEGAPAGE, Pte::pointer(root + FAR_TABLE));
        }
        self.data(root + FAR_TABLE, 4);
        for index in [0, 1, 511] {
            let leaf = self.leaf(CODE, 1);
            self.put(root, index, leaf);
        }
    }

    /// Root of four pages, then two tables.
    fn guest_stage(&mut self, root: u64) {
        let table = root + 4 * PAGE_SIZE;
        self.put(root, CODE / GIGAPAGE, Pte::pointer(table));
        self.lower(table, Pte::U.mask());
        for page in (TABLES..DATA).step_by(PAGE_SIZE as usize) {
            let flags = PERMISSIONS.iter().sum::<u64>() | Pte::U.mask();
            self.put(table + PAGE_SIZE, page % MEGAPAGE / PAGE_SIZE, Pte::leaf(page, flags));
        }
        // The walk of the VS stage may fault here.
        let (page, mut leaf) = (VSATP_ROOT + FAR_TABLE, self.leaf(VSATP_ROOT + FAR_TABLE, 7));
        if self.rng.one_in(2) {
            leaf.0 &= !self.rng.pick(&[Pte::W.mask(), Pte::D.mask(), Pte::R.mask() | Pte::W.mask()]);
        }
        self.put(table + PAGE_SIZE, page % MEGAPAGE / PAGE_SIZE, leaf);
        for index in [0, 1, 3, 2047] {
            let leaf = self.leaf(CODE, 8);
            self.put(root, index, leaf);
        }
    }

    /// The table of level 1 at `table`, and the one of level 0 after it.
    fn lower(&mut self, table: u64, user: u64) {
        self.put(table, 0, Pte::pointer(table + PAGE_SIZE));
        for index in 1..4 {
            let leaf = self.leaf(CODE, 2);
            self.put(table, index, leaf);
        }
        let pages = |from: u64, to: u64| (from..to).step_by(PAGE_SIZE as usize);
        let executable = Pte::R.mask() | Pte::X.mask() | Pte::A.mask() | Pte::D.mask();
        for page in pages(CODE, CODE_END) {
            self.put(table + PAGE_SIZE, page % MEGAPAGE / PAGE_SIZE, Pte::leaf(page, executable | user));
        }
        self.data(table + PAGE_SIZE, if user == 0 { 4 } else { 8 });
    }

    /// The entries of a table of level 0 for the data pages, with U set `users` times in eight.
    fn data(&mut self, table: u64, users: u64) {
        for page in (DATA..DATA + DATA_PAGES * PAGE_SIZE).step_by(PAGE_SIZE as usize) {
            let to = DATA + self.rng.below(DATA_PAGES) * PAGE_SIZE;
            let leaf = self.leaf(to, users);
            self.put(table, page % MEGAPAGE / PAGE_SIZE, leaf);
        }
    }

    /// An entry that maps `pa` with permissions of which some are missing; U is set `users` times in eight.
    fn leaf(&mut self, pa: u64, users: u64) -> Pte {
        let mut bits = Pte::leaf(pa, 0).0;
        for permission in PERMISSIONS {
            bits = if self.rng.one_in(10) { bits & !permission } else { bits | permission };
        }
        // Write without read is reserved, and would hide what MXR is for.
        if bits & Pte::R.mask() == 0 && !self.rng.one_in(4) {
            bits &= !Pte::W.mask();
        }
        if self.rng.below(8) < users {
            bits |= Pte::U.mask();
        }
        bits |= self.rng.next() & self.rng.next() & self.rng.next() & (Pte::G.mask() | Pte::RSW.mask());
        match self.rng.below(32) {
            0 => bits |= 1 << (54 + self.rng.below(10)),
            1 => bits |= Pte::PBMT.of(self.rng.below(4)),
            // A range of 64 KiB has the page number's low four bits 1000.
            2 => bits = Pte::PPN.set(bits, (DATA / PAGE_SIZE) | 8) | Pte::N.mask(),
            3 => bits = Pte::PPN.set(bits, (pa / PAGE_SIZE) ^ 1),
            _ => {}
        }
        Pte(bits)
    }

    fn put(&mut self, table: u64, index: u64, pte: Pte) {
        let at = (table - TABLES + 8 * index) as usize;
        self.bytes[at..at + 8].copy_from_slice(&pte.0.to_le_bytes());
    }
}
