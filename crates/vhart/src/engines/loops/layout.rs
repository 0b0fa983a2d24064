//! Where the parts of a program lie, and where its page tables show them.
//!
//! Everything is mapped to itself for supervisor mode, [`USER`] higher for user mode, and each of these a second
//! time [`ALIAS`] and, by a large page, a third
//! time [`LARGE_ALIAS`] higher. At [`WINDOW`] are pages whose mappings the program changes.

use isa::paging::PAGE_SIZE;

/// Code, from the start of main memory.
pub(super) const CODE: u64 = 0x8000_0000;
/// Two pages of functions that stand in for each other.
pub(super) const TWINS: u64 = CODE + 0x2_0000;
/// Pages of functions that are written over and over, and nothing else.
pub(super) const SCRATCH: u64 = CODE + 0x2_8000;
/// How many of them there are.
pub(super) const SCRATCH_PAGES: u64 = 3;
/// The page tables.
pub(super) const TABLES: u64 = CODE + 0x3_0000;
/// A page for each hart, in which trap handlers save registers.
pub(super) const RECORDS: u64 = CODE + 0x5_0000;
/// The stacks, one after the other.
pub(super) const STACKS: u64 = CODE + 0x5_8000;
/// What loads and stores find.
pub(super) const DATA: u64 = CODE + 0x6_0000;
/// The number of its pages.
pub(super) const DATA_PAGES: u64 = 16;
/// Those of them that pointers lead to, and one more.
pub(super) const POINTED: [u64; 5] = [4, 5, 8, 9, 15];
/// The end of the program.
pub(super) const END: u64 = DATA + DATA_PAGES * PAGE_SIZE;

/// How many harts there are room for.
pub(super) const HARTS: u64 = 4;
/// The size of a stack.
pub(super) const STACK: u64 = 2 * PAGE_SIZE;

/// The size of what all addresses have in common that stand for the same place.
pub(super) const SPAN_BITS: u32 = 21;
/// From a place to itself, by another way; outside main memory where nothing is translated.
pub(super) const ALIAS: u64 = 1 << SPAN_BITS;
/// The same, by a large page.
pub(super) const LARGE_ALIAS: u64 = 3 << SPAN_BITS;
/// From the addresses of supervisor mode to those of user mode.
pub(super) const USER: u64 = 1 << 30;
/// Pages whose mappings change: data in the first ones, the twins where they are themselves.
pub(super) const WINDOW: u64 = CODE + 2 * ALIAS;
/// The first page of the window that shows a twin.
pub(super) const WINDOW_TWINS: u64 = (TWINS - CODE) / PAGE_SIZE;

/// The tables of a first stage, by page from its start.
pub(super) const SATP: u64 = TABLES;
/// The tables of the VS stage.
pub(super) const VSATP: u64 = TABLES + 8 * PAGE_SIZE;
/// The root of the G stage, four pages.
pub(super) const HGATP: u64 = TABLES + 16 * PAGE_SIZE;
/// The table of level 0 of the G stage.
pub(super) const GUEST_LEAVES: u64 = HGATP + 5 * PAGE_SIZE;
/// From the root of a first stage to the table of its window, and to that of user mode's.
pub(super) const WINDOW_TABLES: [u64; 2] = [5 * PAGE_SIZE, 6 * PAGE_SIZE];

/// Offsets in a hart's record: what M-, HS- and VS-mode save.
pub(super) const SAVED: [i32; 3] = [0, 64, 128];
/// The address of the hart's `mtimecmp`.
pub(super) const TIMER: i32 = 24;
/// The number of the phase that the hart is in.
pub(super) const PHASE: i32 = 32;
/// The top of the hart's stack.
pub(super) const STACK_TOP: i32 = 40;

/// The device's `mtime`.
pub(super) const MTIME: u64 = 0x200_bff8;
/// The device's first `mtimecmp`.
pub(super) const MTIMECMP: u64 = 0x200_4000;
/// The UART.
pub(super) const UART: u64 = 0x1000_0000;
