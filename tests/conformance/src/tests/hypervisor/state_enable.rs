//! mstateen0 and hstateen0 between M-mode, HS-mode and a guest.

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// Without ENVCFG of mstateen0 the environment configuration is illegal below M-mode; without that of
    /// hstateen0 the guest's senvcfg is virtual.
    environment_configuration_under_state_enables
    [rules "mstateen0_envcfg_op" "hstateen0_envcfg_op"]
    [cases 76]
    [needs H Smstateen]
    |p| {
        let bit = csr::mstateen0::ENVCFG.mask();
        let (senvcfg, henvcfg) = (csr::senvcfg::NUMBER, csr::henvcfg::NUMBER);
        under_gates(p, bit, |p, mode, own, guest| {
            let (illegal, virtual_instruction) = (Some(Exception::IllegalInst), Some(Exception::VirtualInst));
            let (of_senvcfg, of_henvcfg) = match (mode, own) {
                (Mode::HS, true) => (None, None),
                (_, false) => (illegal, illegal),
                (Mode::VS, true) if guest => (None, virtual_instruction),
                (_, true) => (virtual_instruction, virtual_instruction),
            };
            access(p, senvcfg, of_senvcfg);
            access(p, henvcfg, of_henvcfg);
        });
    }

    /// Without SE0 of mstateen0 the lower state enables are illegal below M-mode; without that of hstateen0 the
    /// guest's sstateen0 is virtual.
    state_enables_under_state_enables
    [rules "mstateen0_se0_op" "hstateen0_se0_op" "mstateen_bit_63_op" "hstateen_bit_63_op"]
    [cases 76]
    [needs H Smstateen]
    |p| {
        let bit = csr::mstateen0::SE0.mask();
        under_gates(p, bit, |p, mode, own, guest| {
            let (illegal, virtual_instruction) = (Some(Exception::IllegalInst), Some(Exception::VirtualInst));
            let (of_sstateen, of_hstateen) = match (mode, own) {
                (Mode::HS, true) => (None, None),
                (_, false) => (illegal, illegal),
                (Mode::VS, true) if guest => (None, virtual_instruction),
                (_, true) => (virtual_instruction, virtual_instruction),
            };
            access(p, csr::sstateen0::NUMBER, of_sstateen);
            access(p, csr::hstateen0::NUMBER, of_hstateen);
        });
    }

    /// A bit that is zero in mstateen0 is read-only zero in hstateen0, which has its value again afterwards.
    hstateen_shows_what_mstateen_allows
    [rules "mstateen_lower_priv_roz" "hstateen_encoding"]
    [cases 76]
    [needs H Smstateen]
    |p| {
        let (se0, envcfg) = (csr::mstateen0::SE0.mask(), csr::mstateen0::ENVCFG.mask());
        let both = se0 | envcfg;
        for hidden in [se0, envcfg] {
            p.write_csr(csr::mstateen0::NUMBER, both);
            p.write_csr(csr::hstateen0::NUMBER, both);
            p.check_csr_bits(csr::hstateen0::NUMBER, both, both, "hstateen0 with all allowed");
            p.write_csr(csr::mstateen0::NUMBER, both & !hidden);
            p.check_csr_bits(csr::hstateen0::NUMBER, both, both & !hidden, "hstateen0 with one bit hidden");
            p.write_csr(csr::hstateen0::NUMBER, 0);
            p.check_csr_bits(csr::hstateen0::NUMBER, both, 0, "hstateen0 after writing zeros");
            p.write_csr(csr::mstateen0::NUMBER, both);
            p.check_csr_bits(csr::hstateen0::NUMBER, both, hidden, "hstateen0 with all allowed again");
            // A hidden bit is not written to one either.
            p.write_csr(csr::hstateen0::NUMBER, 0);
            p.write_csr(csr::mstateen0::NUMBER, both & !hidden);
            p.write_csr(csr::hstateen0::NUMBER, both);
            p.write_csr(csr::mstateen0::NUMBER, both);
            p.check_csr_bits(
                csr::hstateen0::NUMBER,
                both,
                both & !hidden,
                "a bit written while it was hidden",
            );
        }
    }
}

/// Runs `body` in HS-, VS- and VU-mode with `bit` of mstateen0 and of hstateen0 set and clear, the other bits the
/// other way round.
fn under_gates(p: &mut Program, bit: u64, body: impl Fn(&mut Program, Mode, bool, bool)) {
    for (own, guest) in [(true, true), (true, false), (false, true), (false, false)] {
        let value = |set| if set { bit } else { !bit };
        p.write_csr(csr::mstateen0::NUMBER, u64::MAX);
        p.write_csr(csr::hstateen0::NUMBER, value(guest));
        p.write_csr(csr::mstateen0::NUMBER, value(own));
        for mode in [Mode::HS, Mode::VS, Mode::VU] {
            p.in_mode(mode, |p| body(p, mode, own, guest));
        }
    }
}

/// Reads a CSR, and writes the same back, which traps as said.
fn access(p: &mut Program, number: u16, exception: Option<Exception>) {
    let (read, write) = (
        |p: &mut Program| {
            p.csrr(A0, number);
        },
        |p: &mut Program| {
            p.csrw(number, A0);
        },
    );
    match exception {
        Some(exception) => {
            p.expect_trap(trap(exception, Mode::M).tval_inst(), read);
            p.expect_trap(trap(exception, Mode::M).tval_inst(), write);
        }
        None => {
            read(p);
            write(p);
        }
    }
}
