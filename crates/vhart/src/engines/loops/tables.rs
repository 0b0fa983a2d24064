//! The page tables: Sv39 for `satp` and `vsatp`, Sv39x4 for `hgatp`.

use isa::paging::{PAGE_SIZE, Pte};

use super::layout::{
    CODE, DATA, DATA_PAGES, END, GUEST_LEAVES, HGATP, RECORDS, SATP, TABLES, TWINS, VSATP, WINDOW_TABLES,
    WINDOW_TWINS,
};
use crate::lockstep::random::Rng;

const ALL: u64 = Pte::R.mask() | Pte::W.mask() | Pte::X.mask() | Pte::A.mask() | Pte::D.mask();

/// The bytes from [`TABLES`] to [`RECORDS`].
pub(super) fn tables(rng: &mut Rng) -> Vec<u8> {
    let mut tables = Tables(vec![0; (RECORDS - TABLES) as usize]);
    tables.first_stage(SATP, rng);
    tables.first_stage(VSATP, rng);
    tables.put(HGATP, 2, Pte::pointer(HGATP + 4 * PAGE_SIZE));
    tables.put(HGATP + 4 * PAGE_SIZE, 0, Pte::pointer(GUEST_LEAVES));
    tables.identity(GUEST_LEAVES, Pte::U.mask());
    tables.0
}

/// A random entry for page `index` of a window, mostly of the mode that `user` says.
pub(super) fn leaf(rng: &mut Rng, index: u64, user: bool) -> Pte {
    let data = index < WINDOW_TWINS;
    let pa = match data {
        true => DATA + rng.below(DATA_PAGES) * PAGE_SIZE,
        false => TWINS + rng.below(2) * PAGE_SIZE,
    };
    let mut flags = if data { ALL & !Pte::X.mask() } else { ALL };
    for flag in [Pte::R, Pte::W, Pte::X, Pte::A, Pte::D] {
        if rng.one_in(12) {
            flags &= !flag.mask();
        }
    }
    if flags & Pte::R.mask() == 0 {
        flags &= !Pte::W.mask();
    }
    let other = rng.one_in(12);
    Pte(Pte::leaf(pa, flags | Pte::U.of((user != other).into())).0 & !u64::from(rng.one_in(16)))
}

struct Tables(Vec<u8>);

impl Tables {
    fn first_stage(&mut self, root: u64, rng: &mut Rng) {
        for (user, index) in [(0, 2), (1, 3)] {
            let [middle, leaves] = [1 + user, 3 + user].map(|page| root + page * PAGE_SIZE);
            let window = root + WINDOW_TABLES[user as usize];
            self.put(root, index, Pte::pointer(middle));
            for (index, table) in [(0, leaves), (1, leaves), (2, window)] {
                self.put(middle, index, Pte::pointer(table));
            }
            self.put(middle, 3, Pte::leaf(CODE, ALL | Pte::U.of(user)));
            self.identity(leaves, Pte::U.of(user));
            for index in (0..DATA_PAGES).chain([WINDOW_TWINS, WINDOW_TWINS + 1]) {
                self.put(window, index, leaf(rng, index, user != 0));
            }
        }
    }

    /// Maps the program to itself.
    fn identity(&mut self, table: u64, flags: u64) {
        for page in (CODE..END).step_by(PAGE_SIZE as usize) {
            self.put(table, (page - CODE) / PAGE_SIZE, Pte::leaf(page, ALL | flags));
        }
    }

    fn put(&mut self, table: u64, index: u64, pte: Pte) {
        let at = (table + 8 * index - TABLES) as usize;
        self.0[at..at + 8].copy_from_slice(&pte.0.to_le_bytes());
    }
}
