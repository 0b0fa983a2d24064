//! Tests of the rules in `rules/zimop.tsv`.

mod mop;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[mop::TESTS];
