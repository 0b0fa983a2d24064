//! Code that changes while it is executed: an instruction is what its bytes are when it is executed, however they
//! came there, with FENCE.I or without.
//!
//! Every program is executed by both engines, in long runs and in short ones, and has to do what is said here.

mod aliases;
mod outside;
mod pages;
mod remaps;
mod stores;
#[path = "../twins/mod.rs"]
mod twins;

use isa::asm::prelude::*;
use isa::{Inst, Mode, Op};
use iss::Variant;
use twins::{BASE, Twins};

/// Steps of one run: many blocks, and fewer than most blocks have.
const RUNS: [u64; 2] = [10_000, 5];

/// The page after that of the program.
const OTHER_PAGE: u64 = BASE + 0x1000;

/// What the instruction that changes adds to a0, at first and every other time.
const STEPS: [i32; 2] = [1, 0x101];

/// The instruction that changes: `addi a0, a0, STEPS[n]`.
fn counting(n: usize) -> u32 {
    Inst { rd: A0.into(), rs1: A0.into(), imm: STEPS[n], ..Inst::new(Op::addi) }.encode()
}

/// Fills up to a multiple of `alignment` with instructions that do nothing.
fn align(a: &mut Asm, alignment: u64) {
    while !a.pc().is_multiple_of(alignment) {
        a.c_nop();
    }
}

/// How many bytes `write` writes.
fn length(write: impl FnOnce(&mut Asm)) -> i32 {
    let mut a = Asm::new(0);
    write(&mut a);
    a.pc() as i32
}

/// Ends a program.
fn stop(a: &mut Asm) {
    let here = a.here();
    a.j(here);
}

/// A program at [`BASE`].
fn assemble(write: impl FnOnce(&mut Asm)) -> Vec<u8> {
    let mut a = Asm::new(BASE);
    write(&mut a);
    a.finish().expect("the program assembles")
}

/// Runs hart 0 of both machines in `mode` from [`BASE`] for `steps` steps, `at_once` at a time; returns a0.
fn result(twins: &mut Twins, mode: Mode, steps: u64, at_once: u64) -> u64 {
    twins.each(|side| {
        side.harts[0].set_mode(mode);
        side.harts[0].set_pc(BASE);
        side.harts[0].set_x(A0.into(), 0);
    });
    let mut left = steps;
    while left > 0 {
        left -= twins.run(0, at_once.min(left)).steps;
    }
    twins.compare();
    twins.hart(0).x(A0.into())
}

/// A machine of one hart in whose M-mode everything is allowed.
fn machine() -> Twins {
    let mut twins = Twins::new(Variant::default());
    twins.each(|side| {
        side.set_field(csr::mstatus::NUMBER, csr::mstatus::FS, 3);
        side.set(csr::menvcfg::NUMBER, csr::menvcfg::CBZE.mask());
    });
    twins
}
