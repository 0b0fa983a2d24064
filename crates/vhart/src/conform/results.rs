//! What a run of the suite shows about each rule.

use std::collections::BTreeMap;

use conformance::{Outcome, Test, cases, chapters};
use serde::Serialize;

/// What a run of the suite shows.
#[derive(Serialize)]
pub(super) struct Results {
    pub chapters: Vec<ChapterResult>,
    pub cases: Vec<CaseResult>,
}

/// What it shows about the rules of one chapter.
#[derive(Serialize)]
pub(super) struct ChapterResult {
    pub name: &'static str,
    pub rules: Vec<RuleResult>,
    /// The tests of the chapter that have run.
    pub tests: Vec<TestResult>,
}

/// What it shows about one rule.
#[derive(Serialize)]
pub(super) struct RuleResult {
    pub name: &'static str,
    pub implementation_defined: bool,
    pub verdict: Verdict,
    /// Why the rule does not apply; empty if it does.
    pub reason: &'static str,
    pub tests: Vec<&'static str>,
}

/// What it shows about one corner case.
#[derive(Serialize)]
pub(super) struct CaseResult {
    pub number: u8,
    pub what: &'static str,
    pub verdict: Verdict,
    /// Why there is no test; empty if there must be one.
    pub reason: &'static str,
    pub tests: Vec<&'static str>,
}

/// What the tests of a rule say.
#[derive(Clone, Copy, PartialEq, Eq, Serialize, Debug)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// All that have run passed.
    Passed,
    /// One has failed.
    Failed,
    /// None has run.
    NotRun,
    /// The rule does not apply.
    NotApplicable,
    /// There is none.
    NoTest,
}

/// One test and its runs.
#[derive(Serialize)]
pub(super) struct TestResult {
    pub name: &'static str,
    pub doc: &'static str,
    pub rules: &'static [&'static str],
    pub cases: &'static [u8],
    pub needs: Vec<&'static str>,
    pub runs: Vec<RunResult>,
}

/// A test on one kind of hart.
#[derive(Serialize)]
pub(super) struct RunResult {
    /// The hart, as `--cpu` takes it.
    pub cpu: String,
    pub passed: bool,
    /// `pass`, or what was expected and what happened.
    pub outcome: String,
}

/// Rules by verdict.
#[derive(Clone, Copy, Default)]
pub(super) struct Count {
    pub passed: usize,
    pub failed: usize,
    pub not_run: usize,
    pub not_applicable: usize,
    pub no_test: usize,
}

impl Results {
    /// Puts the runs together, by chapter and rule.
    pub(super) fn new(runs: Vec<conformance::Run>) -> Results {
        let mut by_test: BTreeMap<&str, Vec<RunResult>> = BTreeMap::new();
        for conformance::Run { test, cpu, outcome } in runs {
            let run = RunResult { cpu, passed: outcome == Outcome::Passed, outcome: outcome.to_string() };
            by_test.entry(test.name).or_default().push(run);
        }
        let evidence = Evidence::new(&by_test);
        let cases = cases().map(|case| {
            let tests = evidence.cases.get(&case.number).cloned().unwrap_or_default();
            let verdict = evidence.verdict(case.exempt, &tests);
            CaseResult { number: case.number, what: case.what, verdict, reason: case.exempt, tests }
        });
        let cases = cases.collect();
        let rules = |chapter: &conformance::Chapter| {
            let rules = chapter.rules().map(|rule| {
                let tests = evidence.rules.get(rule.name).cloned().unwrap_or_default();
                RuleResult {
                    name: rule.name,
                    implementation_defined: rule.implementation_defined,
                    verdict: evidence.verdict(rule.exempt, &tests),
                    reason: rule.exempt,
                    tests,
                }
            });
            rules.collect()
        };
        let rules: Vec<Vec<RuleResult>> = chapters().iter().map(rules).collect();
        let chapters = chapters().iter().zip(rules).map(|(chapter, rules)| {
            let ran =
                chapter.tests().filter_map(|test| Some(TestResult::new(test, by_test.remove(test.name)?)));
            ChapterResult { name: chapter.name, rules, tests: ran.collect() }
        });
        Results { chapters: chapters.collect(), cases }
    }

    /// The tests that have run.
    pub(super) fn tests(&self) -> impl Iterator<Item = &TestResult> {
        self.chapters.iter().flat_map(|chapter| &chapter.tests)
    }

    /// How many runs there were.
    pub(super) fn runs(&self) -> usize {
        self.tests().map(|test| test.runs.len()).sum()
    }

    pub(super) fn count_cases(&self) -> Count {
        Count::of(self.cases.iter().map(|case| case.verdict))
    }
}

