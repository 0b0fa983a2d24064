//! Tests of the rules in `rules/zacas.tsv`.

mod compare_and_swap;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[compare_and_swap::TESTS];
