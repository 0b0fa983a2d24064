//! Tests of the rules in `rules/counters.tsv`.

mod unprivileged;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[unprivileged::TESTS];
