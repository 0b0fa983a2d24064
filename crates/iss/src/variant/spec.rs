//! Harts by description: `max,vmidlen=7,zbc=off`, `rva23s64`, `rv64gch_sstc`.

use std::fmt;

use isa::cause::Exception;
use isa::ext::{Ext, ExtSet, IsaStringError};

use super::{KNOBS, Knob, Misaligned, Variant};
use crate::csr::legalize::{
    DELEGATABLE_EXCEPTIONS, GUEST_DELEGATABLE_EXCEPTIONS, H_INTERRUPTS, S_INTERRUPTS,
};

/// A base that has a name of its own.
pub struct Preset {
    /// What a description calls it.
    pub name: &'static str,
    /// One line for a reader.
    pub doc: &'static str,
    /// Its extensions, as an ISA string.
    pub isa: &'static str,
    /// What the preset stands for has besides, and a hart here has not.
    pub lacks: Option<&'static str>,
}

/// The named bases except `max`. Mandatory extensions of the RISC-V profiles RVA20, RVA22 and RVA23.
pub const PRESETS: &[Preset] = &[
    Preset {
        name: "rva20s64",
        doc: "profile RVA20S64: its mandatory extensions",
        isa: "rv64imafdc_ziccamoa_ziccif_zicclsm_ziccrse_zicntr_zicsr_zifencei_za128rs\
              _ssccptr_sstvala_sstvecd_svbare_sv39_svade",
        lacks: None,
    },
    Preset {
        name: "rva22s64",
        doc: "profile RVA22S64: its mandatory extensions",
        isa: "rv64imafdcb_zic64b_zicbom_zicbop_zicboz_ziccamoa_ziccif_zicclsm_ziccrse_zicntr_zicsr_zifencei\
              _zihintpause_zihpm_za64rs_zfhmin_ssccptr_sscounterenw_sstvala_sstvecd_svbare_sv39_svade\
              _svinval_svpbmt",
        lacks: None,
    },
    Preset {
        name: "rva23s64",
        doc: "profile RVA23S64: its mandatory extensions but V",
        isa: "rv64imafdcbh_zic64b_zicbom_zicbop_zicboz_ziccamoa_ziccif_zicclsm_ziccrse_zicntr_zicond_zicsr\
              _zifencei_zihintntl_zihintpause_zihpm_zimop_za64rs_zawrs_zfa_zfhmin_zcb_zcmop_sha_ssccptr\
              _sscofpmf_sscounterenw_ssnpm_sstc_sstvala_sstvecd_ssu64xl_supm_svbare_sv39_svade_svinval\
              _svnapot_svpbmt",
        lacks: Some("RVA23 has the vector extensions V, Zvfhmin and Zvbb, which are not there yet"),
    },
];

/// The extensions of `max`: all but what firmware must know of before its first trap.
pub(super) const MAX: ExtSet = ExtSet::ALL.without(ExtSet::of(&[Ext::Smdbltrp]));

/// A property that an extension promises and that knobs can take away.
struct Promise {
    ext: Ext,
    /// The normative rule that says so.
    rule: &'static str,
    holds: fn(&Variant) -> bool,
    /// What the hart would have to be.
    wants: &'static str,
}

