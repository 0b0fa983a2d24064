//! Tests of the rules in `rules/zimop.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
