//! Page-table formats: the translation schemes of `satp`, `vsatp` and `hgatp`, and their entries.
//!
//! Privileged ISA, "Sv39: Page-Based 39-bit Virtual-Memory System" and the sections after it, and
//! "Two-Stage Address Translation". A scheme is data, so that one walker serves all of them; 32-bit
//! schemes would be further rows, with an entry format of their own beside [`Pte`].

use crate::field::Field;

/// MODE in `satp`, `vsatp` and `hgatp` for no translation.
pub const BARE: u64 = 0;

/// The number of low address bits that translation leaves as they are.
pub const PAGE_BITS: u32 = 12;

/// The size of a page in bytes.
pub const PAGE_SIZE: u64 = 1 << PAGE_BITS;

/// The stage of translation that a scheme is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Stage {
    /// From virtual addresses: `satp` and `vsatp`.
    First,
    /// The G stage, from guest physical addresses: `hgatp`.
    Guest,
}

/// A translation scheme, such as Sv39 or Sv39x4.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Scheme {
    /// The manual's name.
    pub name: &'static str,
    /// The stage that it is for.
    pub stage: Stage,
    /// The width of the registers that it belongs to.
    pub xlen: u32,
    /// Its encoding in the MODE field of `satp`, `vsatp` or `hgatp`.
    pub mode: u64,
    /// The number of levels; the root table has level `levels - 1`, a page of the base size level 0.
    pub levels: u32,
    /// How many address bits choose an entry of a table, the root table's extra bits not counted.
    pub index_bits: u32,
    /// How many more bits choose an entry of the root table: 2 in the G stage.
    pub root_extra_bits: u32,
    /// The size of an entry in bytes.
    pub pte_size: u64,
}

/// Every scheme, by stage and then by size.
pub static SCHEMES: [Scheme; 6] = [SV39, SV48, SV57, SV39X4, SV48X4, SV57X4];

/// Three levels from virtual addresses of 39 bits.
pub const SV39: Scheme = Scheme {
    name: "Sv39",
    stage: Stage::First,
    xlen: 64,
    mode: 8,
    levels: 3,
    index_bits: 9,
    root_extra_bits: 0,
    pte_size: 8,
};
/// Four levels from virtual addresses of 48 bits.
pub const SV48: Scheme = Scheme { name: "Sv48", mode: 9, levels: 4, ..SV39 };
/// Five levels from virtual addresses of 57 bits.
pub const SV57: Scheme = Scheme { name: "Sv57", mode: 10, levels: 5, ..SV39 };
/// Three levels from guest physical addresses of 41 bits.
pub const SV39X4: Scheme = Scheme { name: "Sv39x4", stage: Stage::Guest, root_extra_bits: 2, ..SV39 };
/// Four levels from guest physical addresses of 50 bits.
pub const SV48X4: Scheme = Scheme { name: "Sv48x4", mode: 9, levels: 4, ..SV39X4 };
/// Five levels from guest physical addresses of 59 bits.
pub const SV57X4: Scheme = Scheme { name: "Sv57x4", mode: 10, levels: 5, ..SV39X4 };

impl Scheme {
    /// The scheme that MODE `mode` of `satp`, `vsatp` or `hgatp` asks for on a hart of `xlen` bits.
    ///
    /// `None` for [`BARE`] and for reserved encodings, which the registers never hold.
    pub fn find(stage: Stage, xlen: u32, mode: u64) -> Option<&'static Scheme> {
        SCHEMES.iter().find(|s| s.stage == stage && s.xlen == xlen && s.mode == mode)
    }

    /// The width of the addresses that the scheme translates.
    #[inline]
    pub const fn address_bits(&self) -> u32 {
        PAGE_BITS + self.levels * self.index_bits + self.root_extra_bits
    }

    /// Whether the scheme can translate `address`: in the first stage the bits above its width must
    /// equal the highest bit within, in the G stage they must be zero.
    #[inline]
    pub const fn covers(&self, address: u64) -> bool {
        let spare = 64 - self.address_bits();
        match self.stage {
            Stage::First => ((address << spare) as i64 >> spare) as u64 == address,
            Stage::Guest => address << spare >> spare == address,
        }
    }

    /// The index of the entry for `address` in its table of level `level`: the manual's VPN\[level\].
    #[inline]
    pub const fn index(&self, address: u64, level: u32) -> u64 {
        let bits = self.table_bits(level);
        address >> (PAGE_BITS + level * self.index_bits) & ((1 << bits) - 1)
    }

    /// The number of entries of a table of level `level`.
    #[inline]
    pub const fn entries(&self, level: u32) -> u64 {
        1 << self.table_bits(level)
    }

    /// The size in bytes of a table of level `level`, to which it is also aligned.
    #[inline]
    pub const fn table_size(&self, level: u32) -> u64 {
        self.entries(level) * self.pte_size
    }

    /// The size in bytes of the page that a leaf entry of level `level` maps.
    #[inline]
    pub const fn page_size(&self, level: u32) -> u64 {
        PAGE_SIZE << (level * self.index_bits)
    }

    const fn table_bits(&self, level: u32) -> u32 {
        if level + 1 == self.levels { self.index_bits + self.root_extra_bits } else { self.index_bits }
    }
}

