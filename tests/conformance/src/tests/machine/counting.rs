//! What tests of counters share: selectors, and what grows from one reading to the next.

use crate::Program;
use crate::prelude::*;

/// The first event selector.
pub(in crate::tests) const HPMEVENTS: u16 = csr::mhpmevent3::NUMBER;

/// Checks by how much a counter grows from one reading to the next: what it counts in `body`, and in the
/// first of the readings.
pub(in crate::tests) fn counted(p: &mut Program, counter: u16, growth: u64, body: impl FnOnce(&mut Program)) {
    p.csrr(A0, counter);
    body(p);
    p.csrr(A1, counter);
    p.sub(A1, A1, A0);
    p.check_eq(A1, growth, "what a counter has counted");
}
