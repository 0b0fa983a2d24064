//! Tests of the rules in `rules/zc.tsv`.

mod zcb;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[zcb::TESTS];
