//! Loads, stores and moves in double precision.

use isa::Op;

use super::super::float::{DOUBLE, transfer};
use crate::prelude::*;

conformance_tests! {
    /// A load has base, signed offset and width, and keeps every bit.
    fld
    [rules "fld_op" "fld_bits_maintained"]
    |p| {
        transfer::load(p, &DOUBLE, Op::fld);
    }

    /// A store has base, signed offset and width, keeps every bit, and changes nothing beside them.
    fsd
    [rules "fsd_op" "fsd_bits_maintained"]
    |p| {
        transfer::store(p, &DOUBLE, Op::fsd);
    }

    /// A move to an integer register keeps every bit and copies the sign upwards.
    fmv_x_d
    [rules "fmv-x-d_op" "fmv-x-d_op_bits_preserved"]
    |p| {
        transfer::move_to_x(p, &DOUBLE, Op::fmv_x_d);
    }

    /// A move from an integer register keeps every bit.
    fmv_d_x
    [rules "fmv-d-x_op" "fmv-d-x_op_bits_preserved"]
    |p| {
        transfer::move_from_x(p, &DOUBLE, Op::fmv_d_x);
    }
}
