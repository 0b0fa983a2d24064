//! Tests of the rules in `rules/zfh.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
