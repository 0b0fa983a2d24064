//! Tests of the rules in `rules/smstateen.tsv`.

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[];
