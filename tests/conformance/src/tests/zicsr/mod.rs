//! Tests of the rules in `rules/zicsr.tsv`.

mod access;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[access::TESTS];
