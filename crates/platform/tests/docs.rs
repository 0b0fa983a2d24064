//! `docs/machine.md`: the memory map for a reader. The test fails when the file is stale; with `UPDATE=1` in
//! the environment it writes it anew.

use std::fs;
use std::path::Path;

#[test]
fn the_memory_map_is_documented() {
    let text = format!(
        "# The machine\n\n\
         QEMU's `virt` machine, as far as it is implemented, and a device of our own (`hgeip`). Made from the\n\
         table in crates/platform/src/map.rs; `UPDATE=1 cargo test -p platform --test docs` makes it anew.\n\n\
         {}\n\
         Time: `mtime` runs at {} Hz; {} instructions of each hart are a tick.\n",
        platform::map::table(),
        platform::map::TIMEBASE_HZ,
        platform::STEPS_PER_TICK,
    );
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
