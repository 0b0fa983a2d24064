//! Tests of the rules in `rules/d-st-ext.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
