//! Page tables of a random program: Sv39 to Sv57 for `satp` and `vsatp`, Sv39x4 to Sv57x4 for `hgatp`.
//!
//! Code is mapped to itself, for supervisor mode and once more for user mode; data pages are mapped to any
//! of each other with any permissions, and so are some superpages. The root table of a larger scheme has
//! that of the next smaller one as its first entry.

use isa::paging::{PAGE_SIZE, Pte};

use super::layout::{
    CODE, CODE_END, DATA, DATA_PAGES, FAR, FAR_TABLE, HGATP, SATP, TABLES, USER, VSATP, first_root,
    guest_root,
};
use super::rng::Rng;

const GIGAPAGE: u64 = 1 << 30;
const MEGAPAGE: u64 = 1 << 21;
const PERMISSIONS: [u64; 6] =
    [Pte::V.mask(), Pte::R.mask(), Pte::W.mask(), Pte::X.mask(), Pte::A.mask(), Pte::D.mask()];

/// The page tables of a program.
pub(crate) struct Tables {
    /// The bytes from [`TABLES`] to [`DATA`], with the plain entry of each leaf.
    bytes: Vec<u8>,
    /// The entries that may be anything.
    pub leaves: Vec<Leaf>,
}

/// An entry that may be anything.
#[derive(Clone, Copy)]
pub(crate) struct Leaf {
    /// Where it lies.
    pub at: u64,
    /// The random entry.
    pub pte: Pte,
    /// How many times in eight U is set.
    users: u64,
    /// The address that it maps; for a data page, one of them is chosen.
    to: Option<u64>,
}

/// What the G stage may forbid to the walk of the VS stage.
const WALK: [u64; 3] = [Pte::W.mask(), Pte::D.mask(), Pte::R.mask() | Pte::W.mask()];

impl Leaf {
    /// Another random entry for the same place.
    pub(crate) fn again(&self, rng: &mut Rng) -> Pte {
        let pa = self.to.unwrap_or_else(|| DATA + rng.below(DATA_PAGES) * PAGE_SIZE);
        let mut bits = Pte::leaf(pa, 0).0;
        for permission in PERMISSIONS {
            bits = if rng.one_in(10) { bits & !permission } else { bits | permission };
        }
        // Write without read is reserved, and would hide what MXR is for.
        if bits & Pte::R.mask() == 0 && !rng.one_in(4) {
            bits &= !Pte::W.mask();
        }
        if rng.below(8) < self.users {
            bits |= Pte::U.mask();
        }
        bits |= rng.next() & rng.next() & rng.next() & (Pte::G.mask() | Pte::RSW.mask());
        // The walk of the VS stage must not find data in place of its table, and with it mappings to the code.
        let is_table = self.to == Some(VSATP + FAR_TABLE);
        match rng.below(32) {
            0 => bits |= 1 << (54 + rng.below(10)),
            1 => bits |= Pte::PBMT.of(rng.below(4)),
            2 | 3 if is_table => {}
            // A range of 64 KiB has the page number's low four bits 1000.
            2 => bits = Pte::PPN.set(bits, (DATA / PAGE_SIZE) | 8) | Pte::N.mask(),
            3 => bits = Pte::PPN.set(bits, (pa / PAGE_SIZE) ^ 1),
            _ => {}
        }
        if is_table && rng.one_in(2) {
            bits &= !rng.pick(&WALK);
        }
        Pte(bits)
    }
}

impl Tables {
    /// Random tables.
    pub(crate) fn new(rng: &mut Rng) -> Tables {
        let mut tables = Tables { bytes: vec![0; (DATA - TABLES) as usize], leaves: Vec::new() };
        tables.first_stage(SATP);
        tables.first_stage(VSATP);
        tables.guest_stage();
        for leaf in &mut tables.leaves {
            leaf.pte = leaf.again(rng);
        }
        tables
    }

