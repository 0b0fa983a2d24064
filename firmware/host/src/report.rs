//! The table at the end: how often each machine's guest exited, by cause.

use core::fmt::{Display, Write as _};

use hyp::exit::Counts;
use isa::cause::Cause;

use crate::console::{Console, println};

/// How a machine's run went.
pub(crate) struct Report {
    pub(crate) number: usize,
    pub(crate) guest: &'static str,
    pub(crate) passed: bool,
    pub(crate) counts: Counts,
}

/// Prints the table, a column for each machine.
pub(crate) fn print(reports: &[Option<Report>]) {
    let reports = || reports.iter().flatten();
    println!("host: world switches by cause");
    row("", reports().map(|report| ["vm1", "vm2"][report.number - 1]));
    row("", reports().map(|report| report.guest));
    for cause in (0..64).flat_map(|code| [code, 1 << 63 | code]).filter_map(Cause::from_bits) {
        if reports().any(|report| report.counts.get(cause) != 0) {
            row(cause, reports().map(|report| report.counts.get(cause)));
        }
    }
    row("all", reports().map(|report| report.counts.total()));
    row("", reports().map(|report| if report.passed { "passed" } else { "FAILED" }));
}

fn row(name: impl Display, cells: impl Iterator<Item = impl Display>) {
    let _ = write!(Console, "{name:<32}");
    for cell in cells {
        let _ = write!(Console, "{cell:>8}");
    }
    println!();
}
