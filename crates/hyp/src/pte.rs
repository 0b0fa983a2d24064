//! Page-table entries of the G-stage. Privileged ISA, "Sv39: Page-Based 39-bit Virtual-Memory System".

use crate::addr::{Hpa, PAGE_SIZE};

const V: u64 = 1 << 0;
const R: u64 = 1 << 1;
const W: u64 = 1 << 2;
const X: u64 = 1 << 3;
const U: u64 = 1 << 4;
const A: u64 = 1 << 6;
const D: u64 = 1 << 7;
const PPN_SHIFT: u32 = 10;
const PPN_MASK: u64 = (1 << 44) - 1;

/// A page-table entry.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Pte(pub u64);

impl Pte {
    /// An entry that maps `page` for a guest, which counts as user code in this stage.
    pub const fn leaf(page: Hpa, writable: bool) -> Pte {
        let write = if writable { W } else { 0 };
        Pte(page.0 / PAGE_SIZE << PPN_SHIFT | D | A | U | X | write | R | V)
    }

    /// An entry that points to the next table.
    pub const fn table(table: Hpa) -> Pte {
        Pte(table.0 / PAGE_SIZE << PPN_SHIFT | V)
    }

    /// Whether it maps or points to anything.
    pub const fn is_valid(self) -> bool {
        self.0 & V != 0
    }

    /// Whether it maps memory.
    pub const fn is_leaf(self) -> bool {
        self.is_valid() && self.0 & (R | W | X) != 0
    }

    /// Whether it points to the next table.
    pub const fn is_table(self) -> bool {
        self.is_valid() && self.0 & (R | W | X) == 0
    }

    /// Whether it lets the guest write.
    pub const fn is_writable(self) -> bool {
        self.0 & W != 0
    }

    /// The address of the page or table.
    pub const fn address(self) -> Hpa {
        Hpa((self.0 >> PPN_SHIFT & PPN_MASK) * PAGE_SIZE)
    }
}
