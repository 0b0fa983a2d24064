//! Conversions from and to double precision.

use super::super::float::{DOUBLE, SINGLE, convert};
use crate::prelude::*;

conformance_tests! {
    /// To an integer: rounded in every mode, the nearest one where there is none, the greatest for a NaN.
    fcvt_w_d
    [rules "fcvt-w-d_op" "fcvt-w-d_fcvt-wu-d_sign_ext"]
    |p| {
        convert::to_integer(p, &DOUBLE, &convert::W);
    }

    /// To an integer: rounded in every mode, the nearest one where there is none, the greatest for a NaN.
    fcvt_wu_d
    [rules "fcvt-wu-d_op" "fcvt-w-d_fcvt-wu-d_sign_ext"]
    |p| {
        convert::to_integer(p, &DOUBLE, &convert::WU);
    }

    /// To an integer: rounded in every mode, the nearest one where there is none, the greatest for a NaN.
    fcvt_l_d
    [rules "fcvt-l-d_op"]
    |p| {
        convert::to_integer(p, &DOUBLE, &convert::L);
    }

    /// To an integer: rounded in every mode, the nearest one where there is none, the greatest for a NaN.
    fcvt_lu_d
    [rules "fcvt-lu-d_op"]
    |p| {
        convert::to_integer(p, &DOUBLE, &convert::LU);
    }

    /// From an integer, of which the right half is read: exact, or rounded in every mode.
    fcvt_d_w
    [rules "fcvt-d-w_op"]
    |p| {
        convert::from_integer(p, &DOUBLE, &convert::W);
    }

    /// From an integer, of which the right half is read: exact, or rounded in every mode.
    fcvt_d_wu
    [rules "fcvt-d-wu_op"]
    |p| {
        convert::from_integer(p, &DOUBLE, &convert::WU);
    }

    /// From an integer, of which the right half is read: exact, or rounded in every mode.
    fcvt_d_l
    [rules "fcvt-d-l_op"]
    |p| {
        convert::from_integer(p, &DOUBLE, &convert::L);
    }

    /// From an integer, of which the right half is read: exact, or rounded in every mode.
    fcvt_d_lu
    [rules "fcvt-d-lu_op"]
    |p| {
        convert::from_integer(p, &DOUBLE, &convert::LU);
    }

    /// To single precision: rounded, with its limits and its canonical NaN.
    fcvt_s_d
    [rules "fcvt-s-d_op"]
    |p| {
        convert::narrow(p, &DOUBLE, &SINGLE);
    }

    /// From single precision: never rounded, and every rounding mode is as good as another.
    fcvt_d_s
    [rules "fcvt-d-s_op" "roundingmode_rsv"]
    |p| {
        convert::widen(p, &SINGLE, &DOUBLE);
    }
}
