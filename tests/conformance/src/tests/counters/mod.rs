//! Tests of the rules in `rules/counters.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
