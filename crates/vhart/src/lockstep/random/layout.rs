//! Where the parts of a random program lie, as all its page tables have it too.

use isa::paging::PAGE_SIZE;

/// Code: the handlers and the blocks.
pub(crate) const CODE: u64 = 0x8000_0000;
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

/// The root table under `satp`, and those after it.
pub(crate) const SATP_ROOT: u64 = TABLES;
/// The root table under `vsatp`.
pub(crate) const VSATP_ROOT: u64 = TABLES + 6 * PAGE_SIZE;
/// The root table under `hgatp`: four pages, aligned to their size.
pub(crate) const HGATP_ROOT: u64 = TABLES + 16 * PAGE_SIZE;
