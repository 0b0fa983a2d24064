//! The state-enable registers: what they hold, level by level, and who may touch them.

use isa::ext::Ext;

use crate::Program;
use crate::prelude::*;

const MSTATEEN: u16 = csr::mstateen0::NUMBER;
const SSTATEEN: u16 = csr::sstateen0::NUMBER;
const HSTATEEN: u16 = csr::hstateen0::NUMBER;

/// Bit 63, which every mstateen and hstateen has.
const SE: u64 = csr::mstateen0::SE0.mask();

/// What register `n` of mstateen and hstateen can hold: access to the lower registers, and in the first access to
/// the environment configuration. The state of all other bits is of extensions that no hart here has.
fn writable(n: u16) -> u64 {
    if n == 0 { SE | csr::mstateen0::ENVCFG.mask() } else { SE }
}

/// Reads `number` in the current mode, which runs or raises `exception`.
fn access(p: &mut Program, number: u16, exception: Option<Exception>) {
    match exception {
        None => {
            p.csrr(A0, number).csrw(number, A0);
        }
        Some(exception) => {
            p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| {
                p.csrr(A0, number);
            });
            p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| {
                p.csrw(number, A0);
            });
        }
    }
}

conformance_tests! {
    /// mstateen1 to mstateen3 are zero after reset; the framework has written mstateen0.
    mstateen_is_zero_after_reset
    [rules "mstateen_zero_initialization"]
    [needs Smstateen]
    |p| {
        for n in 1..4 {
            p.check_csr(MSTATEEN + n, 0, "mstateen after reset");
        }
    }

    /// Four registers of each level, of which exactly the bits are writable that control something.
    state_enables_hold_what_they_control
    [rules "mstateen_rv64_csrs" "sstateen_rv64_csrs" "STATEEN_WARL_ACCESS" "stateen_unimplemented_state_roz" "stateen_reserved_roz" "sstateen_encroachment_bits_roz" "sstateen_ro1_bits" "mstateen_bit_correspondence" "mstateen_bit_63_roz"]
    [needs Smstateen]
    [cpus "h=off"]
    |p| {
        for n in 0..4 {
            p.check_writable(MSTATEEN + n, writable(n), 0);
            p.write_csr(MSTATEEN + n, u64::MAX);
            p.check_writable(SSTATEEN + n, 0, 0);
        }
    }

    /// hstateen is laid out as mstateen, with bit 63 writable in each of the four.
    hstateen_is_laid_out_as_mstateen
    [rules "hstateen_rv64_csrs" "hstateen_encoding" "hstateen_bit_63_writable" "hstateen_ro1_bits" "STATEEN_WARL_ACCESS" "mstateen_bit_63_roz"]
    [needs Smstateen H]
    |p| {
        for n in 0..4 {
            p.write_csr(MSTATEEN + n, u64::MAX);
            p.check_writable(HSTATEEN + n, writable(n), 0);
            p.write_csr(MSTATEEN + n, 0);
            p.check_writable(HSTATEEN + n, 0, 0);
        }
    }

    /// Bit 63 of an mstateen opens the sstateen and hstateen of the same number, and no other, to the modes below
    /// M; M-mode itself never needs it.
    bit_63_of_mstateen_opens_registers_below
    [rules "stateen_op" "stateen_illegal_state_access" "mstateen_bit_63_op" "mstateen0_se0_op" "sstateen_user_access_control"]
    [needs Smstateen H]
    |p| {
        for open in 0..4 {
            for n in 0..4 {
                p.write_csr(MSTATEEN + n, if n == open { SE } else { !SE });
                access(p, SSTATEEN + n, None);
                access(p, HSTATEEN + n, None);
            }
            for n in 0..4 {
                p.write_csr(HSTATEEN + n, u64::MAX);
                let denied = (n != open).then_some(Exception::IllegalInst);
                p.in_mode(Mode::HS, |p| {
                    access(p, SSTATEEN + n, denied);
                    access(p, HSTATEEN + n, denied);
                });
                // The CSRs of a higher level are virtual where HS-mode could reach them.
                p.in_mode(Mode::VS, |p| {
                    access(p, SSTATEEN + n, denied);
                    access(p, HSTATEEN + n, denied.or(Some(Exception::VirtualInst)));
                });
                p.in_mode(Mode::U, |p| access(p, SSTATEEN + n, Some(Exception::IllegalInst)));
            }
        }
    }

    /// Bit 63 of an hstateen opens the guest's sstateen of the same number; HS-mode itself does not need it.
    bit_63_of_hstateen_opens_the_guests_register
    [rules "stateen_op" "stateen_illegal_state_access" "hstateen_bit_63_op" "hstateen0_se0_op" "sstateen_vsmode_access_roz"]
    [needs Smstateen H]
    |p| {
        for open in 0..4 {
            for n in 0..4 {
                p.write_csr(MSTATEEN + n, u64::MAX);
                p.write_csr(HSTATEEN + n, if n == open { SE } else { !SE });
            }
            for n in 0..4 {
                let denied = (n != open).then_some(Exception::VirtualInst);
                p.in_mode(Mode::HS, |p| access(p, SSTATEEN + n, None));
                p.in_mode(Mode::VS, |p| {
                    access(p, SSTATEEN + n, denied);
                    if denied.is_none() {
                        p.check_writable(SSTATEEN + n, 0, 0);
                    }
                });
                p.in_mode(Mode::VU, |p| access(p, SSTATEEN + n, Some(Exception::VirtualInst)));
            }
        }
    }

    /// Without the hypervisor extension, too, ENVCFG of mstateen0 opens senvcfg to S-mode, and only to it.
    envcfg_opens_senvcfg
    [rules "mstateen0_envcfg_op" "stateen_illegal_state_access"]
    [needs Smstateen]
    [cpus "h=off"]
    |p| {
        let envcfg = csr::mstateen0::ENVCFG.mask();
        for open in [true, false] {
            p.write_csr(MSTATEEN, if open { envcfg } else { !envcfg });
            access(p, csr::senvcfg::NUMBER, None);
            let denied = (!open).then_some(Exception::IllegalInst);
            p.in_mode(Mode::HS, |p| access(p, csr::senvcfg::NUMBER, denied));
        }
    }

    /// A hart without state enables has none of the registers, and nothing is kept from S-mode.
    without_state_enables_there_are_no_registers
    [rules "STATEEN_WARL_ACCESS"]
    [cpus "smstateen=off"]
    |p| {
        if !p.cpu().has(Ext::Smstateen) {
            for n in 0..4 {
                access(p, MSTATEEN + n, Some(Exception::IllegalInst));
                p.in_mode(Mode::HS, |p| access(p, SSTATEEN + n, Some(Exception::IllegalInst)));
            }
            p.in_mode(Mode::HS, |p| access(p, csr::senvcfg::NUMBER, None));
        }
    }
}
