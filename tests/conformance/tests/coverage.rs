//! Which rules and corner cases have tests, and that the number of those without only falls.
//!
//! `tests/missing.tsv` holds how many may be missing, by chapter. With `MISSING=chapter` the tests are
//! followed by a list of what that chapter lacks.

use std::collections::{BTreeMap, BTreeSet};

use conformance::{Rule, cases, chapters, suite};
use iss::variant::{KNOBS, Knob};

const ALLOWED: &str = include_str!("missing.tsv");

/// The rules that tests name.
fn covered() -> BTreeSet<&'static str> {
    suite().flat_map(|test| test.rules).copied().collect()
}

/// The knobs that leave a choice to the hart, and are turned by no test of the rule that says so.
fn unturned() -> Vec<String> {
    let turned = |knob: &Knob| {
        let sets = |settings: &str| settings.split(',').any(|part| part.split('=').next() == Some(knob.name));
        suite().any(|test| test.rules.contains(&knob.rule) && test.cpus.iter().any(|cpu| sets(cpu)))
    };
    let knobs = KNOBS.iter().filter(|knob| !knob.rule.is_empty() && !turned(knob));
    knobs.map(|knob| format!("{} (rule {})", knob.name, knob.rule)).collect()
}

/// What has no test, by chapter; `cases` for the corner cases, `knobs` for those of `--cpu`.
fn missing() -> BTreeMap<&'static str, Vec<String>> {
    let covered = covered();
    let mut missing: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for chapter in chapters() {
        let without = |rule: &Rule| rule.exempt.is_empty() && !covered.contains(rule.name);
        missing
            .insert(chapter.name, chapter.rules().filter(without).map(|rule| rule.name.to_owned()).collect());
    }
    let tested: BTreeSet<u8> = suite().flat_map(|test| test.cases).copied().collect();
    let cases = cases().filter(|case| case.exempt.is_empty() && !tested.contains(&case.number));
    missing.insert("cases", cases.map(|case| format!("{} {}", case.number, case.what)).collect());
    missing.insert("knobs", unturned());
    missing
}

#[test]
fn what_is_missing_only_becomes_less() {
    let missing = missing();
    if let Ok(wanted) = std::env::var("MISSING") {
        for name in missing.get(wanted.as_str()).into_iter().flatten() {
            println!("{wanted}: no test: {name}");
        }
    }
    let mut allowed = BTreeMap::new();
    for line in ALLOWED.lines().filter(|line| !line.starts_with('#')) {
        let (name, count) = line.split_once('\t').expect("chapter, tab, number");
        allowed.insert(name, count.parse::<usize>().expect("a number"));
    }
    for (name, rules) in &missing {
        println!("{name}: {} missing", rules.len());
        let most = allowed.get(name).copied().unwrap_or(0);
        assert!(
            rules.len() <= most,
            "{name}: {} have no test, {most} may; run with MISSING={name} to see which",
            rules.len()
        );
    }
    for name in allowed.keys() {
        assert!(missing.contains_key(name), "tests/missing.tsv: there is no chapter '{name}'");
    }
}

#[test]
fn tests_name_rules_and_cases_that_there_are() {
    let all: BTreeSet<&str> = chapters().iter().flat_map(|c| c.rules()).map(|rule| rule.name).collect();
    let numbers: BTreeSet<u8> = cases().map(|case| case.number).collect();
    for test in suite() {
        for rule in test.rules {
            assert!(all.contains(rule), "{}: the manual has no rule '{rule}'", test.name);
        }
        for case in test.cases {
            assert!(numbers.contains(case), "{}: there is no corner case {case}", test.name);
        }
    }
}

#[test]
fn tests_suit_the_harts_that_they_name() {
    for test in suite() {
        for (spec, cpu) in test.harts().unwrap_or_else(|error| panic!("{}: {error}", test.name)) {
            assert!(test.suits(&cpu), "{} cannot run on {spec}", test.name);
        }
    }
}

#[test]
fn knobs_name_rules_that_there_are() {
    let all: BTreeSet<&str> = chapters().iter().flat_map(|c| c.rules()).map(|rule| rule.name).collect();
    for knob in iss::variant::KNOBS.iter().filter(|knob| !knob.rule.is_empty()) {
        assert!(all.contains(knob.rule), "{}: the manual has no rule '{}'", knob.name, knob.rule);
    }
}

#[test]
fn no_rule_is_both_tested_and_exempt() {
    let covered = covered();
    for rule in chapters().iter().flat_map(|chapter| chapter.rules()) {
        let exempt = !rule.exempt.is_empty();
        assert!(!(exempt && covered.contains(rule.name)), "{} has a test and a reason for none", rule.name);
    }
}

#[test]
fn names_are_unique() {
    let mut names = BTreeSet::new();
    for test in suite() {
        assert!(names.insert(test.name), "two tests are called {}", test.name);
    }
    let mut rules = BTreeSet::new();
    for rule in chapters().iter().flat_map(|chapter| chapter.rules()) {
        assert!(rules.insert(rule.name), "two rules are called {}", rule.name);
    }
}
