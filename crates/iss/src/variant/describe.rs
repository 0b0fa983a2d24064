//! A variant in words: the description that makes it.

use isa::ext::{Ext, ExtSet};

use super::{KNOBS, PRESETS, Variant};

impl Variant {
    /// The shortest description that [`parse`](Variant::parse) makes this variant of; `None` where the fields have
    /// been set to what no description gives.
    pub fn describe(&self) -> Option<String> {
        let bases = ["max", "rv64gc"].into_iter().chain(PRESETS.iter().map(|preset| preset.name));
        let descriptions = bases.filter_map(|base| self.describe_from(base));
        descriptions.min_by_key(|description| description.len())
    }

    /// What to add to the variant `base` to get this one.
    fn describe_from(&self, base: &str) -> Option<String> {
        let turned = KNOBS.iter().filter(|knob| (knob.get)(self) != (knob.get)(&Variant::default()));
        let knobs =
            turned.fold(base.to_owned(), |text, knob| format!("{text},{}={}", knob.name, (knob.get)(self)));
        // Knobs may take extensions away.
        let from = Variant::parse(&knobs).or_else(|_| Variant::parse(base)).ok()?;
        let name = |ext: Ext| ext.name().to_ascii_lowercase();
        let list = |set: ExtSet, state| set.iter().map(move |ext| format!(",{}={state}", name(ext)));
        let off = list(from.extensions.without(self.extensions), "off");
        let on = list(self.extensions.without(from.extensions), "on");
        let description: String = std::iter::once(knobs).chain(off).chain(on).collect();
        (Variant::parse(&description).ok()? == *self).then_some(description)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_lead_back() {
        for (spec, description) in [
            ("max", "max"),
            ("max,vmidlen=7", "max,vmidlen=7"),
            ("max,vmidlen=7,asidlen=16", "max,vmidlen=7"),
            ("rv64gc", "rv64gc"),
            ("rva23s64", "rva23s64"),
            ("max,zfa=off", "max,zfa=off"),
            ("max,hgatp=sv39x4", "max,hgatp=sv39x4"),
            ("rv64gc_zba", "rv64gc,zba=on"),
        ] {
            let variant = Variant::parse(spec).unwrap();
            assert_eq!(variant.describe().as_deref(), Some(description));
        }
        for spec in
            ["max,h=off,ad=hardware", "rva22s64,h=on,pmp=0", "max,smdbltrp=on,tinst=zero,fs=dirty,tlb=sticky"]
        {
            let variant = Variant::parse(spec).unwrap();
            let description = variant.describe().expect(spec);
            assert_eq!(Variant::parse(&description), Ok(variant), "{spec}: {description}");
        }
    }

    #[test]
    fn what_no_description_gives_has_none() {
        assert_eq!(Variant { hpm: 31, ..Variant::default() }.describe(), None);
    }
}
