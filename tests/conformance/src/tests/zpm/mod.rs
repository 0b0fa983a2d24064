//! Tests of the rules in `rules/zpm.tsv`.

mod accesses;
mod address;
mod fields;
mod modes;
mod tagged;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[accesses::TESTS, address::TESTS, fields::TESTS, modes::TESTS];
