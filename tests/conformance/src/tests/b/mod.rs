//! Tests of the rules in `rules/b-st-ext.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
