//! Tests of the rules in `rules/c-st-ext.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
