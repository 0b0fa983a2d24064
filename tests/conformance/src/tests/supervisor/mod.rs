//! Tests of the rules in `rules/supervisor.tsv`.

mod blocks;
mod double_trap;
mod entries;
mod examples;
mod fences;
mod hardware_update;
mod interrupts;
mod satp;
mod status;
mod translation;
mod trap_csrs;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[
    blocks::TESTS,
    double_trap::TESTS,
    entries::TESTS,
    examples::TESTS,
    fences::TESTS,
    hardware_update::TESTS,
    interrupts::TESTS,
    satp::TESTS,
    status::TESTS,
    translation::TESTS,
    trap_csrs::TESTS,
];
