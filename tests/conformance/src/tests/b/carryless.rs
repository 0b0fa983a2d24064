//! Carry-less multiplication.

use super::super::integer::binary;
use crate::prelude::*;

/// The carry-less product: partial products are added without carry.
pub(super) fn product(a: u64, b: u64) -> u128 {
    (0..64).filter(|n| b >> n & 1 == 1).fold(0, |sum, n| sum ^ u128::from(a) << n)
}

conformance_tests! {
    /// The lower half of the product.
    clmul
    [rules "clmul_enc" "clmul_op" "zbc_clmul_clmulh_results"]
    [needs Zbc]
    |p| {
        binary(p, 0x0a00_1033, |a, b| product(a, b) as u64);
    }

    /// The upper half of the product.
    clmulh
    [rules "clmulh_enc" "clmulh_op" "zbc_clmul_clmulh_results"]
    [needs Zbc]
    |p| {
        binary(p, 0x0a00_3033, |a, b| (product(a, b) >> 64) as u64);
    }

    /// Bits 126 to 63 of the product.
    clmulr
    [rules "clmulr_enc" "clmulr_op" "zbc_clmulr_results"]
    [needs Zbc]
    |p| {
        binary(p, 0x0a00_2033, |a, b| (product(a, b) >> 63) as u64);
    }
}
