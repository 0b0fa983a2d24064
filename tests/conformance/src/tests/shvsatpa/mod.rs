//! Tests of the rules in `rules/shvsatpa.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
