//! Conversions from and to half precision.

use super::super::float::{DOUBLE, HALF, SINGLE, convert};
use crate::prelude::*;

conformance_tests! {
    /// To an integer: rounded in every mode, the nearest one where there is none, the greatest for a NaN.
    fcvt_w_h
    [rules "fcvt-w-h_op"]
    [needs Zfh]
    |p| {
        convert::to_integer(p, &HALF, &convert::W);
    }

    /// To an integer: rounded in every mode, the nearest one where there is none, the greatest for a NaN.
    fcvt_wu_h
    [rules "fcvt-wu-h_op"]
    [needs Zfh]
    |p| {
        convert::to_integer(p, &HALF, &convert::WU);
    }

    /// To an integer: rounded in every mode, the nearest one where there is none, the greatest for a NaN.
    fcvt_l_h
    [rules "fcvt-l-h_op"]
    [needs Zfh]
    |p| {
        convert::to_integer(p, &HALF, &convert::L);
    }

    /// To an integer: rounded in every mode, the nearest one where there is none, the greatest for a NaN.
    fcvt_lu_h
    [rules "fcvt-lu-h_op"]
    [needs Zfh]
    |p| {
        convert::to_integer(p, &HALF, &convert::LU);
    }

    /// From an integer, of which the right half is read: exact, or rounded in every mode.
    fcvt_h_w
    [rules "fcvt-h-w_op"]
    [needs Zfh]
    |p| {
        convert::from_integer(p, &HALF, &convert::W);
    }

    /// From an integer, of which the right half is read: exact, or rounded in every mode.
    fcvt_h_wu
    [rules "fcvt-h-wu_op"]
    [needs Zfh]
    |p| {
        convert::from_integer(p, &HALF, &convert::WU);
    }

    /// From an integer, of which the right half is read: exact, or rounded in every mode.
    fcvt_h_l
    [rules "fcvt-h-l_op"]
    [needs Zfh]
    |p| {
        convert::from_integer(p, &HALF, &convert::L);
    }

    /// From an integer, of which the right half is read: exact, or rounded in every mode.
    fcvt_h_lu
    [rules "fcvt-h-lu_op"]
    [needs Zfh]
    |p| {
        convert::from_integer(p, &HALF, &convert::LU);
    }

    /// From single precision: rounded once, with the limits and the canonical NaN of a half.
    fcvt_h_s
    [rules "fcvt-h-s_op"]
    [needs Zfhmin]
    |p| {
        convert::narrow(p, &SINGLE, &HALF);
    }

    /// To single precision: never rounded, and every rounding mode is as good as another.
    fcvt_s_h
    [rules "fcvt-s-h_op"]
    [needs Zfhmin]
    |p| {
        convert::widen(p, &HALF, &SINGLE);
    }

    /// From double precision: rounded once, with the limits and the canonical NaN of a half.
    fcvt_h_d
    [rules "fcvt-h-d_op"]
    [needs Zfhmin]
    |p| {
        convert::narrow(p, &DOUBLE, &HALF);
    }

    /// To double precision: never rounded, and every rounding mode is as good as another.
    fcvt_d_h
    [rules "fcvt-d-h_op"]
    [needs Zfhmin]
    |p| {
        convert::widen(p, &HALF, &DOUBLE);
    }
}