    /// The bytes from [`TABLES`] to [`DATA`]; the leaves that `is_kept` does not name are plain.
    pub(crate) fn image(&self, is_kept: impl Fn(usize) -> bool) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        for (_, leaf) in self.leaves.iter().enumerate().filter(|(index, _)| is_kept(*index)) {
            put(&mut bytes, leaf.at, leaf.pte);
        }
        bytes
    }

    /// Root, then two tables for supervisor mode, two for user mode and one for [`FAR`]; the larger roots.
    fn first_stage(&mut self, root: u64) {
        for (index, table, user) in
            [(CODE / GIGAPAGE, root + PAGE_SIZE, 0), ((CODE + USER) / GIGAPAGE, root + 3 * PAGE_SIZE, 1)]
        {
            self.pointer(root, index, table);
            self.lower(table, 3, Pte::U.of(user));
            self.pointer(table, FAR / MEGAPAGE, root + FAR_TABLE);
        }
        self.data(root + FAR_TABLE, 4, 0);
        for index in [0, 1, 511] {
            self.leaf(root, index, Some(CODE), CODE, (1, 0));
        }
        for mode in [9, 10] {
            let larger = first_root(root, mode);
            self.pointer(larger, 0, first_root(root, mode - 1));
            for index in [1, 511] {
                self.leaf(larger, index, Some(0), 0, (1, 0));
            }
        }
    }

    /// Root of four pages, then two tables; the larger roots.
    fn guest_stage(&mut self) {
        let user = Pte::U.mask();
        let table = HGATP + 4 * PAGE_SIZE;
        self.pointer(HGATP, CODE / GIGAPAGE, table);
        self.lower(table, 4, user);
        for page in (TABLES..DATA).step_by(PAGE_SIZE as usize) {
            self.put(table + PAGE_SIZE, page % MEGAPAGE / PAGE_SIZE, plain(page, user));
        }
        let page = VSATP + FAR_TABLE;
        self.leaf(table + PAGE_SIZE, page % MEGAPAGE / PAGE_SIZE, Some(page), page, (7, user));
        for index in [0, 1, 3, 2047] {
            self.leaf(HGATP, index, Some(CODE), CODE, (8, user));
        }
        for mode in [9, 10] {
            let larger = guest_root(mode);
            self.pointer(larger, 0, guest_root(mode - 1));
            for index in [1, 2047] {
                self.leaf(larger, index, Some(0), 0, (8, user));
            }
        }
    }

    /// The table of level 1 at `table` with superpages up to `end`, and the one of level 0 after it.
    fn lower(&mut self, table: u64, end: u64, user: u64) {
        self.pointer(table, 0, table + PAGE_SIZE);
        for index in 1..end {
            self.leaf(table, index, Some(CODE), CODE, (2, user));
        }
        for page in (CODE..CODE_END).step_by(PAGE_SIZE as usize) {
            let executable = Pte(plain(page, user).0 & !Pte::W.mask());
            self.put(table + PAGE_SIZE, page % MEGAPAGE / PAGE_SIZE, executable);
        }
        self.data(table + PAGE_SIZE, if user == 0 { 4 } else { 8 }, user);
    }

    /// The entries of a table of level 0 for the data pages, with U set `users` times in eight.
    fn data(&mut self, table: u64, users: u64, user: u64) {
        for page in (DATA..DATA + DATA_PAGES * PAGE_SIZE).step_by(PAGE_SIZE as usize) {
            self.leaf(table, page % MEGAPAGE / PAGE_SIZE, None, page, (users, user));
        }
    }

    /// A leaf that maps `to` with U set `users` times in eight, and in its place plainly `pa` with `user`.
    fn leaf(&mut self, table: u64, index: u64, to: Option<u64>, pa: u64, (users, user): (u64, u64)) {
        self.put(table, index, plain(pa, user));
        self.leaves.push(Leaf { at: table + 8 * index, pte: Pte(0), users, to });
    }

    fn pointer(&mut self, table: u64, index: u64, to: u64) {
        self.put(table, index, Pte::pointer(to));
    }

    fn put(&mut self, table: u64, index: u64, pte: Pte) {
        put(&mut self.bytes, table + 8 * index, pte);
    }
}

/// An entry that permits everything to the mode that `user` says.
fn plain(pa: u64, user: u64) -> Pte {
    Pte::leaf(pa, PERMISSIONS.iter().sum::<u64>() | user)
}

fn put(bytes: &mut [u8], address: u64, pte: Pte) {
    let at = (address - TABLES) as usize;
    bytes[at..at + 8].copy_from_slice(&pte.0.to_le_bytes());
}
