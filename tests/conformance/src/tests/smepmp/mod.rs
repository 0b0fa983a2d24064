//! Tests of the rules in `rules/smepmp.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
