//! Tests of the rules in `rules/sstc.tsv`.

mod timers;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[timers::TESTS];
