//! Tests of the rules in `rules/zacas.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
