//! Tests of the rules in `rules/scalar-crypto.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
