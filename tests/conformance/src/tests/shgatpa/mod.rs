//! Tests of the rules in `rules/shgatpa.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
