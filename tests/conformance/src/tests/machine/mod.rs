//! Tests of the rules in `rules/machine.tsv`.

mod arrival;
mod identity;
mod interrupt_enables;
mod memory_privilege;
mod misa;
mod status;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] =
    &[identity::TESTS, interrupt_enables::TESTS, memory_privilege::TESTS, misa::TESTS, status::TESTS];