/// A page-table entry of eight bytes, as Sv39 to Sv57 and their G-stage variants have it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct Pte(pub u64);

impl Pte {
    /// The entry is valid.
    pub const V: Field = Field::new(&[0]);
    /// The page can be read.
    pub const R: Field = Field::new(&[1]);
    /// The page can be written.
    pub const W: Field = Field::new(&[2]);
    /// The page can be executed.
    pub const X: Field = Field::new(&[3]);
    /// The page belongs to user mode; always set in G-stage leaves.
    pub const U: Field = Field::new(&[4]);
    /// The mapping is the same in all address spaces.
    pub const G: Field = Field::new(&[5]);
    /// The page has been accessed.
    pub const A: Field = Field::new(&[6]);
    /// The page has been written.
    pub const D: Field = Field::new(&[7]);
    /// For software.
    pub const RSW: Field = Field::new(&[9, 8]);
    /// The physical page number.
    pub const PPN: Field = Field::new(&[53, 10]);
    /// Reserved for future standard use.
    pub const RESERVED: Field = Field::new(&[60, 54]);
    /// The page-based memory type (Svpbmt).
    pub const PBMT: Field = Field::new(&[62, 61]);
    /// The page is part of a naturally aligned range of pages (Svnapot).
    pub const N: Field = Field::new(&[63]);

    /// A valid leaf that maps the page at physical address `pa`; `flags` are the other fields, in place.
    pub const fn leaf(pa: u64, flags: u64) -> Pte {
        Pte(Pte::PPN.of(pa >> PAGE_BITS) | flags | Pte::V.mask())
    }

    /// A valid entry that points to the table at physical address `pa`.
    pub const fn pointer(pa: u64) -> Pte {
        Pte::leaf(pa, 0)
    }

    /// Whether V is set and R and W are no reserved combination.
    ///
    /// This is the part of the walk's step 3 that does not depend on extensions.
    #[inline]
    pub const fn is_valid(self) -> bool {
        Pte::V.is_set(self.0) && (Pte::R.is_set(self.0) || !Pte::W.is_set(self.0))
    }

    /// Whether a valid entry is a leaf, not a pointer to the next level.
    #[inline]
    pub const fn is_leaf(self) -> bool {
        self.0 & (Pte::R.mask() | Pte::X.mask()) != 0
    }

    /// Whether an entry of level `level` has bits or encodings set that are reserved on a hart with or
    /// without Svnapot and Svpbmt (as enabled for this stage): the rest of the walk's step 3.
    pub const fn is_reserved(self, level: u32, svnapot: bool, svpbmt: bool) -> bool {
        let leaf_only = Pte::U.mask() | Pte::A.mask() | Pte::D.mask() | Pte::PBMT.mask() | Pte::N.mask();
        Pte::RESERVED.is_set(self.0)
            || !self.is_leaf() && self.0 & leaf_only != 0
            || Pte::N.is_set(self.0) && !(svnapot && self.napot_bits(level).is_some())
            || Pte::PBMT.get(self.0) > if svpbmt { 2 } else { 0 }
    }

    /// The physical address of the page or table, as the entry has it.
    #[inline]
    pub const fn address(self) -> u64 {
        Pte::PPN.get(self.0) << PAGE_BITS
    }

    /// How many low bits of the page number a leaf of level `level` takes from the address it translates,
    /// beyond those of its level: 4 in a range of 64 KiB, otherwise 0. `None` for reserved ranges.
    pub const fn napot_bits(self, level: u32) -> Option<u32> {
        if !Pte::N.is_set(self.0) {
            return Some(0);
        }
        if level == 0 && Pte::PPN.get(self.0) & 0xf == 0b1000 { Some(4) } else { None }
    }

