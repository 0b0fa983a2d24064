//! Tests of the rules in `rules/shtvala.tsv`.

mod addresses;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[addresses::TESTS];
