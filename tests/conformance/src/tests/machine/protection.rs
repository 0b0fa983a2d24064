//! What tests of physical memory protection share: entries, and accesses that pass or fault.

use crate::Program;
use crate::prelude::*;

pub(in crate::tests) const R: u64 = 1;
pub(in crate::tests) const W: u64 = 2;
pub(in crate::tests) const X: u64 = 4;
pub(in crate::tests) const A_TOR: u64 = 1 << 3;
pub(in crate::tests) const A_NA4: u64 = 2 << 3;
pub(in crate::tests) const A_NAPOT: u64 = 3 << 3;
pub(in crate::tests) const L: u64 = 0x80;

/// The address register of a NAPOT region.
pub(in crate::tests) fn napot(base: u64, size: u64) -> u64 {
    base >> 2 | (size / 8 - 1)
}

/// Lets the last of sixteen entries open everything, so that the first eight are the test's.
pub(in crate::tests) fn open(p: &mut Program) {
    p.write_csr(csr::pmpaddr0::NUMBER + 15, u64::MAX >> 10);
    p.write_csr(csr::pmpcfg0::NUMBER + 2, (A_NAPOT | R | W | X) << 56);
    p.write_csr(csr::pmpcfg0::NUMBER, 0);
}

/// A page with a RET in each word.
pub(in crate::tests) fn page(p: &mut Program) -> u64 {
    let page = p.page();
    for offset in (0..PAGE_SIZE).step_by(8) {
        p.put(page + offset, RET << 32 | RET);
    }
    page
}

/// `jalr zero, 0(ra)`.
pub(in crate::tests) const RET: u64 = 0x8067;

/// Loads, stores and fetches at a word that holds [`RET`]: those of `allowed`, `r`, `w` and `x`, pass.
pub(in crate::tests) fn probe(p: &mut Program, address: u64, allowed: &str) {
    p.li(A0, address).li(A1, RET);
    access(p, allowed.contains('r'), trap(Exception::LoadAccessFault, Mode::M).tval(address), |p| {
        p.lw(A2, 0, A0);
    });
    access(p, allowed.contains('w'), trap(Exception::StoreAccessFault, Mode::M).tval(address), |p| {
        p.sw(A1, 0, A0);
    });
    let fetch = trap(Exception::InstAccessFault, Mode::M).tval(address).epc(address);
    access(p, allowed.contains('x'), fetch, |p| {
        p.jalr(RA, 0, A0);
    });
}

fn access(p: &mut Program, passes: bool, fault: crate::Trap, body: impl FnOnce(&mut Program)) {
    if passes {
        body(p);
    } else {
        p.expect_trap(fault, body);
    }
}
