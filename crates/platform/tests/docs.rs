//! `docs/machine.md`: the machine for a reader. The test fails when the file is stale; with `UPDATE=1` in
//! the environment it writes it anew.

mod fixture;

use std::fs;
use std::path::Path;

/// What the tables do not say.
const PROSE: &str = include_str!("machine.md");

#[test]
fn the_machine_is_documented() {
    let text = PROSE
        .replace("{map}", &platform::map::table())
        .replace("{hz}", &platform::map::TIMEBASE_HZ.to_string())
        .replace("{steps}", &platform::STEPS_PER_TICK.to_string())
        .replace("{differences}", &fixture::differences::table());
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/machine.md");
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        fs::write(&path, &text).expect("docs/machine.md can be written");
    }
    assert_eq!(
        fs::read_to_string(&path).unwrap_or_default(),
        text,
        "docs/machine.md is stale: run `UPDATE=1 cargo test -p platform --test docs` and commit it"
    );
}
