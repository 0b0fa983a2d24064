//! Tests of the rules in `rules/hypervisor.tsv`.

mod access;
mod examples;
mod existence;
mod hstatus;
mod instructions;
mod substitution;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[
    access::TESTS,
    examples::TESTS,
    existence::TESTS,
    hstatus::TESTS,
    instructions::TESTS,
    substitution::TESTS,
];
