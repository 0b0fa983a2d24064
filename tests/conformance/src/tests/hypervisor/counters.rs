//! hcounteren, with mcounteren above it and scounteren below.

use crate::Program;
use crate::prelude::*;

conformance_tests! {
    /// hcounteren and scounteren have 32 bits, those that the hart implements writable and the others zero.
    counter_enables_have_32_bits
    [rules "hcounteren_sz" "HCOUNTEREN_WARL"]
    [cases 72]
    [needs H Zihpm]
    [cpus "hcounteren=0" "hcounteren=0x7"]
    |p| {
        p.check_writable(csr::hcounteren::NUMBER, p.cpu().hcounteren.into(), 0);
        p.check_writable(csr::scounteren::NUMBER, p.cpu().scounteren.into(), 0);
        let one = u64::from(p.cpu().hcounteren) & 0b101;
        p.in_mode(Mode::HS, |p| p.check_write(csr::hcounteren::NUMBER, 0b101, one, "hcounteren written in HS-mode"));
    }

    /// A counter is illegal in a guest if mcounteren keeps it in M-mode, and else virtual if hcounteren
    /// keeps it in HS-mode or, in VU-mode, if scounteren keeps it in VS-mode.
    counters_under_the_three_enables
    [rules
        "hcounteren_op" "H_virtinst_vs_nonhighctr_h0_m1" "H_virtinst_vu_nonhighctr_h0_s0_m1" "H_scsrs_nomatch"]
    [cases 71]
    [needs H Zihpm]
    [only |cpu| cpu.mcounteren == u32::MAX]
    [cpus "hcounteren=0x7"]
    |p| {
        for counter in [csr::cycle::NUMBER, csr::time::NUMBER, csr::instret::NUMBER, HPMCOUNTER4, HPMCOUNTER31] {
            let bit = 1 << (counter - csr::cycle::NUMBER);
            for gates in 0..8 {
                let gate = |n: u32| gates >> n & 1 == 1;
                // Either this one alone or all but this one, so that each counter has a bit of its own.
                let value = |n: u32| if gate(n) { bit } else { !bit };
                p.write_csr(csr::mcounteren::NUMBER, value(0));
                p.write_csr(csr::hcounteren::NUMBER, value(1));
                p.write_csr(csr::scounteren::NUMBER, value(2));
                let hcounteren = gate(1) && u64::from(p.cpu().hcounteren) & bit != 0;
                let rows = [
                    (Mode::HS, true, Exception::IllegalInst),
                    (Mode::U, gate(2), Exception::IllegalInst),
                    (Mode::VS, hcounteren, Exception::VirtualInst),
                    (Mode::VU, hcounteren && gate(2), Exception::VirtualInst),
                ];
                read(p, counter);
                for (mode, allowed, otherwise) in rows {
                    let expected = match (gate(0), allowed) {
                        (false, _) => Some(Exception::IllegalInst),
                        (true, false) => Some(otherwise),
                        (true, true) => None,
                    };
                    p.in_mode(mode, |p| match expected {
                        Some(exception) => {
                            p.expect_trap(trap(exception, Mode::M).tval_inst(), |p| read(p, counter));
                        }
                        None => read(p, counter),
                    });
                }
            }
        }
    }
}

const HPMCOUNTER4: u16 = csr::hpmcounter3::NUMBER + 1;
const HPMCOUNTER31: u16 = csr::hpmcounter3::NUMBER + 28;

fn read(p: &mut Program, counter: u16) {
    p.csrr(A0, counter);
}
