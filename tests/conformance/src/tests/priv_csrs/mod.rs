//! Tests of the rules in `rules/priv-csrs.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
