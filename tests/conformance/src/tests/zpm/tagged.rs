//! What the tests of pointer masking share: settings, and addresses with something in their upper bits.

use isa::field::Field;

use crate::Program;
use crate::prelude::*;

/// The values of PMM that mask, with PMLEN.
pub(super) const LENGTHS: [(u64, u32); 2] = [(2, 7), (3, 16)];

/// PMM for PMLEN=16, and an address tag that it masks.
pub(super) const PM16: u64 = 3;
pub(super) const TAG: u64 = 0xa5a5 << 48;

/// Every field that sets pointer masking, with its CSR.
pub(super) const MACHINE: (u16, Field) = (csr::mseccfg::NUMBER, csr::mseccfg::PMM);
pub(super) const SUPERVISOR: (u16, Field) = (csr::menvcfg::NUMBER, csr::menvcfg::PMM);
pub(super) const GUEST: (u16, Field) = (csr::henvcfg::NUMBER, csr::henvcfg::PMM);
pub(super) const USER: (u16, Field) = (csr::senvcfg::NUMBER, csr::senvcfg::PMM);
pub(super) const GUEST_USER: (u16, Field) = (csr::hstatus::NUMBER, csr::hstatus::HUPMM);
pub(super) const ALL: [(u16, Field); 5] = [MACHINE, SUPERVISOR, GUEST, USER, GUEST_USER];

/// Sets the fields of [`ALL`]: `setting` to PMLEN=16, the others to no masking.
pub(super) fn mask_only(p: &mut Program, setting: (u16, Field)) {
    for (number, field) in ALL {
        p.clear_csr(number, field.mask());
    }
    p.set_csr(setting.0, setting.1.of(PM16));
}

/// A load from the physical address `page`, tagged, that finds `value` or is an access fault at the tagged
/// address, which M-mode takes.
pub(super) fn loads_if(p: &mut Program, masked: bool, page: u64, value: u64, load: fn(&mut Program)) {
    p.li(A0, page | TAG);
    if masked {
        load(p);
        p.check_eq(A1, value, "a load from a masked address");
    } else {
        let fault = trap(Exception::LoadAccessFault, Mode::M).tval(page | TAG);
        p.expect_trap(fault, load);
    }
}
