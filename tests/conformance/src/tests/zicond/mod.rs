//! Tests of the rules in `rules/zicond.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
