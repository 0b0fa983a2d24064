//! Every test passes on a hart with any one knob turned: what a test expects follows from the hart.

use conformance::{Outcome, Test, run_all, suite};
use iss::{Engine, Variant};

/// Settings other than the default's.
const TURNED: [&str; 32] = [
    "satp=sv39",
    "hgatp=sv39x4",
    "asidlen=0",
    "geilen=0",
    "geilen=5",
    "hpm=0",
    "hpm=4",
    "rlb=zero",
    "vsatp=sv48",
    "vmidlen=3",
    "pmp=0",
    "pmp=64",
    "hpmlen=40",
    "tinst=zero",
    "htval=zero",
    "tval-illegal=zero",
    "tval-virtual=zero",
    "ad=hardware",
    "misaligned=trap",
    "misaligned=trap,misaligned-order=last",
    "misaligned-amo=access",
    "misaligned-order=last",
    "mcounteren=0",
    "medeleg=0",
    "smdbltrp=on",
    "wfi=wait",
    "wfi=nop",
    "vsatp-write=ignored",
    "fs=dirty",
    "entropy=9",
    "tlb=none",
    "tlb=sticky",
];

#[test]
fn every_test_passes_on_harts_with_a_knob_turned() {
    let runs = TURNED.map(|settings| {
        let runs = runs_on(&format!("max,{settings}"));
        assert!(runs.len() * 10 > suite().count() * 9, "{settings} suits only {} tests", runs.len());
        runs
    });
    all_pass(&runs.concat());
}

#[test]
fn every_test_that_suits_a_hart_with_few_extensions_passes() {
    let runs = runs_on("rv64gch");
    assert!(runs.len() * 2 > suite().count(), "rv64gch suits only {} tests", runs.len());
    all_pass(&runs);
}

/// The tests that suit a hart.
fn runs_on(spec: &str) -> Vec<(&'static Test, String, Variant)> {
    let cpu = Variant::parse(spec).unwrap_or_else(|error| panic!("{spec}: {error}"));
    suite().filter(|test| test.suits(&cpu)).map(|test| (test, spec.to_owned(), cpu)).collect()
}

fn all_pass(runs: &[(&'static Test, String, Variant)]) {
    let failures: Vec<String> = run_all(runs, Engine::default())
        .iter()
        .filter(|run| run.outcome != Outcome::Passed)
        .map(|run| format!("{} on {}: {}", run.test.name, run.cpu, run.outcome))
        .collect();
    assert!(failures.is_empty(), "{} of {} fail:\n{}", failures.len(), runs.len(), failures.join("\n"));
}
