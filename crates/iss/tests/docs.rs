//! `docs/counters.md`: what an event counter can count. The test fails when the file is stale; with `UPDATE=1`
//! in the environment it writes the file anew.

use std::fmt::Write;
use std::path::Path;

use iss::event::Event;

const HEAD: &str = "# Event counters

This page is made from `crates/iss/src/event.rs`; `UPDATE=1 cargo test -p iss --test docs` makes it anew.

A hart has `mhpmcounter3` to `mhpmcounter31`, or as many of them as `--cpu max,hpm=N` says, of 64 bits or of as many as
`hpmlen=N` says. The low eight bits of `mhpmevent` select an event; 0 is none, and so is a number that is not below.
With Sscofpmf the high bits are OF and the filters by mode. An event counts for the mode in which it happens: a trap
for the mode that it leaves, and so does a trap return.

| Number | Event |
|---|---|
";

#[test]
fn the_list_of_events_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/counters.md");
    let mut fresh = String::from(HEAD);
    for event in Event::ALL {
        writeln!(fresh, "| {} | {} |", *event as u8, event.doc()).unwrap();
    }
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, &fresh).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == fresh,
        "docs/counters.md is stale: run `UPDATE=1 cargo test -p iss --test docs` and commit it"
    );
}
