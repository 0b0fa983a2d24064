//! Tests of the rules in `rules/ssdbltrp.tsv`.

mod supervisor;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[supervisor::TESTS];
