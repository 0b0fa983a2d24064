//! Tests of the rules in `rules/zfa.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
