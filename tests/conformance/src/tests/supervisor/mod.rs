//! Tests of the rules in `rules/supervisor.tsv`.

mod examples;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[examples::TESTS];
