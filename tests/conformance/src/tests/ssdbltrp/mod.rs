//! Tests of the rules in `rules/ssdbltrp.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
