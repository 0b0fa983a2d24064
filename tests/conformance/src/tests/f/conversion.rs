//! Conversions from and to single precision.

use super::super::float::{SINGLE, convert};
use crate::prelude::*;

conformance_tests! {
    /// To an integer: rounded in every mode, the nearest one where there is none, the greatest for a NaN.
    fcvt_w_s
    [rules "fcvt-w-s_op"]
    |p| {
        convert::to_integer(p, &SINGLE, &convert::W);
    }

    /// To an integer: rounded in every mode, the nearest one where there is none, the greatest for a NaN.
    fcvt_wu_s
    [rules "fcvt-wu-s_op"]
    |p| {
        convert::to_integer(p, &SINGLE, &convert::WU);
    }

    /// To an integer: rounded in every mode, the nearest one where there is none, the greatest for a NaN.
    fcvt_l_s
    [rules "fcvt-l-s_op"]
    |p| {
        convert::to_integer(p, &SINGLE, &convert::L);
    }

    /// To an integer: rounded in every mode, the nearest one where there is none, the greatest for a NaN.
    fcvt_lu_s
    [rules "fcvt-lu-s_op"]
    |p| {
        convert::to_integer(p, &SINGLE, &convert::LU);
    }

    /// From an integer, of which the right half is read: exact, or rounded in every mode.
    fcvt_s_w
    [rules "fcvt-s-w_op"]
    |p| {
        convert::from_integer(p, &SINGLE, &convert::W);
    }

    /// From an integer, of which the right half is read: exact, or rounded in every mode.
    fcvt_s_wu
    [rules "fcvt-s-wu_op"]
    |p| {
        convert::from_integer(p, &SINGLE, &convert::WU);
    }

    /// From an integer, of which the right half is read: exact, or rounded in every mode.
    fcvt_s_l
    [rules "fcvt-s-l_op"]
    |p| {
        convert::from_integer(p, &SINGLE, &convert::L);
    }

    /// From an integer, of which the right half is read: exact, or rounded in every mode.
    fcvt_s_lu
    [rules "fcvt-s-lu_op"]
    |p| {
        convert::from_integer(p, &SINGLE, &convert::LU);
    }
}
