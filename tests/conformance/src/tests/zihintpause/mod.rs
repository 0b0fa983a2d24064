//! Tests of the rules in `rules/zihintpause.tsv`.

mod pause;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[pause::TESTS];
