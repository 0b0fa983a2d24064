//! Tests of the rules in `rules/m-st-ext.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
