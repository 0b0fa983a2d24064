//! Tests of the rules in `rules/zfa.tsv`.

mod constant;
mod instructions;
mod modular;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[constant::TESTS, instructions::TESTS, modular::TESTS];
