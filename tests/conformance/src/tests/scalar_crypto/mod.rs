//! Tests of the rules in `rules/scalar-crypto.tsv`.

mod seed;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[seed::TESTS];
