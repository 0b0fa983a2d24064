//! A fault, and planting it.

use std::fmt::Write;

use anyhow::{Result, bail, ensure};

/// A change to a few words of one file.
#[derive(Debug)]
pub(super) struct Fault {
    /// What goes wrong; unique.
    pub(super) name: &'static str,
    /// The corner cases that it brings back: rows of the conformance suite's `cases.tsv`.
    pub(super) cases: &'static [u8],
    /// The file, from the root of the workspace.
    pub(super) file: &'static str,
    /// A piece of the file that occurs once; between « and », the expression or statements to be replaced.
    pub(super) place: &'static str,
    /// What stands there instead.
    pub(super) faulty: &'static str,
    /// Why a hart with the fault still does what the manual asks, where that is so.
    pub(super) equivalent: Option<&'static str>,
}

/// The faults of one file: `name [cases] r"place «original»" => r"faulty";`, and after the faulty text, where no test
/// can notice, `equivalent "why"`.
macro_rules! faults {
    ($file:literal: $($name:ident [$($case:literal)*] $place:literal => $faulty:literal $(equivalent $why:literal)?;)+) => {
        &[$(Fault {
            name: stringify!($name),
            cases: &[$($case),*],
            file: $file,
            place: $place,
            faulty: $faulty,
            equivalent: [$(Some($why),)? None][0],
        }),+]
    };
}
pub(super) use faults;

/// The part of a file that a fault replaces.
struct Span<'a> {
    start: usize,
    original: &'a str,
    /// The faults that replace it, by number.
    faults: Vec<(u32, &'a Fault)>,
}

/// `text` with each of the faults in it, to be switched on by its number.
///
/// # Errors
/// A fault whose place does not occur exactly once, or lies across another's.
pub(super) fn plant(text: &str, faults: &[(u32, &Fault)]) -> Result<String> {
    let mut spans: Vec<Span<'_>> = Vec::new();
    for &(number, fault) in faults {
        let (start, length) = locate(text, fault)?;
        let original = &text[start..start + length];
        match spans.iter_mut().find(|span| span.start == start && span.original == original) {
            Some(span) => span.faults.push((number, fault)),
            None => spans.push(Span { start, original, faults: vec![(number, fault)] }),
        }
    }
    spans.sort_by_key(|span| span.start);
    // A file of `isa` knows that crate by another name.
    let switch = |fault: &Fault| if fault.file.starts_with("crates/isa/") { "crate" } else { "isa" };
    let (mut planted, mut end) = (String::new(), 0);
    for span in &spans {
        let (_, first) = span.faults[0];
        ensure!(span.start >= end, "the place of {} overlaps another's", first.name);
        planted.push_str(&text[end..span.start]);
        end = span.start + span.original.len();
        let is_statement = span.original.ends_with([';', '}']);
        planted.push_str(if is_statement { "" } else { "(" });
        write!(planted, "match {}::mutant::active() {{ ", switch(first))?;
        for (number, fault) in &span.faults {
            match is_statement {
                true => write!(planted, "{number} => {{ {} }} ", fault.faulty)?,
                false => write!(planted, "{number} => {}, ", fault.faulty)?,
            }
        }
        match is_statement {
            true => write!(planted, "_ => {{ {} }} }}", span.original)?,
            false => write!(planted, "_ => {} }})", span.original)?,
        }
    }
    planted.push_str(&text[end..]);
    Ok(planted)
}

/// Where the original of a fault begins in `text`, and its length.
fn locate(text: &str, fault: &Fault) -> Result<(usize, usize)> {
    let name = fault.name;
    let parts: Vec<&str> = fault.place.split(['«', '»']).collect();
    let [before, original, after] = parts[..] else {
        bail!("{name}: its place is not of the form: before «original» after");
    };
    let wanted = [before, original, after].concat();
    let mut found = text.match_indices(&wanted);
    match (found.next(), found.next()) {
        (Some((at, _)), None) => Ok((at + before.len(), original.len())),
        (None, _) => bail!("{name}: its place is not there: {wanted}"),
        _ => bail!("{name}: its place is there more than once: {wanted}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAULTS: &[Fault] = faults! { "crates/iss/src/x.rs":
        one [1] "a = «b»;" => "0";
        two [] "a = «b»;" => "1" equivalent "nobody looks";
        three [2 3] "«c();»" => "";
    };

    #[test]
    fn faults_are_planted_beside_the_original() {
        let numbered: Vec<(u32, &Fault)> = (1..).zip(FAULTS).collect();
        assert_eq!(
            plant("a = b; c();", &numbered).unwrap(),
            "a = (match isa::mutant::active() { 1 => 0, 2 => 1, _ => b }); \
             match isa::mutant::active() { 3 => {  } _ => { c(); } }"
        );
        assert_eq!(FAULTS[1].equivalent, Some("nobody looks"));
        assert_eq!((FAULTS[0].equivalent, FAULTS[2].cases), (None, &[2, 3][..]));
    }

    #[test]
    fn places_that_are_not_unique_are_refused() {
        let plant = |text| plant(text, &[(1, &FAULTS[0])]).unwrap_err().to_string();
        assert!(plant("a = c;").contains("one: its place is not there"));
        assert!(plant("a = b; a = b;").contains("more than once"));
    }
}
