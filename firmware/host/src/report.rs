//! The table at the end: how often each virtual hart's guest exited, by cause.

use alloc::vec::Vec;
use core::fmt::{Display, Write as _};

use hyp::exit::Counts;
use isa::cause::Cause;

use crate::console::{Console, println};

/// How a machine's run went.
pub(crate) struct Report {
    pub(crate) number: usize,
    pub(crate) guest: &'static str,
    pub(crate) passed: bool,
    /// Of each virtual hart.
    pub(crate) counts: Vec<Counts>,
}

/// Prints the table, a column for each virtual hart.
pub(crate) fn print(reports: &[Report]) {
    let columns = || {
        reports
            .iter()
            .flat_map(|report| report.counts.iter().enumerate().map(move |(n, counts)| (report, n, counts)))
    };
    println!("host: world switches by cause");
    row("", columns().map(|(report, ..)| ["vm1", "vm2"][report.number - 1]));
    row("", columns().map(|(report, ..)| report.guest));
    row("virtual hart", columns().map(|(_, n, _)| n));
    for cause in (0..64).flat_map(|code| [code, 1 << 63 | code]).filter_map(Cause::from_bits) {
        if columns().any(|(.., counts)| counts.get(cause) != 0) {
            row(cause, columns().map(|(.., counts)| counts.get(cause)));
        }
    }
    row("all", columns().map(|(.., counts)| counts.total()));
    row("", columns().map(|(report, ..)| if report.passed { "passed" } else { "FAILED" }));
}

fn row(name: impl Display, cells: impl Iterator<Item = impl Display>) {
    let _ = write!(Console, "{name:<32}");
    for cell in cells {
        let _ = write!(Console, "{cell:>8}");
    }
    println!();
}
