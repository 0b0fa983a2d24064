//! Tests of the rules in `rules/c-st-ext.tsv`.

mod arithmetic;
mod control;
mod format;
mod memory;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[arithmetic::TESTS, control::TESTS, memory::TESTS];
