//! Multiplication and division, on integers so wide that nothing overflows.

use super::super::integer::{binary, binary_on, sext_w};
use crate::prelude::*;

const LOW: u64 = 0xffff_ffff;

/// Dividends and divisors of all signs, as doublewords and as words.
const DIVIDENDS: [u64; 6] =
    [7, -7i64 as u64, i64::MIN as u64, 0x8000_0000, 0x1234_5678_8000_0000, 0xffff_ffff_0000_0007];
const DIVISORS: [u64; 6] = [0, 2, -2i64 as u64, u64::MAX, 0xffff_ffff, 0x5555_5555_0000_0000];

fn quotient(a: i128, b: i128) -> i128 {
    if b == 0 { -1 } else { a / b }
}

fn remainder(a: i128, b: i128) -> i128 {
    if b == 0 { a } else { a % b }
}

conformance_tests! {
    /// The low half of a product.
    mul
    [rules "mul_op"]
    |p| {
        binary(p, 0x0200_0033, |a: u64, b: u64| (u128::from(a) * u128::from(b)) as u64);
        binary_on(p, 0x0200_0033, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| {
            (u128::from(a) * u128::from(b)) as u64
        });
    }

    /// The high half of the product of two signed numbers.
    mulh
    [rules "mulh_op"]
    |p| {
        binary(p, 0x0200_1033, |a: u64, b: u64| ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64);
        binary_on(p, 0x0200_1033, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| {
            ((i128::from(a as i64) * i128::from(b as i64)) >> 64) as u64
        });
    }

    /// The high half of the product of a signed and an unsigned number.
    mulhsu
    [rules "mulhsu_op"]
    |p| {
        binary(p, 0x0200_2033, |a: u64, b: u64| ((i128::from(a as i64) * i128::from(b)) >> 64) as u64);
        binary_on(p, 0x0200_2033, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| {
            ((i128::from(a as i64) * i128::from(b)) >> 64) as u64
        });
    }

    /// The high half of the product of two unsigned numbers.
    mulhu
    [rules "mulhu_op"]
    |p| {
        binary(p, 0x0200_3033, |a: u64, b: u64| ((u128::from(a) * u128::from(b)) >> 64) as u64);
        binary_on(p, 0x0200_3033, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| {
            ((u128::from(a) * u128::from(b)) >> 64) as u64
        });
    }

    /// The product of two words, sign-extended.
    mulw
    [rules "mulw_op"]
    |p| {
        binary(p, 0x0200_003b, |a: u64, b: u64| sext_w((a & LOW) * (b & LOW)));
        binary_on(p, 0x0200_003b, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| sext_w((a & LOW) * (b & LOW)));
    }

    /// Signed division: towards zero, all ones by zero, the dividend on overflow.
    div
    [rules "div_op" "div_by_zero" "signed_div_overflow"]
    |p| {
        binary(p, 0x0200_4033, |a: u64, b: u64| quotient(i128::from(a as i64), i128::from(b as i64)) as u64);
        binary_on(p, 0x0200_4033, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| {
            quotient(i128::from(a as i64), i128::from(b as i64)) as u64
        });
    }

    /// Unsigned division.
    divu
    [rules "divu_op" "div_by_zero"]
    |p| {
        binary(p, 0x0200_5033, |a: u64, b: u64| quotient(a.into(), b.into()) as u64);
        binary_on(p, 0x0200_5033, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| {
            quotient(a.into(), b.into()) as u64
        });
    }

    /// The remainder has the sign of the dividend; by zero it is the dividend, on overflow zero.
    rem
    [rules "rem_op" "rem_by_zero" "rem_result_sign" "signed_div_overflow"]
    |p| {
        binary(p, 0x0200_6033, |a: u64, b: u64| remainder(i128::from(a as i64), i128::from(b as i64)) as u64);
        binary_on(p, 0x0200_6033, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| {
            remainder(i128::from(a as i64), i128::from(b as i64)) as u64
        });
    }

    /// The unsigned remainder.
    remu
    [rules "remu_op" "rem_by_zero"]
    |p| {
        binary(p, 0x0200_7033, |a: u64, b: u64| remainder(a.into(), b.into()) as u64);
        binary_on(p, 0x0200_7033, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| {
            remainder(a.into(), b.into()) as u64
        });
    }

    /// Signed division of words.
    divw
    [rules "divw_op" "div_by_zero" "signed_div_overflow"]
    |p| {
        binary(p, 0x0200_403b, |a: u64, b: u64| {
            sext_w(quotient(i128::from(a as i32), i128::from(b as i32)) as u64)
        });
        binary_on(p, 0x0200_403b, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| {
            sext_w(quotient(i128::from(a as i32), i128::from(b as i32)) as u64)
        });
    }

    /// Unsigned division of words, the quotient sign-extended.
    divuw
    [rules "divuw_op" "div_by_zero"]
    |p| {
        binary(p, 0x0200_503b, |a: u64, b: u64| {
            sext_w(quotient(i128::from(a as u32), i128::from(b as u32)) as u64)
        });
        binary_on(p, 0x0200_503b, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| {
            sext_w(quotient(i128::from(a as u32), i128::from(b as u32)) as u64)
        });
    }

    /// The signed remainder of words, sign-extended also by zero.
    remw
    [rules "remw_op" "remw_result_sign" "rem_by_zero" "signed_div_overflow"]
    |p| {
        binary(p, 0x0200_603b, |a: u64, b: u64| {
            sext_w(remainder(i128::from(a as i32), i128::from(b as i32)) as u64)
        });
        binary_on(p, 0x0200_603b, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| {
            sext_w(remainder(i128::from(a as i32), i128::from(b as i32)) as u64)
        });
    }

    /// The unsigned remainder of words, sign-extended also by zero.
    remuw
    [rules "remuw_op" "remuw_result_sign" "rem_by_zero"]
    |p| {
        binary(p, 0x0200_703b, |a: u64, b: u64| {
            sext_w(remainder(i128::from(a as u32), i128::from(b as u32)) as u64)
        });
        binary_on(p, 0x0200_703b, &DIVIDENDS, &DIVISORS, &|a: u64, b: u64| {
            sext_w(remainder(i128::from(a as u32), i128::from(b as u32)) as u64)
        });
    }
}
