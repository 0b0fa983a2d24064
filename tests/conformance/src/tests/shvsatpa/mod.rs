//! Tests of the rules in `rules/shvsatpa.tsv`.

mod modes;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[modes::TESTS];
