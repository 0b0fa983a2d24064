//! Tests of the rules in `rules/smcntrpmf.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