    /// The physical address that a leaf of level `level` gives to `address`.
    ///
    /// Returns `None` for a misaligned superpage and for reserved NAPOT encodings.
    pub const fn translate(self, scheme: &Scheme, level: u32, address: u64) -> Option<u64> {
        let Some(napot_bits) = self.napot_bits(level) else {
            return None;
        };
        if self.address() & (scheme.page_size(level) - 1) != 0 {
            return None;
        }
        let offset = (scheme.page_size(level) << napot_bits) - 1;
        Some(self.address() & !offset | address & offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_as_wide_as_the_names_say() {
        for (scheme, bits) in SCHEMES.iter().zip([39, 48, 57, 41, 50, 59]) {
            assert_eq!(scheme.address_bits(), bits, "{}", scheme.name);
            assert_eq!(Scheme::find(scheme.stage, 64, scheme.mode), Some(scheme));
        }
        assert_eq!(Scheme::find(Stage::First, 64, BARE), None);
        assert_eq!(Scheme::find(Stage::Guest, 64, 11), None);
        assert_eq!(Scheme::find(Stage::First, 32, SV39.mode), None);
    }

    #[test]
    fn only_the_g_stage_root_is_larger_than_a_page() {
        for scheme in &SCHEMES {
            for level in 0..scheme.levels {
                let is_large = scheme.stage == Stage::Guest && level == scheme.levels - 1;
                assert_eq!(scheme.table_size(level), if is_large { 16 << 10 } else { 4 << 10 });
            }
        }
    }

    #[test]
    fn virtual_addresses_are_sign_extended_and_guest_physical_ones_zero_extended() {
        assert!(SV39.covers(0x3f_ffff_ffff) && !SV39.covers(0x40_0000_0000));
        assert!(SV39.covers(0xffff_ffc0_0000_0000) && !SV39.covers(0xffff_ff80_0000_0000));
        assert!(SV39X4.covers(0x1ff_ffff_ffff) && !SV39X4.covers(0x200_0000_0000));
        assert!(!SV39X4.covers(0xffff_ffff_ffff_f000));
    }

    #[test]
    fn indices_are_the_parts_of_the_address() {
        let address = 0x1ff << 30 | 0x155 << 21 | 0x0aa << 12 | 0xfff;
        assert_eq!([2, 1, 0].map(|level| SV39.index(address, level)), [0x1ff, 0x155, 0x0aa]);
        let guest = 0x7ff << 30 | 0x155 << 21 | 0x0aa << 12;
        assert_eq!([2, 1, 0].map(|level| SV39X4.index(guest, level)), [0x7ff, 0x155, 0x0aa]);
    }

    #[test]
    fn leaves_translate_by_level() {
        let address = 0x12_3456_7abc;
        assert_eq!(Pte::leaf(0x8000_0000, 0xf).translate(&SV39, 0, address), Some(0x8000_0abc));
        assert_eq!(Pte::leaf(0x8020_0000, 0xf).translate(&SV39, 1, address), Some(0x8036_7abc));
        assert_eq!(Pte::leaf(0x8020_0000, 0xf).translate(&SV39, 2, address), None, "misaligned");
        let napot = Pte::leaf(0x8001_8000, 0xf | Pte::N.mask());
        assert_eq!(napot.translate(&SV39, 0, address), Some(0x8001_7abc));
        assert_eq!(napot.translate(&SV39, 1, address), None, "NAPOT ranges are of base pages only");
    }

    #[test]
    fn reserved_encodings_are_seen() {
        let leaf = Pte::leaf(0x8000_8000, 0xc6);
        assert!(leaf.is_valid() && leaf.is_leaf() && !leaf.is_reserved(0, false, false));
        assert!(!Pte(0x5).is_valid() && !Pte(0xd).is_valid() && !Pte(0xce).is_valid());
        let table = Pte::pointer(0x8000_0000);
        assert!(table.is_valid() && !table.is_leaf() && !table.is_reserved(1, true, true));
        for field in [Pte::U, Pte::A, Pte::D, Pte::PBMT, Pte::N, Pte::RESERVED] {
            assert!(Pte(table.0 | field.mask()).is_reserved(1, true, true), "{field:?}");
        }
        assert!(!Pte(table.0 | Pte::G.mask()).is_reserved(1, true, true), "G may be set in a pointer");
        for (pbmt, with) in [(1, false), (2, false), (3, true)] {
            let typed = Pte(Pte::PBMT.set(leaf.0, pbmt));
            assert!(typed.is_reserved(0, true, false), "without Svpbmt");
            assert_eq!(typed.is_reserved(0, true, true), with);
        }
        let napot = Pte(leaf.0 | Pte::N.mask());
        assert!(napot.is_reserved(0, false, true) && !napot.is_reserved(0, true, true));
        assert!(napot.is_reserved(1, true, true));
        assert!(Pte(Pte::leaf(0x8000_4000, 2).0 | Pte::N.mask()).is_reserved(0, true, true));
    }
}
