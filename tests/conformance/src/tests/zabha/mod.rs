//! Tests of the rules in `rules/zabha.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
