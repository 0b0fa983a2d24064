//! Address generation, and what B is.

use isa::ext::Ext;

use super::super::integer::{binary, immediate, reserved};
use crate::prelude::*;

/// One more than the greatest word.
const WORD: u64 = 1 << 32;

conformance_tests! {
    /// The second operand and 2 times the first.
    sh1add
    [rules "sh1add_enc" "sh1add_op"]
    [needs Zba]
    |p| {
        binary(p, 0x2000_2033, |a, b| b.wrapping_add(a.wrapping_mul(2)));
    }

    /// The second operand and 4 times the first.
    sh2add
    [rules "sh2add_enc" "sh2add_op"]
    [needs Zba]
    |p| {
        binary(p, 0x2000_4033, |a, b| b.wrapping_add(a.wrapping_mul(4)));
    }

    /// The second operand and 8 times the first.
    sh3add
    [rules "sh3add_enc" "sh3add_op"]
    [needs Zba]
    |p| {
        binary(p, 0x2000_6033, |a, b| b.wrapping_add(a.wrapping_mul(8)));
    }

    /// The second operand and the unsigned word of the first.
    add_uw
    [rules "add_uw_enc" "add_uw_op" "bitmanip_uw_suffix_semantics"]
    [needs Zba]
    |p| {
        binary(p, 0x0800_003b, |a, b| b.wrapping_add(a % WORD));
    }

    /// The second operand and 2 times the unsigned word of the first.
    sh1add_uw
    [rules "sh1add_uw_enc" "sh1add_uw_op" "bitmanip_uw_suffix_semantics"]
    [needs Zba]
    |p| {
        binary(p, 0x2000_203b, |a, b| b.wrapping_add((a % WORD) * 2));
    }

    /// The second operand and 4 times the unsigned word of the first.
    sh2add_uw
    [rules "sh2add_uw_enc" "sh2add_uw_op" "bitmanip_uw_suffix_semantics"]
    [needs Zba]
    |p| {
        binary(p, 0x2000_403b, |a, b| b.wrapping_add((a % WORD) * 4));
    }

    /// The second operand and 8 times the unsigned word of the first.
    sh3add_uw
    [rules "sh3add_uw_enc" "sh3add_uw_op" "bitmanip_uw_suffix_semantics"]
    [needs Zba]
    |p| {
        binary(p, 0x2000_603b, |a, b| b.wrapping_add((a % WORD) * 8));
    }

    /// An unsigned word shifted left by up to 63.
    slli_uw
    [rules "slli_uw_enc" "slli_uw_op" "bitmanip_uw_suffix_semantics"]
    [needs Zba]
    |p| {
        immediate(p, 0x0800_101b, 64, |a, n| ((u128::from(a % WORD)) << n) as u64);
    }

    /// B is Zba, Zbb and Zbs: misa says so where all three are there, and their instructions execute.
    b_is_zba_zbb_and_zbs
    [rules "b_extension_composition" "bitmanip_rv32_rv64"]
    [cpus "zba=off" "zbb=off,zbkb=off" "zbs=off"]
    |p| {
        let has = [Ext::Zba, Ext::Zbb, Ext::Zbs].map(|ext| p.cpu().has(ext));
        let b = u64::from(has == [true; 3]);
        p.check_csr_bits(csr::misa::NUMBER, csr::misa::B.mask(), csr::misa::B.of(b), "misa.B");
        // sh1add, andn and bset.
        for (there, word) in has.into_iter().zip([0x2000_2033, 0x4000_7033, 0x2800_1033]) {
            if there {
                p.word(word);
            } else {
                reserved(p, word);
            }
        }
    }
}