const PROMISES: &[Promise] = &[
    Promise {
        ext: Ext::Sv48,
        rule: "satp_mode_op_unsupported",
        holds: |v| v.satp_levels >= 4,
        wants: "satp=sv48 or satp=sv57",
    },
    Promise {
        ext: Ext::Sv57,
        rule: "satp_mode_op_unsupported",
        holds: |v| v.satp_levels >= 5,
        wants: "satp=sv57",
    },
    Promise {
        ext: Ext::Shvsatpa,
        rule: "shvsatpa_satp_vsatp_modes",
        holds: |v| v.vsatp_levels >= v.satp_levels,
        wants: "every mode of satp in vsatp",
    },
    Promise {
        ext: Ext::Shgatpa,
        rule: "shgatpa_satp_hgatp_mode_support",
        holds: |v| v.hgatp_levels >= v.satp_levels,
        wants: "the x4 form of every mode of satp in hgatp",
    },
    Promise {
        ext: Ext::Shtvala,
        rule: "shtvala_htval_faulting_gpa",
        holds: |v| v.reports_gpa,
        wants: "htval=exact",
    },
    Promise {
        ext: Ext::Sstvala,
        rule: "sstvala_stval_faulting_instruction",
        holds: |v| v.reports_illegal && v.reports_virtual,
        wants: "tval-illegal=bits and tval-virtual=bits",
    },
    Promise {
        ext: Ext::Shvstvala,
        rule: "shvstvala_vstval_written",
        holds: |v| v.reports_illegal && v.reports_virtual,
        wants: "tval-illegal=bits and tval-virtual=bits",
    },
    Promise {
        ext: Ext::Svade,
        rule: "svade_access_ad_bit_clear",
        holds: |v| !v.updates_ad,
        wants: "ad=trap",
    },
    Promise {
        ext: Ext::Svadu,
        rule: "Svadu_disabled_hw_update_falls_back_to_svade",
        holds: |v| !v.updates_ad,
        wants: "ad=trap, with ADUE of menvcfg and henvcfg to turn updates on",
    },
    Promise { ext: Ext::Supm, rule: "supm_definition", holds: |v| v.has(Ext::Ssnpm), wants: "ssnpm=on" },
    Promise {
        ext: Ext::Zicclsm,
        rule: "zicclsm_misaligned_support",
        holds: |v| v.misaligned == Misaligned::Hardware,
        wants: "misaligned=hardware",
    },
    Promise {
        ext: Ext::Smepmp,
        rule: "PMP_ENTRY_COUNT",
        holds: |v| v.pmp_entries > 0,
        wants: "pmp=16 or pmp=64",
    },
    Promise {
        ext: Ext::Sscounterenw,
        rule: "sscounterenw_hpmcounter_scounteren",
        holds: |v| v.event_counters() & !v.scounteren == 0,
        wants: "scounteren writable for every event counter",
    },
    Promise {
        ext: Ext::Shcounterenw,
        rule: "shcounterenw_hpmcounter_hcounteren",
        holds: |v| v.event_counters() & !v.hcounteren == 0,
        wants: "hcounteren writable for every event counter",
    },
];

/// What the manual demands of the knobs of every hart.
struct Demand {
    /// The normative rule that says so.
    rule: &'static str,
    holds: fn(&Variant) -> bool,
    /// What the hart would have to be.
    wants: &'static str,
}

const DEMANDS: &[Demand] = &[
    Demand {
        rule: "medeleg_16_no_rd0",
        holds: |v| v.medeleg & Exception::DoubleTrap.bit() == 0,
        wants: "medeleg without bit 16, the double trap",
    },
    Demand {
        rule: "medeleg_when_rd0",
        holds: |v| v.medeleg & !DELEGATABLE_EXCEPTIONS == 0,
        wants: "medeleg within 0xf8b7fe, the exceptions that can occur below M-mode",
    },
    Demand {
        rule: "mideleg_acc_h",
        holds: |v| v.mideleg & H_INTERRUPTS == 0,
        wants: "bits 2, 6, 10 and 12 of mideleg to be read-only, so no part of mideleg=MASK",
    },
    Demand {
        rule: "mideleg_enc",
        holds: |v| v.mideleg & !(S_INTERRUPTS | H_INTERRUPTS) == 0,
        wants: "mideleg within 0x2222, the interrupts that are delegated here",
    },
    Demand {
        rule: "mcountinhibit_enc",
        holds: |v| v.mcountinhibit & 2 == 0,
        wants: "mcountinhibit without bit 1, which is no counter's",
    },
    Demand {
        rule: "hedeleg_acc",
        holds: |v| v.hedeleg | Exception::InstAddrMisaligned.bit() == GUEST_DELEGATABLE_EXCEPTIONS | 1,
        wants: "hedeleg=0xcb1fe or hedeleg=0xcb1ff, as its table says of the other bits",
    },
];

