//! Tests of the rules in `rules/sscofpmf.tsv`, and of delegating the interrupt to a guest.

mod overflow;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[overflow::TESTS];
