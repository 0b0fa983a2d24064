//! Tests of the rules in `rules/shgatpa.tsv`.

mod modes;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[modes::TESTS];