/// Which tests speak for a rule, and what they say.
struct Evidence {
    rules: BTreeMap<&'static str, Vec<&'static str>>,
    cases: BTreeMap<u8, Vec<&'static str>>,
    /// Of each test that has run, whether it passed every time.
    passed: BTreeMap<String, bool>,
}

impl Evidence {
    fn new(runs: &BTreeMap<&str, Vec<RunResult>>) -> Evidence {
        let mut evidence = Evidence {
            rules: BTreeMap::new(),
            cases: BTreeMap::new(),
            passed: runs
                .iter()
                .map(|(name, runs)| ((*name).to_owned(), runs.iter().all(|run| run.passed)))
                .collect(),
        };
        for test in conformance::suite() {
            for rule in test.rules {
                evidence.rules.entry(rule).or_default().push(test.name);
            }
            for case in test.cases {
                evidence.cases.entry(*case).or_default().push(test.name);
            }
        }
        evidence
    }

    fn verdict(&self, exempt: &str, tests: &[&str]) -> Verdict {
        let mut ran = tests.iter().filter_map(|test| self.passed.get(*test)).peekable();
        if !exempt.is_empty() {
            Verdict::NotApplicable
        } else if tests.is_empty() {
            Verdict::NoTest
        } else if ran.peek().is_none() {
            Verdict::NotRun
        } else if ran.all(|passed| *passed) {
            Verdict::Passed
        } else {
            Verdict::Failed
        }
    }
}

impl ChapterResult {
    pub(super) fn count(&self) -> Count {
        Count::of(self.rules.iter().map(|rule| rule.verdict))
    }
}

impl TestResult {
    fn new(test: &Test, runs: Vec<RunResult>) -> TestResult {
        let Test { name, doc, rules, cases, needs, .. } = *test;
        TestResult { name, doc, rules, cases, needs: needs.iter().map(|ext| ext.name()).collect(), runs }
    }

    /// The runs that failed.
    pub(super) fn failures(&self) -> impl Iterator<Item = &RunResult> {
        self.runs.iter().filter(|run| !run.passed)
    }
}

impl Verdict {
    /// For a reader.
    pub(super) fn name(self) -> &'static str {
        match self {
            Verdict::Passed => "passed",
            Verdict::Failed => "failed",
            Verdict::NotRun => "not run",
            Verdict::NotApplicable => "not applicable",
            Verdict::NoTest => "no test",
        }
    }
}

impl Count {
    fn of(verdicts: impl Iterator<Item = Verdict>) -> Count {
        let mut count = Count::default();
        for verdict in verdicts {
            *match verdict {
                Verdict::Passed => &mut count.passed,
                Verdict::Failed => &mut count.failed,
                Verdict::NotRun => &mut count.not_run,
                Verdict::NotApplicable => &mut count.not_applicable,
                Verdict::NoTest => &mut count.no_test,
            } += 1;
        }
        count
    }

    /// Both together.
    pub(super) fn plus(&self, other: &Count) -> Count {
        Count {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            not_run: self.not_run + other.not_run,
            not_applicable: self.not_applicable + other.not_applicable,
            no_test: self.no_test + other.no_test,
        }
    }

    /// The rules that have a test.
    pub(super) fn covered(&self) -> usize {
        self.passed + self.failed + self.not_run
    }

    pub(super) fn rules(&self) -> usize {
        self.covered() + self.not_applicable + self.no_test
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn runs(outcomes: &[bool]) -> Vec<RunResult> {
        let run =
            |passed: &bool| RunResult { cpu: String::from("max"), passed: *passed, outcome: String::new() };
        outcomes.iter().map(run).collect()
    }

    #[test]
    fn a_rule_has_passed_when_every_run_of_its_tests_has() {
        let by_test = BTreeMap::from([("a", runs(&[true, true])), ("b", runs(&[true, false]))]);
        let evidence = Evidence::new(&by_test);
        assert_eq!(evidence.verdict("", &["a"]), Verdict::Passed);
        assert_eq!(evidence.verdict("", &["a", "b"]), Verdict::Failed);
        assert_eq!(evidence.verdict("", &["a", "c"]), Verdict::Passed);
        assert_eq!(evidence.verdict("", &["c"]), Verdict::NotRun);
        assert_eq!(evidence.verdict("", &[]), Verdict::NoTest);
        assert_eq!(evidence.verdict("RV32", &[]), Verdict::NotApplicable);
    }

    #[test]
    fn counts_add_up() {
        let all = [
            Verdict::Passed,
            Verdict::Passed,
            Verdict::Failed,
            Verdict::NotRun,
            Verdict::NotApplicable,
            Verdict::NoTest,
        ];
        let count = Count::of(all.into_iter());
        assert_eq!((count.rules(), count.covered()), (6, 4));
        let count = count.plus(&Count::of([Verdict::NoTest].into_iter()));
        assert_eq!((count.rules(), count.covered(), count.no_test), (7, 4, 2));
    }
}
