//! Every test passes on a hart with any one knob turned: what a test expects follows from the hart.

use conformance::{Outcome, run_all, suite};
use iss::Variant;

/// Settings other than the default's.
const TURNED: [&str; 29] = [
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
    let mut runs = Vec::new();
    for settings in TURNED {
        let spec = format!("max,{settings}");
        let cpu = Variant::parse(&spec).unwrap_or_else(|error| panic!("{spec}: {error}"));
        let suited: Vec<_> = suite().filter(|test| test.suits(&cpu)).collect();
        assert!(suited.len() * 10 > suite().count() * 9, "{spec} suits only {} tests", suited.len());
        runs.extend(suited.into_iter().map(|test| (test, spec.clone(), cpu)));
    }
    let failures: Vec<String> = run_all(&runs)
        .iter()
        .filter(|run| run.outcome != Outcome::Passed)
        .map(|run| format!("{} on {}: {}", run.test.name, run.cpu, run.outcome))
        .collect();
    assert!(failures.is_empty(), "{} of {} fail:\n{}", failures.len(), runs.len(), failures.join("\n"));
}
