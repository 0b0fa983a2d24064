//! Tests of the rules in `rules/zc.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
