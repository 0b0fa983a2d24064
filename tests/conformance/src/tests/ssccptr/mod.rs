//! Tests of the rules in `rules/ssccptr.tsv`.

mod tables;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[tables::TESTS];
