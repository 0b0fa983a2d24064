//! Tests of the rules in `rules/zicsr.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
