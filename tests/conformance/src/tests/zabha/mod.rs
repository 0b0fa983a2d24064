//! Tests of the rules in `rules/zabha.tsv`.

mod narrow;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[narrow::TESTS];
