//! `--cpu SPEC`: a base and the knobs that turn it, one table row per choice in [`Variant`].

use std::fmt::Write;

use iss::Variant;
use iss::variant::TlbPolicy;

/// One choice that `--cpu` can make.
struct Knob {
    name: &'static str,
    values: &'static str,
    doc: &'static str,
    /// Sets the knob; false when the value is not one of `values`.
    set: fn(&mut Variant, &str) -> bool,
    /// The value as `--cpu` would be given it.
    get: fn(&Variant) -> String,
}

/// A row for a choice that is on or off.
macro_rules! switch {
    ($name:literal, $field:ident, $doc:literal) => {
        Knob {
            name: $name,
            values: "on, off",
            doc: $doc,
            set: |variant, value| on_off(value).map(|on| variant.$field = on).is_some(),
            get: |variant| String::from(if variant.$field { "on" } else { "off" }),
        }
    };
}

/// A row for a number.
macro_rules! number {
    ($name:literal, $field:ident, [$($allowed:tt)+], $values:literal, $doc:literal) => {
        Knob {
            name: $name,
            values: $values,
            doc: $doc,
            set: |variant, value| {
                let value = value.parse().ok().filter(|value| matches!(value, $($allowed)+));
                value.map(|value| variant.$field = value).is_some()
            },
            get: |variant| variant.$field.to_string(),
        }
    };
}

const KNOBS: &[Knob] = &[
    switch!("h", h, "hypervisor extension"),
    switch!("sstc", sstc, "supervisor and VS timers (stimecmp, vstimecmp)"),
    switch!("svadu", svadu, "hardware update of the A and D bits, where envcfg.ADUE asks for it"),
    switch!("svnapot", svnapot, "64 KiB pages by the N bit"),
    switch!("svpbmt", svpbmt, "memory types in page-table entries"),
    switch!("svinval", svinval, "fine-grained invalidation (SINVAL, HINVAL)"),
    switch!("smstateen", smstateen, "state enable CSRs"),
    number!("levels", max_levels, [3..=5], "3, 4, 5", "page-table levels at most: Sv39, Sv48 or Sv57"),
    number!("asidlen", asid_len, [0..=16], "0 to 16", "bits of satp.ASID"),
    number!("vmidlen", vmid_len, [0..=14], "0 to 14", "bits of hgatp.VMID"),
    number!("geilen", geilen, [0..=63], "0 to 63", "guest external interrupt lines"),
    number!("pmp", pmp_entries, [0 | 16 | 64], "0, 16, 64", "physical memory protection entries"),
    Knob {
        name: "tlb",
        values: "none, exact, sticky",
        doc: "walk each time; cache and drop what fences say; forget nothing unfenced",
        set: |variant, value| {
            let policy = POLICIES.iter().find(|(name, _)| *name == value);
            policy.map(|(_, policy)| variant.tlb = *policy).is_some()
        },
        get: |variant| {
            let name = POLICIES.iter().find(|(_, policy)| *policy == variant.tlb).map(|(name, _)| *name);
            name.unwrap_or_default().to_owned()
        },
    },
];

const POLICIES: [(&str, TlbPolicy); 3] =
    [("none", TlbPolicy::None), ("exact", TlbPolicy::Exact), ("sticky", TlbPolicy::Sticky)];

fn on_off(value: &str) -> Option<bool> {
    match value {
        "on" | "true" => Some(true),
        "off" | "false" => Some(false),
        _ => None,
    }
}

/// What `--cpu` asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cpu {
    /// `help`: the list of knobs.
    Help,
    /// Harts like this.
    Variant(Variant),
}

/// Reads `max,key=value,...` or `help`.
///
/// # Errors
/// A sentence that says which part is wrong and what would be right.
pub(crate) fn parse(spec: &str) -> Result<Cpu, String> {
    let mut parts = spec.split(',');
    match parts.next() {
        Some("help") => return Ok(Cpu::Help),
        Some("max") => {}
        base => {
            let base = base.unwrap_or_default();
            return Err(format!("'{base}' is no hart; write 'max' or 'max,KEY=VALUE,...' (see --cpu help)"));
        }
    }
    let mut variant = Variant::default();
    for part in parts {
        let (key, value) = part.split_once('=').ok_or_else(|| format!("'{part}' is not KEY=VALUE"))?;
        let knob = KNOBS.iter().find(|knob| knob.name == key);
        let knob = knob.ok_or_else(|| format!("'{key}' is no knob of a hart (see --cpu help)"))?;
        if !(knob.set)(&mut variant, value) {
            return Err(format!("{key} cannot be '{value}'; it is one of: {}", knob.values));
        }
    }
    Ok(Cpu::Variant(variant))
}

/// The table that `--cpu help` shows.
pub(crate) fn help() -> String {
    let mut text = String::from(
        "A hart is given as max,KEY=VALUE,...; max has everything. Keys, values and what max has:\n\n",
    );
    for knob in KNOBS {
        let now = (knob.get)(&Variant::default());
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {:<10} {:<20} [{now}]  {}", knob.name, knob.values, knob.doc);
    }
    text.push_str("\nExample: --cpu max,vmidlen=7,levels=3,tlb=sticky\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variant(spec: &str) -> Variant {
        match parse(spec) {
            Ok(Cpu::Variant(variant)) => variant,
            other => panic!("{spec}: {other:?}"),
        }
    }

    #[test]
    fn max_is_the_default_and_knobs_turn_it() {
        assert_eq!(variant("max"), Variant::default());
        let turned = variant("max,h=off,vmidlen=7,levels=3,pmp=64,tlb=sticky");
        let expected = Variant {
            h: false,
            vmid_len: 7,
            max_levels: 3,
            pmp_entries: 64,
            tlb: TlbPolicy::Sticky,
            ..Variant::default()
        };
        assert_eq!(turned, expected);
    }

    #[test]
    fn impossible_harts_are_refused_with_a_reason() {
        for (spec, reason) in [
            ("mini", "'mini' is no hart"),
            ("max,h", "'h' is not KEY=VALUE"),
            ("max,vlen=128", "'vlen' is no knob"),
            ("max,vmidlen=15", "it is one of: 0 to 14"),
            ("max,pmp=8", "it is one of: 0, 16, 64"),
            ("max,levels=", "levels cannot be ''"),
        ] {
            let error = parse(spec).expect_err(spec);
            assert!(error.contains(reason), "{spec}: {error}");
        }
    }

    #[test]
    fn every_knob_takes_what_it_shows() {
        for knob in KNOBS {
            let mut variant = Variant::default();
            assert!((knob.set)(&mut variant, &(knob.get)(&Variant::default())), "{}", knob.name);
            assert_eq!(variant, Variant::default(), "{}", knob.name);
            assert!(help().contains(knob.name));
        }
    }
}
