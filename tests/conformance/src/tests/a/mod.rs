//! Tests of the rules in `rules/a-st-ext.tsv`.

mod amo;
mod reservation;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[amo::TESTS, reservation::TESTS];
