//! Tests of the rules in `rules/m-st-ext.tsv`.

mod arithmetic;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[arithmetic::TESTS];
