//! The kernel's own account of the machine, beside its account of QEMU's.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context as _, Result, ensure};

use super::{Context, Outcome, has_qemu, needs_qemu};
use crate::linux::boot::Simulator;
use crate::project;

/// The document whose table has the lines that may differ, and why they do.
const EXPLAINED: &str = "docs/dmesg.md";

/// Numbers of harts on which boots are compared.
const HARTS: [usize; 3] = [1, 2, 8];

/// Every line of the kernel's on vhart's machine is one on QEMU's machine too, or explained; and every explanation
/// is of a line that there is.
pub(super) fn agrees(context: &Context) -> Result<Outcome> {
    if !has_qemu() {
        return Ok(needs_qemu());
    }
    let path = project::root().join(EXPLAINED);
    let text = fs::read_to_string(&path).with_context(|| format!("cannot read {EXPLAINED}"))?;
    let explained = patterns(&text);
    let mut unused: BTreeSet<&str> = explained.iter().copied().collect();
    let mut unexplained = BTreeSet::new();
    let mut count = 0;
    for harts in HARTS {
        let [vhart, qemu] = [Simulator::Vhart, Simulator::Qemu].map(|on| context.boot(on, harts));
        let (vhart, qemu) = (vhart?, qemu?);
        let theirs: BTreeSet<&str> = kernel_lines(&qemu.text).collect();
        for line in kernel_lines(&vhart.text) {
            let matching: Vec<&str> = explained.iter().copied().filter(|row| matches(row, line)).collect();
            unused.retain(|row| !matching.contains(row));
            if !theirs.contains(line) && matching.is_empty() {
                unexplained.insert(line.to_owned());
            }
            count += 1;
        }
    }
    let lines = |lines: Vec<&str>| lines.join("\n  ");
    ensure!(
        unexplained.is_empty(),
        "lines that QEMU's boot does not show and {EXPLAINED} does not explain:\n  {}",
        lines(unexplained.iter().map(String::as_str).collect())
    );
    ensure!(
        unused.is_empty(),
        "{EXPLAINED} explains lines that there are not:\n  {}",
        lines(unused.into_iter().collect())
    );
    Ok(Outcome::Passed(format!(
        "{count} lines, on QEMU too or explained by {} rows of {EXPLAINED}",
        explained.len()
    )))
}

/// The lines that the kernel has printed, without their times.
fn kernel_lines(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let (time, line) = line.strip_prefix('[')?.split_once("] ")?;
        time.trim().parse::<f64>().ok().map(|_| line.trim_end())
    })
}

/// The first column of the document's table: lines in backquotes, with `*` for what is not always the same.
fn patterns(document: &str) -> Vec<&str> {
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.filter_map(|row| Some(row.split_once("` |")?.0)).collect()
}

/// Whether the pieces of `pattern` between its stars are in `line`, one after the other, from its beginning to its end.
fn matches(pattern: &str, line: &str) -> bool {
    let mut pieces = pattern.split('*');
    let first = pieces.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let Some(last) = pieces.next_back() else { return rest.is_empty() };
    for piece in pieces {
        let Some(at) = rest.find(piece) else { return false };
        rest = &rest[at + piece.len()..];
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stars_stand_for_anything() {
        assert!(matches("a*c*", "abcd") && matches("a", "a") && matches("*", "") && matches("a**", "ab"));
        assert!(
            !matches("a", "ab") && !matches("a*c", "abcd") && !matches("ab*b", "ab") && !matches("b*", "ab")
        );
    }

    #[test]
    fn only_lines_with_a_time_are_the_kernels() {
        let text =
            "OpenSBI v1.6\n[    0.000000] Linux version\n[    1.25] \tindented \n[note] no\ninit: off\n";
        assert_eq!(kernel_lines(text).collect::<Vec<_>>(), ["Linux version", "\tindented"]);
    }

    #[test]
    fn the_table_is_read() {
        assert_eq!(
            patterns("# x\n| Line | Why |\n|---|---|\n| `one *` | because |\ntext `two`\n"),
            ["one *"]
        );
    }
}
