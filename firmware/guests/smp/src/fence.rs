//! Remote fences: code and a page table that one virtual CPU changes are as changed for the others.

use core::arch::asm;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};

use guest_rt::{Failure, println, sbi};

use crate::vcpu::{Order, mask, others, tell};

const RFENCE: usize = 0x5246_4e43;
const REMOTE_FENCE_I: usize = 0;
const REMOTE_SFENCE_VMA: usize = 1;

const VERSIONS: u32 = 3;

/// `li a0, 0` and `ret`; the number is the upper 12 bits of the first.
const LI_A0: u32 = 0x0000_0513;
const RET: u32 = 0x0000_8067;

/// A function that is written anew for each version.
static CODE: [AtomicU32; 2] = [AtomicU32::new(LI_A0), AtomicU32::new(RET)];

/// Code that was written is executed once the others have been told to fence.
pub(crate) fn instructions(me: usize) -> Result<(), Failure> {
    for version in 1..=VERSIONS {
        CODE[0].store(LI_A0 | version << 20, Ordering::SeqCst);
        let all = [mask(me), 0];
        sbi::call(RFENCE, REMOTE_FENCE_I, all).map_err(|_| "remote_fence_i failed")?;
        for vcpu in others(me) {
            if tell(vcpu, Order::Execute)? != version as usize {
                return Err("a vCPU has executed code that is no more");
            }
        }
    }
    println!("smp: {VERSIONS} versions of a function");
    Ok(())
}

/// Calls the function that was written.
pub(crate) fn execute() -> usize {
    // SAFETY: the array is always a function that returns a number.
    let function =
        unsafe { core::mem::transmute::<*const AtomicU32, extern "C" fn() -> usize>(CODE.as_ptr()) };
    function()
}

#[repr(C, align(4096))]
struct Table([AtomicU64; 512]);

#[repr(C, align(4096))]
struct Page(AtomicUsize);

/// Of a page-table entry: valid, readable, writable, executable, accessed, dirty.
const VALID: u64 = 1;
const READ: u64 = 1 << 1;
const ALL: u64 = 0b1100_1111;
const ACCESSED: u64 = 1 << 6;

/// The gigapage of RAM, and one where there is nothing otherwise.
const RAM_GIGAPAGE: usize = 2;
const WINDOW_GIGAPAGE: usize = 4;
const WINDOW: usize = WINDOW_GIGAPAGE << 30;

/// Sv39: RAM at its own addresses, and the window, by way of a table for each level.
static ROOT: Table = Table({
    let mut entries = [const { AtomicU64::new(0) }; 512];
    entries[RAM_GIGAPAGE] = AtomicU64::new((RAM_GIGAPAGE as u64) << 28 | ALL);
    entries
});
static MIDDLE: Table = Table([const { AtomicU64::new(0) }; 512]);
static LAST: Table = Table([const { AtomicU64::new(0) }; 512]);

static PAGES: [Page; VERSIONS as usize] = [const { Page(AtomicUsize::new(0)) }; VERSIONS as usize];

/// The window shows another page once the others have been told to fence.
pub(crate) fn translations(me: usize) -> Result<(), Failure> {
    ROOT.0[WINDOW_GIGAPAGE].store(entry(&raw const MIDDLE as usize, VALID), Ordering::SeqCst);
    MIDDLE.0[0].store(entry(&raw const LAST as usize, VALID), Ordering::SeqCst);
    for (version, page) in PAGES.iter().enumerate() {
        page.0.store(version + 1, Ordering::SeqCst);
        LAST.0[0].store(entry(page as *const Page as usize, VALID | READ | ACCESSED), Ordering::SeqCst);
        let window = [mask(me), 0, WINDOW, size_of::<Page>()];
        sbi::call(RFENCE, REMOTE_SFENCE_VMA, window).map_err(|_| "remote_sfence_vma failed")?;
        for vcpu in others(me) {
            if tell(vcpu, Order::Look)? != version + 1 {
                return Err("a vCPU has used a translation that is no more");
            }
        }
    }
    println!("smp: {VERSIONS} pages through one window");
    Ok(())
}

fn entry(address: usize, flags: u64) -> u64 {
    (address as u64 >> 12) << 10 | flags
}

/// Looks through the window, after turning translation on the first time, with a fence that is only then made.
pub(crate) fn look() -> usize {
    const SV39: usize = 8 << 60;
    let satp = SV39 | &raw const ROOT as usize >> 12;
    let seen;
    // SAFETY: code, stack and data keep their addresses, and the window can be read.
    unsafe {
        asm!(
            "csrr {old}, satp",
            "beq {old}, {satp}, 2f",
            "csrw satp, {satp}",
            "sfence.vma",
            "2:",
            "ld {seen}, ({window})",
            old = out(reg) _,
            satp = in(reg) satp,
            window = in(reg) WINDOW,
            seen = out(reg) seen,
            options(nostack),
        );
    }
    seen
}
