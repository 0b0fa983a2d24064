//! Tests of the rules in `rules/cmo.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
