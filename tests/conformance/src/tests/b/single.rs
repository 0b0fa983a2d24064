//! Single bits.

use super::super::integer::{binary, immediate};
use crate::prelude::*;

conformance_tests! {
    /// Clears the bit that the low six bits of the second operand name.
    bclr
    [rules "bclr_enc" "bclr_op" "zbs_single_bit_functionality"]
    [needs Zbs]
    |p| {
        binary(p, 0x4800_1033, |a, b| a & !(1 << (b % 64)));
    }

    /// Clears the bit that the immediate names.
    bclri
    [rules "bclri_enc" "bclri_op" "zbs_single_bit_functionality"]
    [needs Zbs]
    |p| {
        immediate(p, 0x4800_1013, 64, |a, b| a & !(1 << b));
    }

    /// Extracts the bit that the low six bits of the second operand name.
    bext
    [rules "bext_enc" "bext_op" "zbs_single_bit_functionality"]
    [needs Zbs]
    |p| {
        binary(p, 0x4800_5033, |a, b| a >> (b % 64) & 1);
    }

    /// Extracts the bit that the immediate names.
    bexti
    [rules "bexti_enc" "bexti_op" "zbs_single_bit_functionality"]
    [needs Zbs]
    |p| {
        immediate(p, 0x4800_5013, 64, |a, b| a >> b & 1);
    }

    /// Inverts the bit that the low six bits of the second operand name.
    binv
    [rules "binv_enc" "binv_op" "zbs_single_bit_functionality"]
    [needs Zbs]
    |p| {
        binary(p, 0x6800_1033, |a, b| a ^ 1 << (b % 64));
    }

    /// Inverts the bit that the immediate names.
    binvi
    [rules "binvi_enc" "binvi_op" "zbs_single_bit_functionality"]
    [needs Zbs]
    |p| {
        immediate(p, 0x6800_1013, 64, |a, b| a ^ 1 << b);
    }

    /// Sets the bit that the low six bits of the second operand name.
    bset
    [rules "bset_enc" "bset_op" "zbs_single_bit_functionality"]
    [needs Zbs]
    |p| {
        binary(p, 0x2800_1033, |a, b| a | 1 << (b % 64));
    }

    /// Sets the bit that the immediate names.
    bseti
    [rules "bseti_enc" "bseti_op" "zbs_single_bit_functionality"]
    [needs Zbs]
    |p| {
        immediate(p, 0x2800_1013, 64, |a, b| a | 1 << b);
    }
}
