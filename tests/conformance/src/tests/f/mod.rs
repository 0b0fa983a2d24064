//! Tests of the rules in `rules/f-st-ext.tsv`.

mod arithmetic;
mod comparison;
mod conversion;
mod registers;
mod transfer;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] =
    &[arithmetic::TESTS, comparison::TESTS, conversion::TESTS, registers::TESTS, transfer::TESTS];
