//! Bit manipulation for cryptography.

use super::super::integer::{binary, binary_on, immediate, sext_w, unary};
use super::carryless::product;
use crate::prelude::*;

/// One more than the greatest word.
const WORD: u64 = 1 << 32;

/// The low word of `value` in both halves.
fn doubled(value: u64) -> u64 {
    value << 32 | value & 0xffff_ffff
}

/// The elements of `table`, `width` bits each, that those of `indices` name.
fn permuted(table: u64, indices: u64, width: u32) -> u64 {
    let element = |value: u64, at: u32| u128::from(value) >> (at * width) & ((1 << width) - 1);
    let looked_up = |at| {
        let index = element(indices, at) as u32;
        if index < 64 / width { (element(table, index) as u64) << (at * width) } else { 0 }
    };
    (0..64 / width).map(looked_up).sum()
}

conformance_tests! {
    /// The low words of two registers.
    pack
    [rules "pack_enc" "pack_op"]
    [needs Zbkb]
    |p| {
        binary(p, 0x0800_4033, |a, b| (a % WORD) | (b << 32));
    }

    /// The low bytes of two registers.
    packh
    [rules "packh_enc" "packh_op"]
    [needs Zbkb]
    |p| {
        binary(p, 0x0800_7033, |a, b| (a % 0x100) | ((b % 0x100) << 8));
    }

    /// The low halfwords of two registers, as a signed word.
    packw
    [rules "packw_enc" "packw_op" "bitmanip_w_suffix_semantics"]
    [needs Zbkb]
    |p| {
        binary(p, 0x0800_403b, |a, b| sext_w((a % 0x1_0000) | (b << 16)));
    }

    /// The bits of each byte in reverse order.
    brev8
    [rules "brev8_enc" "brev8_op"]
    [needs Zbkb]
    |p| {
        unary(p, 0x6870_5013, |a| (0..64).map(|n| (a >> n & 1) << (n / 8 * 8 + 7 - n % 8)).sum());
    }

    /// Each nibble of the second operand names one of the first; 0 where there is none.
    xperm4
    [rules "xperm4_enc" "xperm4_op" "zbkx_lookup_table_model" "zbkx_indexing_behavior"]
    [needs Zbkx]
    |p| {
        let table = 0xfedc_ba98_7654_3210;
        binary(p, 0x2800_2033, |a, b| permuted(a, b, 4));
        let indices = [0x0123_4567_89ab_cdef, 0x0706_0504_0302_0100, 0x0008_0f10_ff80_0701];
        binary_on(p, 0x2800_2033, &[table], &indices, &|a, b| permuted(a, b, 4));
    }

    /// Each byte of the second operand names one of the first; 0 where there is none.
    xperm8
    [rules "xperm8_enc" "xperm8_op" "zbkx_lookup_table_model" "zbkx_indexing_behavior"]
    [needs Zbkx]
    |p| {
        let table = 0xfedc_ba98_7654_3210;
        binary(p, 0x2800_4033, |a, b| permuted(a, b, 8));
        let indices = [0x0123_4567_89ab_cdef, 0x0706_0504_0302_0100, 0x0008_0f10_ff80_0701];
        binary_on(p, 0x2800_4033, &[table], &indices, &|a, b| permuted(a, b, 8));
    }

    /// A hart with Zbkb has what that shares with Zbb, also without Zbb.
    zbkb_without_zbb
    [rules "andn_enc" "andn_op" "orn_enc" "orn_op" "xnor_enc" "xnor_op" "rol_enc" "rol_op" "ror_enc" "ror_op" "rolw_enc" "rolw_op" "rorw_enc" "rorw_op" "rori_enc" "rori_op" "roriw_enc" "roriw_op" "rev8_enc" "rev8_op"]
    [needs Zbkb]
    [cpus "zbb=off"]
    |p| {
        binary(p, 0x4000_7033, |a, b| a & !b);
        binary(p, 0x4000_6033, |a, b| a | !b);
        binary(p, 0x4000_4033, |a, b| !(a ^ b));
        binary(p, 0x6000_1033, |a, b| a.rotate_left((b % 64) as u32));
        binary(p, 0x6000_5033, |a, b| a.rotate_right((b % 64) as u32));
        binary(p, 0x6000_103b, |a, b| sext_w(doubled(a) >> (32 - b % 32)));
        binary(p, 0x6000_503b, |a, b| sext_w(doubled(a) >> (b % 32)));
        immediate(p, 0x6000_5013, 64, |a, n| a.rotate_right(n as u32));
        immediate(p, 0x6000_501b, 32, |a, n| sext_w(doubled(a) >> n));
        unary(p, 0x6b80_5013, u64::swap_bytes);
    }

    /// A hart with Zbkc has the two halves of the carry-less product, also without Zbc.
    zbkc_without_zbc
    [rules "clmul_enc" "clmul_op" "clmulh_enc" "clmulh_op"]
    [needs Zbkc]
    [cpus "zbc=off"]
    |p| {
        binary(p, 0x0a00_1033, |a, b| product(a, b) as u64);
        binary(p, 0x0a00_3033, |a, b| (product(a, b) >> 64) as u64);
    }
}
