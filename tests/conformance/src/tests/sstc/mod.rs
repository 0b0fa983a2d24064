//! Tests of the rules in `rules/sstc.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
