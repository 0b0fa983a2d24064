//! Tests of the rules in `rules/sscofpmf.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
