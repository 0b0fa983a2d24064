//! Tests of the rules in `rules/d-st-ext.tsv`.

mod arithmetic;
mod boxing;
mod comparison;
mod conversion;
mod transfer;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] =
    &[arithmetic::TESTS, boxing::TESTS, comparison::TESTS, conversion::TESTS, transfer::TESTS];
