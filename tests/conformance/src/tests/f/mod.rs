//! Tests of the rules in `rules/f-st-ext.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
