//! `docs/counters.md`, what an event counter can count, and `docs/harts.md`, what `--cpu` can choose. The tests
//! fail when a file is stale; with `UPDATE=1` in the environment they write it anew.

use std::fmt::Write;
use std::path::Path;

use isa::ext::Ext;
use iss::Variant;
use iss::event::Event;
use iss::variant::{KNOBS, PRESETS};

const HEAD: &str = "# Event counters

This page is made from `crates/iss/src/event.rs`; `UPDATE=1 cargo test -p iss --test docs` makes it anew.

A hart has `mhpmcounter3` to `mhpmcounter31`, or as many of them as `--cpu max,hpm=N` says, of 64 bits or of as many as
`hpmlen=N` says. The low eight bits of `mhpmevent` select an event; 0 is none, and so is a number that is not below.
With Sscofpmf the high bits are OF and the filters by mode. An event counts for the mode in which it happens: a trap
for the mode that it leaves, and so does a trap return.

| Number | Event |
|---|---|
";

const HARTS: &str = "# Harts

This page is made from `crates/iss/src/variant` and `crates/isa/src/ext.rs`; `UPDATE=1 cargo test -p iss --test docs`
makes it anew.

`--cpu BASE,KEY=VALUE,...` says what the harts of a machine are. The base is an ISA string of RV64GC with anything of the
list below, `max` for all of it but Smdbltrp, which firmware must know of, or a profile:

";

const KNOB_HEAD: &str = "
A key is an extension, `on` or `off`, or a knob: a choice that the manual leaves to the implementation, by the normative
rule named beside it. What a knob contradicts is dropped from `max` and from profiles, and refused by the rule's name where
it was asked for: `max,htval=zero` has no Shtvala, `max,htval=zero,shtvala=on` is an error.

| Knob | Values | Default | What | Rule |
|---|---|---|---|---|
";

const EXTENSION_HEAD: &str = "
`satp`, `vsatp` and `hgatp` always have Bare and at least the smallest of the translation modes.

WFI with `wfi=wait` waits where it may wait for ever. Where TW, VTW or user mode bound it, it completes when an interrupt
becomes pending and enabled within 100 ticks of `time`, and traps after that. With `wfi=nop` it completes at once in every
mode but VU-mode under TW=0, where it is a virtual instruction however short it is. With `wfi=trap` the bound is zero:
where it is bounded, WFI traps, whatever is pending.

| Extension | What |
|---|---|
";

#[test]
fn the_list_of_events_is_fresh() {
    let mut fresh = String::from(HEAD);
    for event in Event::ALL {
        writeln!(fresh, "| {} | {} |", *event as u8, event.doc()).unwrap();
    }
    check("counters.md", &fresh);
}

#[test]
fn the_list_of_knobs_is_fresh() {
    let mut fresh = String::from(HARTS);
    for preset in PRESETS {
        writeln!(fresh, "- `{}`: {}.", preset.name, preset.doc).unwrap();
        if let Some(lacks) = preset.lacks {
            writeln!(fresh, "  {lacks}; vhart says so when it is used.").unwrap();
        }
    }
    fresh += KNOB_HEAD;
    let max = Variant::default();
    for knob in KNOBS {
        let rule = if knob.rule.is_empty() { String::new() } else { format!("`{}`", knob.rule) };
        let default = (knob.get)(&max);
        writeln!(fresh, "| `{}` | {} | {default} | {} | {rule} |", knob.name, knob.values, knob.doc).unwrap();
    }
    fresh += EXTENSION_HEAD;
    for ext in Ext::ALL.iter().filter(|ext| !Variant::ALWAYS.has(**ext)) {
        let off = if max.has(*ext) { "" } else { " Not in `max`." };
        writeln!(fresh, "| {} | {}{off} |", ext.name(), ext.doc()).unwrap();
    }
    check("harts.md", &fresh);
}

/// Compares a file of the documentation with what it must be, or writes it.
fn check(name: &str, fresh: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name);
    if std::env::var_os("UPDATE").is_some_and(|value| value == "1") {
        std::fs::write(&path, fresh).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(
        kept == fresh,
        "docs/{name} is stale: run `UPDATE=1 cargo test -p iss --test docs` and commit it"
    );
}
