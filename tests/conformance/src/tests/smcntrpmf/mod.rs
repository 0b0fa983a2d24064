//! Tests of the rules in `rules/smcntrpmf.tsv`.

mod filter;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[filter::TESTS];
