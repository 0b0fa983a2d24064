//! Tests of the rules in `rules/smdbltrp.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
