//! Counting what passed, what failed and what could not be run.

use anyhow::Result;

/// What a run of the suite has come to so far.
#[derive(Default)]
pub(crate) struct Tally {
    passed: usize,
    failed: usize,
    /// The steps that failed, by title.
    failures: Vec<String>,
    /// What was not run, and what it needs.
    not_run: Vec<String>,
}

impl Tally {
    /// Announces and runs a step that counts as one test.
    pub(crate) fn step(&mut self, title: &str, run: impl FnOnce() -> Result<()>) {
        self.counted_step(title, || run().map(|()| Counts { passed: 1, failed: 0 }));
    }

    /// Announces and runs a step that counts its tests itself; one that breaks off counts as one that failed.
    pub(crate) fn counted_step(&mut self, title: &str, run: impl FnOnce() -> Result<Counts>) {
        println!("\n==> {title}");
        let counts = run().unwrap_or_else(|error| {
            println!("error: {error:#}");
            Counts { passed: 0, failed: 1 }
        });
        self.passed += counts.passed;
        self.failed += counts.failed;
        if counts.failed != 0 {
            self.failures.push(title.to_owned());
        }
    }

    /// Says that `what` is not run for want of `needs`, now and at the end.
    pub(crate) fn not_run(&mut self, what: &str, needs: &str) {
        let line = format!("not run: {what}: needs {needs}");
        println!("\n==> {line}");
        self.not_run.push(line);
    }

    /// Prints the sums and says whether nothing failed.
    pub(crate) fn finish(&self) -> bool {
        println!();
        for title in &self.failures {
            println!("FAILED: {title}");
        }
        for line in &self.not_run {
            println!("{line}");
        }
        println!("{} passed, {} failed", self.passed, self.failed);
        self.failed == 0
    }
}

/// Numbers of tests.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub(crate) struct Counts {
    pub(crate) passed: usize,
    pub(crate) failed: usize,
}

impl Counts {
    /// Adds what a line of `cargo test` says, if it sums up a test program.
    pub(crate) fn add_line(&mut self, line: &str) {
        let Some((_, sums)) = line.split_once("test result: ") else { return };
        for sum in sums.split(['.', ';']) {
            match sum.trim().split_once(' ') {
                Some((count, "passed")) => self.passed += count.parse().unwrap_or(0),
                Some((count, "failed")) => self.failed += count.parse().unwrap_or(0),
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_cargo_test_are_added() {
        let mut counts = Counts::default();
        for line in [
            "running 3 tests",
            "test result: ok. 12 passed; 0 failed; 0 ignored; 0 measured; 1 filtered out; finished in 0.25s",
            "test tests::passed ... ok",
            "test result: FAILED. 1 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
        ] {
            counts.add_line(line);
        }
        assert_eq!(counts, Counts { passed: 13, failed: 2 });
    }

    #[test]
    fn one_failure_fails_the_suite() {
        let mut tally = Tally::default();
        tally.step("good", || Ok(()));
        assert!(tally.finish());
        tally.step("bad", || anyhow::bail!("broken"));
        tally.step("good again", || Ok(()));
        assert!(!tally.finish());
        assert_eq!((tally.passed, tally.failed), (2, 1));
    }
}
