//! The manual's normative rules, by chapter, and what is said about those that do not apply.

/// One rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Rule {
    /// The manual's name for it.
    pub name: &'static str,
    /// The manual leaves a choice, so that it is tested at more than one.
    pub implementation_defined: bool,
    /// Why it does not apply; empty if it does.
    pub exempt: &'static str,
}

/// A corner case of the hypervisor extension that has been wrong in other simulators.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Case {
    /// Its number.
    pub number: u8,
    /// What a test must show.
    pub what: &'static str,
    /// Why there is no test; empty if there must be one.
    pub exempt: &'static str,
}

/// The corner cases, by number.
pub fn cases() -> impl Iterator<Item = Case> {
    rows(include_str!("../rules/cases.tsv")).map(|[number, what, exempt]| Case {
        number: number.parse().unwrap_or_default(),
        what,
        exempt,
    })
}

/// The rules of a table, as `rules/*.tsv` lists them.
pub(crate) fn rules(table: &'static str) -> impl Iterator<Item = Rule> {
    rows(table).map(|[name, choice, exempt]| Rule {
        name,
        implementation_defined: !choice.is_empty(),
        exempt,
    })
}

/// The rows of a table of three columns, without comments and headings.
fn rows(table: &'static str) -> impl Iterator<Item = [&'static str; 3]> {
    table.lines().filter(|line| !line.starts_with('#')).skip(1).map(|line| {
        let mut columns = line.split('\t');
        [(); 3].map(|()| columns.next().unwrap_or_default())
    })
}
