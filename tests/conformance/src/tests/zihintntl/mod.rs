//! Tests of the rules in `rules/zihintntl.tsv`.

mod ntl;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[ntl::TESTS];
