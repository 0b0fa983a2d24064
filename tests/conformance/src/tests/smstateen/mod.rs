//! Tests of the rules in `rules/smstateen.tsv`.

mod registers;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] = &[registers::TESTS];