/// Why a description is not of a hart that can be had.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SpecError {
    /// The base is neither `max`, a preset nor an ISA string.
    UnknownBase(String),
    /// The base is an ISA string with a mistake.
    IsaString(String),
    /// The base leaves out what every hart here has.
    TooSmall {
        /// The ISA string.
        base: String,
        /// The extensions that are missing.
        missing: String,
    },
    /// A part after the base is not `KEY=VALUE`.
    NotKeyValue(String),
    /// No knob and no extension has this name.
    UnknownKey(String),
    /// The value is none of the knob's.
    BadValue {
        /// The knob or extension.
        key: String,
        /// What was asked for.
        value: String,
        /// The legal values.
        values: &'static str,
    },
    /// An extension was asked for that every hart has, or without what it depends on.
    Contradiction(String),
    /// The manual forbids the combination.
    Forbidden {
        /// The extension that was asked for.
        ext: Ext,
        /// What it wants of the other knobs.
        wants: &'static str,
        /// The normative rule.
        rule: &'static str,
    },
    /// The manual forbids a setting.
    Illegal {
        /// What it wants instead.
        wants: &'static str,
        /// The normative rule.
        rule: &'static str,
    },
}

impl fmt::Display for SpecError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownBase(base) => write!(
                f,
                "'{base}' is no hart; write max, a profile (rva23s64) or an ISA string (rv64gch), then ,KEY=VALUE,... (see --cpu help)"
            ),
            Self::IsaString(error) => write!(f, "{error} (see --cpu help)"),
            Self::TooSmall { base, missing } => {
                write!(f, "'{base}' leaves out {missing}, which every hart here has: begin with rv64gc")
            }
            Self::NotKeyValue(part) => write!(f, "'{part}' is not KEY=VALUE"),
            Self::UnknownKey(key) => {
                write!(f, "'{key}' is no knob and no extension of a hart (see --cpu help)")
            }
            Self::BadValue { key, value, values } => {
                write!(f, "{key} cannot be '{value}'; it is one of: {values}")
            }
            Self::Contradiction(why) => f.write_str(why),
            Self::Illegal { wants, rule } => write!(f, "the manual wants {wants} (rule {rule})"),
            Self::Forbidden { ext, wants, rule } => {
                write!(f, "{} wants {wants} (rule {rule})", ext.name())
            }
        }
    }
}

impl std::error::Error for SpecError {}

impl Variant {
    /// Reads `BASE,KEY=VALUE,...`: the base is `max`, one of [`PRESETS`] or an ISA string; a key is one of
    /// [`KNOBS`] or an extension, which is `on` or `off`.
    ///
    /// Extensions of the base that a knob contradicts are dropped; those asked for by name are not.
    ///
    /// # Errors
    /// Says which part is wrong and what would be right, by the rule's name where the manual forbids it.
    pub fn parse(spec: &str) -> Result<Variant, SpecError> {
        let mut parts = spec.split(',');
        let (base, mut wanted) = base(parts.next().unwrap_or_default())?;
        let mut variant = Variant { extensions: base, ..Variant::default() };
        let mut unwanted = ExtSet::EMPTY;
        for part in parts {
            let (key, value) =
                part.split_once('=').ok_or_else(|| SpecError::NotKeyValue(part.to_string()))?;
            if let Some(knob) = KNOBS.iter().find(|knob| knob.name == key) {
                knob.turn(&mut variant, value)?;
                continue;
            }
            let ext = Ext::from_name(key).ok_or_else(|| SpecError::UnknownKey(key.to_string()))?;
            let only = ExtSet::of(&[ext]);
            if on_off(key, value)? {
                (wanted, unwanted) = (wanted.with(only), unwanted.without(only));
            } else {
                (wanted, unwanted) = (wanted.without(only), unwanted.with(only));
            }
        }
        variant.extensions = chosen(variant.extensions, wanted, unwanted)?;
        if let Some(Demand { rule, wants, .. }) = DEMANDS.iter().find(|demand| !(demand.holds)(&variant)) {
            return Err(SpecError::Illegal { wants, rule });
        }
        for promise in PROMISES {
            if variant.has(promise.ext) && !(promise.holds)(&variant) {
                if wanted.closure().has(promise.ext) {
                    let Promise { ext, wants, rule, .. } = *promise;
                    return Err(SpecError::Forbidden { ext, wants, rule });
                }
                variant = variant.without(promise.ext);
            }
        }
        Ok(variant)
    }
}

