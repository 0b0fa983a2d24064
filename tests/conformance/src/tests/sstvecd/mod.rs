//! Tests of the rules in `rules/sstvecd.tsv`.

mod vector;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[vector::TESTS];
