//! Tests of the rules in `rules/zfh.tsv`.

mod arithmetic;
mod comparison;
mod conversion;
mod minimal;
mod transfer;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] =
    &[arithmetic::TESTS, comparison::TESTS, conversion::TESTS, minimal::TESTS, transfer::TESTS];
