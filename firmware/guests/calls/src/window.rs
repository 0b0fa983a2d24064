//! A page of virtual memory that shows now one page of RAM, now another.

use core::arch::asm;
use core::sync::atomic::{AtomicU64, Ordering};

/// Where the window is: the first page of the gigapage below RAM.
pub(crate) const ADDRESS: usize = 0x4000_0000;
/// Its bytes.
pub(crate) const SIZE: usize = 4096;

/// `satp.MODE` for Sv39.
const SV39: usize = 8;

/// Page-table entry: D, A, W, R and V.
const DATA: u64 = 0b1100_0111;
/// Page-table entry: D, A, X, W, R and V.
const CODE_AND_DATA: u64 = 0b1100_1111;
/// Page-table entry: V, a pointer to the next table.
const TABLE: u64 = 0b1;

/// Indices of the root table: the window's gigapage and RAM's.
const WINDOW_GIGAPAGE: usize = ADDRESS >> 30;
const RAM_GIGAPAGE: usize = 2;

#[repr(align(4096))]
struct Table([AtomicU64; 512]);

#[repr(align(4096))]
struct Page([usize; 512]);

static ROOT: Table = Table([const { AtomicU64::new(0) }; 512]);
static MIDDLE: Table = Table([const { AtomicU64::new(0) }; 512]);
static LEAF: Table = Table([const { AtomicU64::new(0) }; 512]);

/// The two pages, which say which they are.
static PAGES: [Page; 2] = [Page([0x0dd; 512]), Page([0xeee; 512])];

/// Shows the page for `round` and returns what is on it. No hart is told; that is what remote fences are for.
pub(crate) fn turn(round: usize) -> usize {
    let page = &PAGES[round % 2];
    ROOT.0[RAM_GIGAPAGE].store((RAM_GIGAPAGE as u64) << 28 | CODE_AND_DATA, Ordering::Relaxed);
    ROOT.0[WINDOW_GIGAPAGE].store(entry(&MIDDLE, TABLE), Ordering::Relaxed);
    MIDDLE.0[0].store(entry(&LEAF, TABLE), Ordering::Relaxed);
    LEAF.0[0].store(entry(page, DATA), Ordering::SeqCst);
    page.0[0]
}

fn entry<T>(target: &'static T, flags: u64) -> u64 {
    (&raw const *target as u64) >> 12 << 10 | flags
}

/// Turns on translation on the hart that calls; all addresses but the window's stay as they are.
pub(crate) fn open() {
    let satp = SV39 << 60 | &raw const ROOT as usize >> 12;
    // SAFETY: code, stack and data keep their addresses.
    unsafe { asm!("csrw satp, {}", "sfence.vma", in(reg) satp) };
}

/// What the hart that calls sees in the window, with translation on.
pub(crate) fn look() -> usize {
    // SAFETY: the window shows one of the two pages, which are never written.
    unsafe { (ADDRESS as *const usize).read_volatile() }
}