/// The extensions of a base, and those of them that are asked for by name.
fn base(name: &str) -> Result<(ExtSet, ExtSet), SpecError> {
    if name == "max" {
        return Ok((MAX, ExtSet::EMPTY));
    }
    let read = |isa| {
        ExtSet::from_isa_string(isa).map_err(|e: IsaStringError<'_>| SpecError::IsaString(e.to_string()))
    };
    if let Some(preset) = PRESETS.iter().find(|preset| preset.name == name) {
        return Ok((read(preset.isa)?.with(Variant::ALWAYS), ExtSet::EMPTY));
    }
    if !name.starts_with("rv") {
        return Err(SpecError::UnknownBase(name.to_string()));
    }
    let named = read(name)?;
    let unnamed = ExtSet::of(&[Ext::Sm, Ext::S, Ext::U]);
    let missing: Vec<&str> = Variant::ALWAYS.without(named).without(unnamed).iter().map(Ext::name).collect();
    match missing.is_empty() {
        true => Ok((named.with(Variant::ALWAYS), named)),
        false => Err(SpecError::TooSmall { base: name.to_string(), missing: missing.join(", ") }),
    }
}

/// `base` with what is wanted and without what is not.
fn chosen(base: ExtSet, wanted: ExtSet, unwanted: ExtSet) -> Result<ExtSet, SpecError> {
    if let Some(ext) = unwanted.iter().find(|ext| Variant::ALWAYS.has(*ext)) {
        return Err(SpecError::Contradiction(format!(
            "every hart here has {}: it cannot be off",
            ext.name()
        )));
    }
    let needs = |ext: Ext| ExtSet::of(&[ext]).closure();
    for ext in wanted.iter() {
        if let Some(off) = unwanted.iter().find(|off| needs(ext).has(*off)) {
            let why = format!("{} includes or needs {}, which is off", ext.name(), off.name());
            return Err(SpecError::Contradiction(why));
        }
    }
    Ok(unwanted.iter().fold(base.with(wanted.closure()), ExtSet::remove))
}

impl Knob {
    fn turn(&self, variant: &mut Variant, value: &str) -> Result<(), SpecError> {
        if (self.set)(variant, value) {
            return Ok(());
        }
        Err(SpecError::BadValue { key: self.name.to_string(), value: value.to_string(), values: self.values })
    }
}

fn on_off(key: &str, value: &str) -> Result<bool, SpecError> {
    match value {
        "on" | "true" => Ok(true),
        "off" | "false" => Ok(false),
        _ => {
            let (key, value) = (key.to_string(), value.to_string());
            Err(SpecError::BadValue { key, value, values: "on, off" })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::variant::TlbPolicy;

    fn parse(spec: &str) -> Variant {
        Variant::parse(spec).unwrap_or_else(|error| panic!("{spec}: {error}"))
    }

    #[test]
    fn max_is_the_default_and_knobs_turn_it() {
        assert_eq!(parse("max"), Variant::default());
        let turned = parse("max,h=off,vmidlen=7,pmp=64,tlb=sticky");
        let expected = Variant { vmid_len: 7, pmp_entries: 64, tlb: TlbPolicy::Sticky, ..Variant::default() };
        assert_eq!(turned, expected.without(Ext::H));
    }

    #[test]
    fn presets_have_what_their_profile_has() {
        for preset in PRESETS {
            assert!(parse(preset.name).extensions.includes(Variant::ALWAYS), "{}", preset.name);
        }
        let [rva20, rva22, rva23] = ["rva20s64", "rva22s64", "rva23s64"].map(parse);
        assert!(!rva20.has(Ext::B) && !rva20.has(Ext::H));
        assert!(rva22.has(Ext::Zba) && rva22.has(Ext::Svpbmt) && !rva22.has(Ext::H));
        assert!(
            rva23.has(Ext::H) && rva23.has(Ext::Shtvala) && rva23.has(Ext::Zfhmin) && !rva23.has(Ext::Zbc)
        );
        assert!(rva23.extensions.includes(rva22.extensions) && rva22.extensions.includes(rva20.extensions));
    }

    #[test]
    fn isa_strings_are_bases() {
        let spike = parse("rv64gch_zicntr_zihpm_svnapot_zba");
        assert!(spike.has(Ext::H) && spike.has(Ext::Zba) && !spike.has(Ext::Sstc));
        assert_eq!(parse("rv64gc,h=on"), parse("rv64gch"));
    }

    #[test]
    fn a_knob_drops_what_the_base_promised_and_is_refused_what_was_asked_for() {
        let narrow = parse("max,hgatp=sv39x4");
        assert!(!narrow.has(Ext::Shgatpa) && !narrow.has(Ext::Sha) && narrow.has(Ext::Shvsatpa));
        let error = Variant::parse("max,shgatpa=on,hgatp=sv39x4").unwrap_err().to_string();
        assert!(error.contains("rule shgatpa_satp_hgatp_mode_support"), "{error}");
    }

    #[test]
    fn each_promise_is_dropped_from_max_and_refused_by_name() {
        for (setting, ext, rule) in [
            ("htval=zero", Ext::Shtvala, "shtvala_htval_faulting_gpa"),
            ("tval-illegal=zero", Ext::Sstvala, "sstvala_stval_faulting_instruction"),
            ("tval-virtual=zero", Ext::Sstvala, "sstvala_stval_faulting_instruction"),
            ("tval-illegal=zero", Ext::Shvstvala, "shvstvala_vstval_written"),
            ("ad=hardware", Ext::Svade, "svade_access_ad_bit_clear"),
            ("ad=hardware", Ext::Svadu, "Svadu_disabled_hw_update_falls_back_to_svade"),
            ("misaligned=trap", Ext::Zicclsm, "zicclsm_misaligned_support"),
        ] {
            assert!(!parse(&format!("max,{setting}")).has(ext), "{setting}");
            let named = format!("max,{setting},{}=on", ext.name().to_ascii_lowercase());
            let error = Variant::parse(&named).expect_err(&named).to_string();
            assert!(error.contains(rule), "{named}: {error}");
        }
    }

    #[test]
    fn impossible_harts_are_refused_with_a_reason() {
        for (spec, reason) in [
            ("mini", "'mini' is no hart"),
            ("", "'' is no hart"),
            ("rv32gc", "'rv32gc' does not begin with rv64"),
            ("rv64gcv", "there is no extension 'v'"),
            ("rv64gcc", "'c' is named twice"),
            ("rv64ima", "'rv64ima' leaves out F, D, C"),
            ("max,h", "'h' is not KEY=VALUE"),
            ("max,vlen=128", "'vlen' is no knob and no extension"),
            ("max,vmidlen=15", "it is one of: 0 to 14"),
            ("max,pmp=8", "it is one of: 0, 16, 64"),
            ("max,satp=", "satp cannot be ''"),
            ("max,h=maybe", "h cannot be 'maybe'; it is one of: on, off"),
            ("max,medeleg=0x10000", "rule medeleg_16_no_rd0"),
            ("max,medeleg=0x800", "rule medeleg_when_rd0"),
            ("max,mideleg=0x4", "rule mideleg_acc_h"),
            ("max,mideleg=0x8", "mideleg within 0x2222"),
            ("max,hedeleg=0xcb1fc", "rule hedeleg_acc"),
            ("max,hpm=30", "it is one of: 0 to 29"),
            ("max,mcountinhibit=2", "rule mcountinhibit_enc"),
            ("max,sscounterenw=on,scounteren=7", "rule sscounterenw_hpmcounter_scounteren"),
            ("max,smepmp=on,pmp=0", "Smepmp wants pmp=16 or pmp=64"),
            ("max,c=off", "every hart here has C"),
            ("max,h=off,shlcofideleg=on", "Shlcofideleg includes or needs H, which is off"),
            ("rv64gc_sv48,satp=sv39", "Sv48 wants satp=sv48 or satp=sv57 (rule satp_mode_op_unsupported)"),
        ] {
            let error = Variant::parse(spec).expect_err(spec).to_string();
            assert!(error.contains(reason), "{spec}: {error}");
        }
    }

    #[test]
    fn every_knob_takes_what_it_shows() {
        for knob in KNOBS {
            let mut variant = Variant::default();
            assert!((knob.set)(&mut variant, &(knob.get)(&Variant::default())), "{}", knob.name);
            assert_eq!(variant, Variant::default(), "{}", knob.name);
        }
    }
}
