//! Tests of the rules in `rules/sstvala.tsv`.

mod values;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[values::TESTS];
