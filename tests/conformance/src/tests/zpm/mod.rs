//! Tests of the rules in `rules/zpm.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
