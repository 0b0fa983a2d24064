//! THE table of knobs: one row is one choice that the manual leaves to the implementation.

use super::{Misaligned, MisalignedAtomic, TlbPolicy, Variant, Wfi};

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

/// A row for a set of bits; `spec` knows which of them the manual allows.
macro_rules! mask {
    ($name:literal, $field:ident, $values:literal, $rule:literal, $doc:literal) => {
        Knob {
            name: $name,
            values: $values,
            doc: $doc,
            rule: $rule,
            set: |variant, value| {
                let bits = match value.strip_prefix("0x") {
                    Some(digits) => u64::from_str_radix(digits, 16).ok(),
                    None => value.parse().ok(),
                };
                let bits = bits.and_then(|bits: u64| bits.try_into().ok());
                bits.map(|bits| variant.$field = bits).is_some()
            },
            get: |variant| format!("{:#x}", variant.$field),
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
    number!(
        "pmp-grain",
        pmp_grain,
        [0..=10],
        "0 to 10",
        "PMP_GRANULARITY",
        "G: a PMP region has 2^(G+2) bytes or more"
    ),
    choice!(
        "rlb", pmp_bypass, { "writable" => true, "zero" => false }, "writable, zero", "MSECCFG_RLB_WARL",
        "whether mseccfg.RLB can be set"
    ),
    mask!(
        "medeleg",
        medeleg,
        "a set of the exceptions that can be delegated: 0 to 0xf8b7fe",
        "MEDELEG_WARL",
        "writable bits of medeleg, of the exceptions that can occur"
    ),
    mask!(
        "mideleg",
        mideleg,
        "a set of SSI, STI, SEI and LCOFI: 0 to 0x2222",
        "MIDELEG_WARL",
        "writable bits of mideleg, of the interrupts that there are"
    ),
    mask!(
        "hedeleg",
        hedeleg,
        "0xcb1fe, 0xcb1ff",
        "HEDELEG_WARL",
        "writable bits of hedeleg: bit 0 may be one of them"
    ),
    number!("hpm", hpm, [0..=29], "0 to 29", "MHPMCOUNTER_N_RDONLY0", "event counters, from mhpmcounter3 on"),
    number!("hpmlen", hpm_len, [1..=64], "1 to 64", "MHPMCOUNTER_N_SZ", "bits of an event counter"),
    mask!("mcounteren", mcounteren, "0 to 0xffffffff", "MCOUNTEREN_FLDS_WARL", "writable bits of mcounteren"),
    mask!("scounteren", scounteren, "0 to 0xffffffff", "SCOUNTEREN_WARL", "writable bits of scounteren"),
    mask!("hcounteren", hcounteren, "0 to 0xffffffff", "HCOUNTEREN_WARL", "writable bits of hcounteren"),
    mask!(
        "mcountinhibit",
        mcountinhibit,
        "0 to 0xffffffff without bit 1",
        "MCOUNTINHIBIT_WARL",
        "writable bits of mcountinhibit, of those that have a counter"
    ),
    choice!(
        "tinst", reports_tinst, { "full" => true, "zero" => false }, "full, zero",
        "H_trap_xtinst_val", "mtinst and htinst of a trapping load or store; or zero where it may be"
    ),
    choice!(
        "htval", reports_gpa, { "exact" => true, "zero" => false }, "exact, zero",
        "HTVAL_TRAPVAL", "mtval2 and htval of guest-page faults"
    ),
    choice!(
        "tval-illegal", reports_illegal, { "bits" => true, "zero" => false }, "bits, zero",
        "MTVAL_PER_EXC_BEHAVIOR", "xtval of illegal instructions"
    ),
    choice!(
        "tval-virtual", reports_virtual, { "bits" => true, "zero" => false }, "bits, zero",
        "MTVAL_PER_EXC_BEHAVIOR", "xtval of virtual instructions"
    ),
    choice!(
        "ad", updates_ad, { "trap" => false, "hardware" => true }, "trap, hardware",
        "svade_access_ad_bit_clear", "A or D to be set: page fault or update; without svadu, which has ADUE for it"
    ),
    choice!(
        "misaligned", misaligned, { "hardware" => Misaligned::Hardware, "trap" => Misaligned::Trap },
        "hardware, trap", "PMA_MAG_OP_LDST", "misaligned loads and stores to main memory"
    ),
    choice!(
        "misaligned-amo", misaligned_atomic,
        { "address" => MisalignedAtomic::Address, "access" => MisalignedAtomic::Access },
        "address, access", "PMA_MAG_EXC", "misaligned atomics: address-misaligned or access fault"
    ),
    choice!(
        "misaligned-order", misaligned_first, { "first" => true, "last" => false }, "first, last",
        "MCAUSE_EXCCODE_MISALIGNED_VS_FAULT_PRI", "misalignment before or after page and access faults"
    ),
    choice!(
        "wfi", wfi, { "wait" => Wfi::Wait, "nop" => Wfi::Nop, "trap" => Wfi::Trap }, "wait, nop, trap",
        "MSTATUS_TW_TIME_LIMIT", "under TW, VTW or in user mode: trap after 100 ticks; never (and never wait); at once"
    ),
    choice!(
        "vsatp-write", vsatp_ignores, { "fields" => false, "ignored" => true }, "fields, ignored",
        "VSATP_MODE_UNSUPPORTED_V0_WARL", "unsupported MODE at V=0: MODE stays, or the whole register"
    ),
    choice!(
        "fs", tracks_fs, { "exact" => true, "dirty" => false }, "exact, dirty",
        "MSTATUS_FS_NO_DIRTY_TRACK", "states of FS: all four, or Off and Dirty"
    ),
    number!("entropy", entropy, [0..=u32::MAX], "0 to 4294967295", "", "where the seed CSR's numbers begin"),
    choice!(
        "tlb", tlb, { "none" => TlbPolicy::None, "exact" => TlbPolicy::Exact, "sticky" => TlbPolicy::Sticky },
        "none, exact, sticky", "", "walk each time; cache and drop what fences say; forget nothing unfenced"
    ),
];
