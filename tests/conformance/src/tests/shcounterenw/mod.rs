//! Tests of the rule in `rules/shcounterenw.tsv`.

use crate::Test;
use crate::prelude::*;

pub(super) static TOPICS: &[&[Test]] = &[TESTS];

conformance_tests! {
    /// For each event counter that is not a read-only zero, hcounteren has a bit that can be written.
    hcounteren_has_every_event_counter
    [rules "shcounterenw_hpmcounter_hcounteren"]
    [needs Shcounterenw]
    [cpus "hpm=4" "hpm=0" "hpm=4,hcounteren=0x7f"]
    |p| {
        check_enable(p, csr::hcounteren::NUMBER);
    }
}

/// Checks that a counter-enable register takes ones and zeros for each event counter that can hold one.
pub(super) fn check_enable(p: &mut crate::Program, register: u16) {
    for n in 3..32u16 {
        let skip = p.label();
        let counter = csr::mcycle::NUMBER + n;
        p.li(A0, 1).csrw(counter, A0).csrr(A0, counter);
        p.beqz(A0, skip);
        for value in [0, 1 << n] {
            p.write_csr(register, value);
            p.check_csr(register, value, "the enable of an event counter");
        }
        p.place(skip);
    }
}
