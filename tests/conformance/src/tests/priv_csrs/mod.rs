//! Tests of the rules in `rules/priv-csrs.tsv`.

mod conventions;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[conventions::TESTS];
