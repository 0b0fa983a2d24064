//! Where the parts of a random program lie, as all its page tables have it too.

use isa::paging::PAGE_SIZE;

/// Code: the trap handlers, then the blocks.
pub(crate) const CODE: u64 = 0x8000_0000;
/// The vectors of M-mode; direct and vectored traps both find their handler here.
pub(crate) const M_VECTORS: u64 = CODE + 0x100;
/// The vectors of HS-mode.
pub(crate) const HS_VECTORS: u64 = CODE + 0x200;
/// The vectors of VS-mode.
pub(crate) const VS_VECTORS: u64 = CODE + 0x300;
/// The end of the code.
pub(crate) const CODE_END: u64 = 0x8004_0000;
/// The first page table.
pub(crate) const TABLES: u64 = CODE_END;
/// What the loads and stores of a program find and change.
pub(crate) const DATA: u64 = 0x8006_0000;
/// The number of its pages, one range of Svnapot.
pub(crate) const DATA_PAGES: u64 = 16;
/// Where the program ends by HTIF.
pub(crate) const TOHOST: u64 = DATA + DATA_PAGES * PAGE_SIZE;
/// Where user mode finds the program when its addresses are translated in the first stage.
pub(crate) const USER: u64 = 1 << 30;
/// How far from the data each first stage maps it again, by a table of its own that the G stage may not map.
pub(crate) const FAR: u64 = 3 << 21;

/// The root table of Sv39 under `satp`, and those after it.
pub(crate) const SATP: u64 = TABLES;
/// The root table of Sv39 under `vsatp`.
pub(crate) const VSATP: u64 = TABLES + 8 * PAGE_SIZE;
/// The root table of Sv39x4 under `hgatp`: four pages, aligned to their size.
pub(crate) const HGATP: u64 = TABLES + 16 * PAGE_SIZE;

/// The table of level 0 for [`FAR`], from the root table of a first stage.
pub(crate) const FAR_TABLE: u64 = 5 * PAGE_SIZE;

/// The root table for MODE `mode` of `satp` or `vsatp`, whose root table of Sv39 is at `sv39`.
pub(crate) fn first_root(sv39: u64, mode: u64) -> u64 {
    sv39 + if mode == 8 { 0 } else { (mode - 3) * PAGE_SIZE }
}

/// The root table for MODE `mode` of `hgatp`.
pub(crate) fn guest_root(mode: u64) -> u64 {
    HGATP + if mode == 8 { 0 } else { (mode - 7) * 4 * PAGE_SIZE }
}
