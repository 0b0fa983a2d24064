//! Loads, stores and moves in half precision.

use isa::Op;

use super::super::float::{HALF, transfer};
use crate::prelude::*;

conformance_tests! {
    /// A load has base, signed offset and width, and keeps every bit.
    flh
    [rules "flh_op" "flh_bits_maintained"]
    [needs Zfhmin]
    |p| {
        transfer::load(p, &HALF, Op::flh);
    }

    /// A store has base, signed offset and width, keeps every bit, and changes nothing beside them.
    fsh
    [rules "fsh_op" "fsh_bits_maintained"]
    [needs Zfhmin]
    |p| {
        transfer::store(p, &HALF, Op::fsh);
    }

    /// A move to an integer register keeps every bit and copies the sign upwards.
    fmv_x_h
    [rules "fmv-x-h_op" "fmv-x-h_op_bits_preserved" "fmv_half_bits_preserved"]
    [needs Zfhmin]
    |p| {
        transfer::move_to_x(p, &HALF, Op::fmv_x_h);
    }

    /// A move from an integer register keeps every bit.
    fmv_h_x
    [rules "fmv-h-x_op" "fmv-h-x_op_bits_preserved" "fmv_half_bits_preserved"]
    [needs Zfhmin]
    |p| {
        transfer::move_from_x(p, &HALF, Op::fmv_h_x);
    }
}
