//! Tests of the rule in `rules/sscounterenw.tsv`.

use super::shcounterenw::check_enable;
use crate::Test;
use crate::prelude::*;

pub(super) static TOPICS: &[&[Test]] = &[TESTS];

conformance_tests! {
    /// For each event counter that is not a read-only zero, scounteren has a bit that can be written.
    scounteren_has_every_event_counter
    [rules "sscounterenw_hpmcounter_scounteren"]
    [needs Sscounterenw]
    [cpus "hpm=4" "hpm=0" "hpm=4,scounteren=0x7f"]
    |p| {
        check_enable(p, csr::scounteren::NUMBER);
    }
}
