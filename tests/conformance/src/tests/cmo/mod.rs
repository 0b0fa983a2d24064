//! Tests of the rules in `rules/cmo.tsv`.

mod access;
mod environment;
mod operation;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[access::TESTS, environment::TESTS, operation::TESTS];
