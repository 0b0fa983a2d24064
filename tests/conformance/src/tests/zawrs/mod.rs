//! Tests of the rules in `rules/zawrs.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
