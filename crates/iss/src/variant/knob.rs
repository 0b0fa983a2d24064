//! THE table of knobs: one row is one choice that the manual leaves to the implementation.

use super::{TlbPolicy, Variant};

/// One choice that `--cpu` can make.
pub struct Knob {
    /// What `--cpu` calls it.
    pub name: &'static str,
    /// The legal values, for a reader.
    pub values: &'static str,
    /// One line for a reader.
    pub doc: &'static str,
    /// The normative rule that leaves the choice open; empty where it concerns the simulator alone.
    pub rule: &'static str,
    /// Sets the knob; false when the value is not one of `values`.
    pub set: fn(&mut Variant, &str) -> bool,
    /// The value as `--cpu` would be given it.
    pub get: fn(&Variant) -> String,
}

/// A row for a number.
macro_rules! number {
    ($name:literal, $field:ident, [$($allowed:tt)+], $values:literal, $rule:literal, $doc:literal) => {
        Knob {
            name: $name,
            values: $values,
            doc: $doc,
            rule: $rule,
            set: |variant, value| {
                let value = value.parse().ok().filter(|value| matches!(value, $($allowed)+));
                value.map(|value| variant.$field = value).is_some()
            },
            get: |variant| variant.$field.to_string(),
        }
    };
}

/// A row for a choice among named values.
macro_rules! choice {
    ($name:literal, $field:ident, { $($text:literal => $value:expr),+ }, $values:literal, $rule:literal, $doc:literal) => {
        Knob {
            name: $name,
            values: $values,
            doc: $doc,
            rule: $rule,
            set: |variant, value| {
                match value {
                    $($text => variant.$field = $value,)+
                    _ => return false,
                }
                true
            },
            get: |variant| {
                let named = [$(($text, $value)),+];
                named.iter().find(|(_, value)| *value == variant.$field).map_or_else(String::new, |(text, _)| text.to_string())
            },
        }
    };
}

/// Every knob, in the order of `--cpu help`.
pub const KNOBS: &[Knob] = &[
    choice!(
        "satp", satp_levels, { "sv39" => 3, "sv48" => 4, "sv57" => 5 }, "sv39, sv48, sv57",
        "satp_mode_op_unsupported", "largest translation mode of satp, the smaller ones being there too"
    ),
    choice!(
        "vsatp", vsatp_levels, { "sv39" => 3, "sv48" => 4, "sv57" => 5 }, "sv39, sv48, sv57",
        "VSATP_MODE_UNSUPPORTED_V0_WARL", "the same of vsatp"
    ),
    choice!(
        "hgatp", hgatp_levels, { "sv39x4" => 3, "sv48x4" => 4, "sv57x4" => 5 }, "sv39x4, sv48x4, sv57x4",
        "HGATP_MODE_WARL", "the same of hgatp"
    ),
    number!("asidlen", asid_len, [0..=16], "0 to 16", "ASIDLEN", "bits of satp.ASID and vsatp.ASID"),
    number!("vmidlen", vmid_len, [0..=14], "0 to 14", "HGATP_VMID", "bits of hgatp.VMID"),
    number!("geilen", geilen, [0..=63], "0 to 63", "GEILEN", "guest external interrupt lines"),
    number!(
        "pmp",
        pmp_entries,
        [0 | 16 | 64],
        "0, 16, 64",
        "PMP_ENTRY_COUNT",
        "physical memory protection entries"
    ),
    choice!(
        "tlb", tlb, { "none" => TlbPolicy::None, "exact" => TlbPolicy::Exact, "sticky" => TlbPolicy::Sticky },
        "none, exact, sticky", "", "walk each time; cache and drop what fences say; forget nothing unfenced"
    ),
];
