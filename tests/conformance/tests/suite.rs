//! Every test of the suite passes, on the hart that has everything and on those that the test names.

use conformance::{Outcome, Test, run_all, suite};
use iss::Engine;

#[test]
fn every_test_passes() {
    // CONFORMANCE=name,... runs the tests whose names contain one of these.
    let filter = std::env::var("CONFORMANCE").unwrap_or_default();
    let wanted = |test: &&Test| filter.split(',').any(|part| test.name.contains(part));
    let mut runs = Vec::new();
    for test in suite().filter(wanted) {
        let harts = test.harts().unwrap_or_else(|error| panic!("{}: {error}", test.name));
        runs.extend(harts.into_iter().map(|(cpu, variant)| (test, cpu, variant)));
    }
    assert!(!runs.is_empty(), "no test is called like '{filter}'");
    let runs = run_all(&runs, Engine::default());
    let failures: Vec<String> = runs
        .iter()
        .filter(|run| run.outcome != Outcome::Passed)
        .map(|run| format!("{} on {}: {}", run.test.name, run.cpu, run.outcome))
        .collect();
    assert!(failures.is_empty(), "{} of {} fail:\n{}", failures.len(), runs.len(), failures.join("\n"));
}
