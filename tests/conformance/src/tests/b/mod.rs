//! Tests of the rules in `rules/b-st-ext.tsv`.

mod address;
mod basic;
mod carryless;
mod crypto;
mod single;

use crate::Test;

pub(super) static TOPICS: &[&[Test]] =
    &[address::TESTS, basic::TESTS, carryless::TESTS, crypto::TESTS, single::TESTS];
