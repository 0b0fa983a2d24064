//! Loads, stores and moves in single precision.

use isa::Op;
use iss::variant::Misaligned;

use super::super::float::{SINGLE, transfer};
use crate::prelude::*;

conformance_tests! {
    /// A load has base, signed offset and width, and keeps every bit.
    flw
    [rules "flw_op" "flw_bits_maintained" "FP_transfer_instrs_narrow_transfer_in"]
    |p| {
        transfer::load(p, &SINGLE, Op::flw);
    }

    /// A store has base, signed offset and width, keeps every bit, and changes nothing beside them.
    fsw
    [rules "fsw_op" "fsw_bits_maintained" "FP_transfer_instrs_narrow_transfer_out"]
    |p| {
        transfer::store(p, &SINGLE, Op::fsw);
    }

    /// A move to an integer register keeps every bit and copies the sign upwards.
    fmv_x_w
    [rules "fmv-x-w_op" "FP_transfer_instrs_narrow_transfer_out"]
    |p| {
        transfer::move_to_x(p, &SINGLE, Op::fmv_x_w);
    }

    /// A move from an integer register keeps every bit.
    fmv_w_x
    [rules "fmv-w-x_op" "FP_transfer_instrs_narrow_transfer_in"]
    |p| {
        transfer::move_from_x(p, &SINGLE, Op::fmv_w_x);
    }

    /// Misaligned loads and stores are done, or trap: what the hart has been made to do.
    misaligned_floats
    [rules "fp_misaligned"]
    [cpus "misaligned=trap"]
    |p| {
        let (page, value) = (p.page(), SINGLE.n(-1.5));
        let trapping = p.cpu().misaligned == Misaligned::Trap;
        p.li(A1, page + 2).li(A0, value).fmv_d_x(FA1, A0).fmv_d_x(FA2, ZERO);
        if trapping {
            p.expect_trap(trap(Exception::StoreAddrMisaligned, Mode::M).tval(page + 2).any_tinst(), |p| {
                p.fsw(FA1, 0, A1);
            });
            p.expect_trap(trap(Exception::LoadAddrMisaligned, Mode::M).tval(page + 2).any_tinst(), |p| {
                p.flw(FA2, 0, A1);
            });
        } else {
            p.fsw(FA1, 0, A1).flw(FA2, 0, A1);
        }
        let (stored, loaded) = if trapping { (0, 0) } else { ((value & 0xffff_ffff) << 16, value) };
        p.check_memory(page, stored, "memory after a misaligned store");
        p.fmv_x_d(A0, FA2);
        p.check_eq(A0, loaded, "register after a misaligned load");
    }
}
