//! Tests of the rules in `rules/shcounterenw.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
