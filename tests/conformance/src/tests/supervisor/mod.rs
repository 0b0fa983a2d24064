//! Tests of the rules in `rules/supervisor.tsv`.

mod examples;
mod interrupts;
mod status;
mod trap_csrs;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[examples::TESTS, interrupts::TESTS, status::TESTS, trap_csrs::TESTS];
