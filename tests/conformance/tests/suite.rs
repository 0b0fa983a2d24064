//! Every test of the suite passes, on the hart that has everything and on those that the test names.

use std::num::NonZero;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use conformance::{Outcome, Test, run, suite};

#[test]
fn every_test_passes() {
    // CONFORMANCE=name,... runs the tests whose names contain one of these.
    let filter = std::env::var("CONFORMANCE").unwrap_or_default();
    let wanted = |test: &Test| filter.split(',').any(|part| test.name.contains(part));
    let tests: Vec<&Test> = suite().filter(|test| wanted(test)).collect();
    assert!(!tests.is_empty(), "no test is called like '{filter}'");
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, NonZero::get) {
            scope.spawn(|| {
                while let Some(test) = tests.get(next.fetch_add(1, Ordering::Relaxed)) {
                    for (spec, cpu) in test.harts().unwrap_or_else(|error| panic!("{}: {error}", test.name)) {
                        let outcome = run(test, &cpu);
                        if outcome != Outcome::Passed {
                            failures.lock().unwrap().push(format!("{} on {spec}: {outcome}", test.name));
                        }
                    }
                }
            });
        }
    });
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} fail:\n{}", failures.len(), tests.len(), failures.join("\n"));
}
