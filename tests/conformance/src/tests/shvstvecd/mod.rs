//! Tests of the rules in `rules/shvstvecd.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
