//! Guest: memory that appears on demand, and in which nobody else writes.
//!
//! Every page must read as zero before its first store and hold exactly what this machine stored ever after, however
//! often another machine runs in between with the same guest physical addresses. The second half runs with the
//! guest's own page table, so that each access is translated twice.

#![no_std]
#![no_main]

use core::arch::asm;

use guest_rt::{Failure, Start, guest, println};

guest!(main);

/// From above the image to the end of the RAM that every machine has.
const FIRST: usize = 0x8040_0000;
const END: usize = 0x8100_0000;

/// Bytes from one touched page to the next; the pages between are never mapped.
const STRIDE: usize = 128 << 10;

const PAGE_SIZE: usize = 4096;
const DOUBLEWORDS: usize = PAGE_SIZE / 8;

const ROUNDS: u64 = 3;

fn main(start: Start) -> Result<(), Failure> {
    let machine = start.machine as u64;
    println!("pages: virtual machine {machine}, {} pages in {FIRST:#x} to {END:#x}", pages(0).count());
    touch(machine, 0)?;
    translate();
    println!("pages: again, through a page table of the guest");
    touch(machine, 1)
}

/// The pages of one half: odd and even ones interleave.
fn pages(half: usize) -> impl Iterator<Item = usize> + Clone {
    (FIRST + half * STRIDE / 2..END).step_by(STRIDE)
}

fn touch(machine: u64, half: usize) -> Result<(), Failure> {
    for page in pages(half) {
        if !holds(page, |_| 0) {
            return Err("a fresh page is not zero");
        }
        fill(page, |address| pattern(machine, 0, address));
    }
    for round in 1..=ROUNDS {
        // A line of output gives other machines their turn.
        println!("pages: round {round} of {ROUNDS}");
        for page in pages(half) {
            if !holds(page, |address| pattern(machine, round - 1, address)) {
                return Err("somebody wrote to a page of this machine");
            }
            fill(page, |address| pattern(machine, round, address));
        }
    }
    Ok(())
}

/// A value that differs between machines, rounds and addresses.
fn pattern(machine: u64, round: u64, address: usize) -> u64 {
    (address as u64) << 16 | (machine + 1) << 8 | round
}

fn doublewords(page: usize) -> impl Iterator<Item = *mut u64> {
    (0..DOUBLEWORDS).map(move |index| (page + 8 * index) as *mut u64)
}

fn fill(page: usize, value: impl Fn(usize) -> u64) {
    for doubleword in doublewords(page) {
        // SAFETY: the contract gives the guest this RAM, and neither image nor stack reach so far.
        unsafe { doubleword.write_volatile(value(doubleword as usize)) };
    }
}

fn holds(page: usize, value: impl Fn(usize) -> u64) -> bool {
    // SAFETY: as in `fill`.
    doublewords(page).all(|doubleword| unsafe { doubleword.read_volatile() } == value(doubleword as usize))
}

/// A root page table of Sv39.
#[repr(align(4096))]
struct RootTable([u64; 512]);

/// Maps the RAM gigapage to itself: D, A, X, W, R and V set, so that no hardware has to update it.
static ROOT: RootTable = {
    let mut entries = [0; 512];
    entries[RAM_GIGAPAGE] = (RAM_GIGAPAGE as u64) << 28 | 0b1100_1111;
    RootTable(entries)
};

/// The gigapage of 0x8000_0000.
const RAM_GIGAPAGE: usize = 2;

/// `satp.MODE` for Sv39.
const SV39: usize = 8;

/// Turns on translation, every address to itself.
fn translate() {
    let satp = SV39 << 60 | ROOT.0.as_ptr() as usize >> 12;
    // SAFETY: code, stack and data keep their addresses.
    unsafe { asm!("csrw satp, {}", "sfence.vma", in(reg) satp) };
}
