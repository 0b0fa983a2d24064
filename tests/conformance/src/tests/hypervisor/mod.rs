//! Tests of the rules in `rules/hypervisor.tsv`.

mod examples;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[examples::TESTS];
