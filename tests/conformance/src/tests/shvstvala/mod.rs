//! Tests of the rules in `rules/shvstvala.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
