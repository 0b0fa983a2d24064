//! Tests of the rules in `rules/ssu64xl.tsv`.

mod uxl;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[uxl::TESTS];
