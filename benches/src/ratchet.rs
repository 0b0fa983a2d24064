//! The file of numbers that must not grow: a program, a tab and its number to two decimals, in each line.

use std::fmt::{self, Write};
use std::path::Path;

/// By how much a number may be above the file's before it counts: what a change elsewhere can do to inlining.
const MARGIN: f64 = 0.02;

/// The numbers that the file allows.
#[derive(Default)]
pub(crate) struct Ratchet {
    rows: Vec<(String, f64)>,
}

/// How a number compares with the file's.
#[derive(Clone, Copy, PartialEq, Debug)]
pub(crate) enum Verdict {
    /// The file has none.
    New,
    /// Within the margin of this one.
    Same(f64),
    /// Below this one by more than the margin.
    Below(f64),
    /// Above this one by more than the margin.
    Above(f64),
}

impl Verdict {
    /// The file's number.
    pub(crate) fn allowed(self) -> Option<f64> {
        match self {
            Verdict::New => None,
            Verdict::Same(allowed) | Verdict::Below(allowed) | Verdict::Above(allowed) => Some(allowed),
        }
    }

    /// Whether it fails.
    pub(crate) fn is_above(self) -> bool {
        matches!(self, Verdict::Above(_))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verdict::New => f.write_str("        -  new: UPDATE=1 writes it to the file"),
            Verdict::Same(allowed) => write!(f, "{allowed:>9.2}  ok"),
            Verdict::Below(allowed) => write!(
                f,
                "{allowed:>9.2}  less, by more than {:.0} %: UPDATE=1 writes it to the file",
                MARGIN * 100.0
            ),
            Verdict::Above(allowed) => {
                write!(f, "{allowed:>9.2}  above, by more than {:.0} %", MARGIN * 100.0)
            }
        }
    }
}

impl Ratchet {
    /// Reads the file; one that is not there allows nothing and forbids nothing.
    ///
    /// # Errors
    /// A file that is there but cannot be read.
    pub(crate) fn read(path: &Path) -> Result<Ratchet, String> {
        if !path.exists() {
            return Ok(Ratchet::default());
        }
        let text = std::fs::read_to_string(path).map_err(|error| error.to_string());
        text.and_then(|text| Ratchet::parse(&text)).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn parse(text: &str) -> Result<Ratchet, String> {
        let lines = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty());
        let row = |line: &str| {
            let (program, number) = line.split_once('\t')?;
            let number = number.parse().ok().filter(|number: &f64| number.is_finite() && 0.0 < *number)?;
            Some((program.to_owned(), number))
        };
        let rows = lines
            .map(|line| row(line).ok_or_else(|| format!("neither comment nor program and number: {line:?}")));
        Ok(Ratchet { rows: rows.collect::<Result<_, _>>()? })
    }

    /// Compares what was found of a program.
    pub(crate) fn judge(&self, program: &str, found: f64) -> Verdict {
        match self.rows.iter().find(|row| row.0 == program) {
            None => Verdict::New,
            Some(&(_, allowed)) if allowed * (1.0 + MARGIN) < found => Verdict::Above(allowed),
            Some(&(_, allowed)) if found < allowed * (1.0 - MARGIN) => Verdict::Below(allowed),
            Some(&(_, allowed)) => Verdict::Same(allowed),
        }
    }

    /// Makes `number` what a program may take.
    pub(crate) fn set(&mut self, program: &str, number: f64) {
        match self.rows.iter_mut().find(|row| row.0 == program) {
            Some(row) => row.1 = number,
            None => self.rows.push((program.to_owned(), number)),
        }
    }

    /// Writes the file, with the name of the compiler that has built vhart.
    ///
    /// # Errors
    /// Those of writing.
    pub(crate) fn write(&self, path: &Path, compiler: &str) -> Result<(), String> {
        std::fs::write(path, self.text(compiler)).map_err(|error| format!("{}: {error}", path.display()))
    }

    fn text(&self, compiler: &str) -> String {
        let mut text = format!(
            "# Host instructions for each guest instruction, by callgrind; `UPDATE=1 cargo xtask bench --callgrind` \
             writes them.\n# Compiled by {compiler}\n"
        );
        for (program, number) in &self.rows {
            let _ = writeln!(text, "{program}\t{number:.2}");
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_per_cent_either_way_are_the_same() {
        let ratchet = Ratchet::parse("# a comment\nT1\t100.00\n").unwrap();
        assert_eq!(ratchet.judge("T1", 101.9), Verdict::Same(100.0));
        assert_eq!(ratchet.judge("T1", 98.1), Verdict::Same(100.0));
        assert_eq!(ratchet.judge("T1", 102.1), Verdict::Above(100.0));
        assert_eq!(ratchet.judge("T1", 97.9), Verdict::Below(100.0));
        assert_eq!(ratchet.judge("T2", 1.0), Verdict::New);
    }

    #[test]
    fn what_is_written_can_be_read() {
        let mut ratchet = Ratchet::parse("T1\t3.50\nT2\t4.25\n").unwrap();
        ratchet.set("T2", 4.126);
        ratchet.set("BIG", 10.0);
        let text = ratchet.text("rustc 1.90.0");
        assert!(text.ends_with("# Compiled by rustc 1.90.0\nT1\t3.50\nT2\t4.13\nBIG\t10.00\n"), "{text}");
        assert_eq!(Ratchet::parse(&text).unwrap().judge("T2", 4.13), Verdict::Same(4.13));
    }

    #[test]
    fn other_lines_are_refused() {
        for text in ["T1 3.50\n", "T1\tmany\n", "T1\t0\n", "T1\tinf\n"] {
            assert!(Ratchet::parse(text).is_err(), "{text}");
        }
    }
}
