//! hgatp and vsatp as they choose the stages: modes that are not there, and the root's alignment.

use super::guest::{GPA, U_ALL};
use crate::prelude::*;

/// MODE encodings that no scheme has.
const RESERVED: [u64; 4] = [1, 7, 11, 15];

conformance_tests! {
    /// The root is aligned to 16 KiB: the two low bits of hgatp's PPN read zero, and do not count.
    hgatp_root_alignment
    [rules "hgatp_mode_x4"]
    [cases 30]
    [needs H]
    |p| {
        let (table, page) = (p.table(&SV39X4), p.page());
        p.identity(table);
        p.map(table, GPA, page, U_ALL);
        p.put(page, 0x41);
        for low in 0..4 {
            p.check_write(csr::hgatp::NUMBER, table.atp(0) | low, table.atp(0), "hgatp, PPN aligned");
            p.hfence_gvma(ZERO, ZERO);
            p.li(A0, GPA).hlv_d(A1, A0);
            p.check_eq(A1, 0x41, "a load through the root");
        }
    }

    /// hgatp takes the modes that the hart has; one that it does not have leaves MODE legal, and the
    /// other fields take what is written.
    hgatp_unsupported_modes
    [rules "hgatp_mode_x4"]
    [cases 31 35]
    [needs H]
    [cpus "hgatp=sv39x4" "hgatp=sv48x4" "hgatp=sv39x4,satp=sv57,vsatp=sv57"]
    |p| {
        let schemes = p.schemes(csr::hgatp::NUMBER);
        let mode = csr::hgatp::MODE;
        let all: Vec<u64> = [SV39X4, SV48X4, SV57X4].iter().map(|scheme| scheme.mode).collect();
        for scheme in &schemes {
            let value = mode.of(scheme.mode) | csr::hgatp::PPN.of(0x8_0000);
            p.check_write(csr::hgatp::NUMBER, value, value, scheme.name);
        }
        let absent = all.into_iter().filter(|mode| schemes.iter().all(|scheme| scheme.mode != *mode));
        for encoding in absent.chain(RESERVED) {
            p.write_csr(csr::hgatp::NUMBER, mode.of(SV39X4.mode) | csr::hgatp::PPN.of(0x8_0000));
            p.write_csr(csr::hgatp::NUMBER, mode.of(encoding) | csr::hgatp::PPN.of(0x9_0000));
            p.csrr(A0, csr::hgatp::NUMBER);
            p.srli(A1, A0, 60);
            p.check_ne(A1, encoding, "MODE after writing one that is not there");
            p.check_bits(A0, csr::hgatp::PPN.mask(), csr::hgatp::PPN.of(0x9_0000), "PPN written with it");
        }
    }
}
