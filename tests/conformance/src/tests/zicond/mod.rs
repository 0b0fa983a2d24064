//! Tests of the rules in `rules/zicond.tsv`.

mod czero;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[czero::TESTS];
