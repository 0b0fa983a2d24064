//! Tests of the rules in `rules/machine.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
