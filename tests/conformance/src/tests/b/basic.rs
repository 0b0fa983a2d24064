//! Basic bit manipulation.

use super::super::integer::{binary, immediate, sext_w, unary};
use crate::prelude::*;

/// The low word of `value` in both halves.
fn doubled(value: u64) -> u64 {
    value << 32 | value & 0xffff_ffff
}

conformance_tests! {
    /// And with the second operand inverted.
    andn
    [rules "andn_enc" "andn_op"]
    [needs Zbb]
    |p| {
        binary(p, 0x4000_7033, |a, b| a & !b);
    }

    /// Or with the second operand inverted.
    orn
    [rules "orn_enc" "orn_op"]
    [needs Zbb]
    |p| {
        binary(p, 0x4000_6033, |a, b| a | !b);
    }

    /// Exclusive-nor.
    xnor
    [rules "xnor_enc" "xnor_op"]
    [needs Zbb]
    |p| {
        binary(p, 0x4000_4033, |a, b| !(a ^ b));
    }

    /// Zeros above the highest one; 64 where there is none.
    clz
    [rules "clz_enc" "clz_op"]
    [needs Zbb]
    |p| {
        unary(p, 0x6000_1013, |a| (0..64).rev().take_while(|n| a >> n & 1 == 0).count() as u64);
    }

    /// Zeros above the highest one of the low word.
    clzw
    [rules "clzw_enc" "clzw_op" "bitmanip_w_suffix_semantics"]
    [needs Zbb]
    |p| {
        unary(p, 0x6000_101b, |a| (0..32).rev().take_while(|n| a >> n & 1 == 0).count() as u64);
    }

    /// Zeros below the lowest one; 64 where there is none.
    ctz
    [rules "ctz_enc" "ctz_op"]
    [needs Zbb]
    |p| {
        unary(p, 0x6010_1013, |a| (0..64).take_while(|n| a >> n & 1 == 0).count() as u64);
    }

    /// Zeros below the lowest one of the low word.
    ctzw
    [rules "ctzw_enc" "ctzw_op" "bitmanip_w_suffix_semantics"]
    [needs Zbb]
    |p| {
        unary(p, 0x6010_101b, |a| (0..32).take_while(|n| a >> n & 1 == 0).count() as u64);
    }

    /// The number of ones.
    cpop
    [rules "cpop_enc" "cpop_op"]
    [needs Zbb]
    |p| {
        unary(p, 0x6020_1013, |a| (0..64).map(|n| a >> n & 1).sum());
    }

    /// The number of ones of the low word.
    cpopw
    [rules "cpopw_enc" "cpopw_op" "bitmanip_w_suffix_semantics"]
    [needs Zbb]
    |p| {
        unary(p, 0x6020_101b, |a| (0..32).map(|n| a >> n & 1).sum());
    }

    /// The greater of two signed numbers.
    max
    [rules "max_enc" "max_op"]
    [needs Zbb]
    |p| {
        binary(p, 0x0a00_6033, |a, b| if (a as i64) < b as i64 { b } else { a });
    }

    /// The greater of two unsigned numbers.
    maxu
    [rules "maxu_enc" "maxu_op"]
    [needs Zbb]
    |p| {
        binary(p, 0x0a00_7033, |a, b| if a < b { b } else { a });
    }

    /// The lesser of two signed numbers.
    min
    [rules "min_enc" "min_op"]
    [needs Zbb]
    |p| {
        binary(p, 0x0a00_4033, |a, b| if (a as i64) < b as i64 { a } else { b });
    }

    /// The lesser of two unsigned numbers.
    minu
    [rules "minu_enc" "minu_op"]
    [needs Zbb]
    |p| {
        binary(p, 0x0a00_5033, |a, b| if a < b { a } else { b });
    }

    /// The low byte, sign-extended.
    sext_b
    [rules "sext_b_enc" "sext_b_op" "zbb_sign_zero_extension_function" "bitmanip_bhw_suffix_semantics"]
    [needs Zbb]
    |p| {
        unary(p, 0x6040_1013, |a| a as i8 as u64);
    }

    /// The low halfword, sign-extended.
    sext_h
    [rules "sext_h_enc" "sext_h_op" "zbb_sign_zero_extension_function" "bitmanip_bhw_suffix_semantics"]
    [needs Zbb]
    |p| {
        unary(p, 0x6050_1013, |a| a as i16 as u64);
    }

    /// The low halfword, zero-extended.
    zext_h
    [rules "zext_h_enc" "zext_h_op" "zbb_sign_zero_extension_function" "bitmanip_bhw_suffix_semantics"]
    [needs Zbb]
    |p| {
        unary(p, 0x0800_403b, |a| a % 0x1_0000);
    }

    /// Bits that leave at the top come in at the bottom.
    rol
    [rules "rol_enc" "rol_op" "zbb_rotate_semantics"]
    [needs Zbb]
    |p| {
        binary(p, 0x6000_1033, |a, b| {
            (u128::from(a) << 64 | u128::from(a)).rotate_left((b % 64) as u32) as u64
        });
    }

    /// The low word rotated left, sign-extended.
    rolw
    [rules "rolw_enc" "rolw_op" "zbb_rotate_semantics" "bitmanip_w_suffix_semantics"]
    [needs Zbb]
    |p| {
        binary(p, 0x6000_103b, |a, b| sext_w(doubled(a) >> (32 - b % 32)));
    }

    /// Bits that leave at the bottom come in at the top.
    ror
    [rules "ror_enc" "ror_op" "zbb_rotate_semantics"]
    [needs Zbb]
    |p| {
        binary(p, 0x6000_5033, |a, b| ((u128::from(a) << 64 | u128::from(a)) >> (b % 64)) as u64);
    }

    /// Rotated right by up to 63.
    rori
    [rules "rori_enc" "rori_op" "zbb_rotate_semantics"]
    [needs Zbb]
    |p| {
        immediate(p, 0x6000_5013, 64, |a, n| ((u128::from(a) << 64 | u128::from(a)) >> n) as u64);
    }

    /// The low word rotated right by up to 31, sign-extended.
    roriw
    [rules "roriw_enc" "roriw_op" "zbb_rotate_semantics" "bitmanip_w_suffix_semantics"]
    [needs Zbb]
    |p| {
        immediate(p, 0x6000_501b, 32, |a, n| sext_w(doubled(a) >> n));
    }

    /// The low word rotated right, sign-extended.
    rorw
    [rules "rorw_enc" "rorw_op" "zbb_rotate_semantics" "bitmanip_w_suffix_semantics"]
    [needs Zbb]
    |p| {
        binary(p, 0x6000_503b, |a, b| sext_w(doubled(a) >> (b % 32)));
    }

    /// Bytes with a one become all ones.
    orc_b
    [rules "orc_b_enc" "orc_b_op" "zbb_orc_b_semantics"]
    [needs Zbb]
    |p| {
        unary(p, 0x2870_5013, |a| (0..8).filter(|n| a >> (8 * n) & 0xff != 0).map(|n| 0xff << (8 * n)).sum());
    }

    /// The bytes in reverse order.
    rev8
    [rules "rev8_enc" "rev8_op"]
    [needs Zbb]
    |p| {
        unary(p, 0x6b80_5013, |a| (0..8).map(|n| (a >> (8 * n) & 0xff) << (56 - 8 * n)).sum());
    }
}
