//! Tests of the rules in `rules/zawrs.tsv`.

mod wait;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[wait::TESTS];
