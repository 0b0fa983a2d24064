//! Tests of the rules in `rules/shtvala.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
