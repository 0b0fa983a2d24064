//! `--cpu SPEC`: what the harts have, or the list of what they can have.

use std::fmt::Write;

use isa::ext::Ext;
use iss::Variant;
use iss::variant::{KNOBS, PRESETS, SpecError};

/// What `--cpu` asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Cpu {
    /// `help`: the list of bases, knobs and extensions.
    Help,
    /// Harts like this, and what its base stands for that they have not.
    Variant(Variant, Option<&'static str>),
}

/// Reads a description of harts, or `help`.
///
/// # Errors
/// Those of [`Variant::parse`].
pub(crate) fn parse(spec: &str) -> Result<Cpu, SpecError> {
    if spec == "help" {
        return Ok(Cpu::Help);
    }
    let base = spec.split(',').next().unwrap_or_default();
    let lacks = PRESETS.iter().find(|preset| preset.name == base).and_then(|preset| preset.lacks);
    Variant::parse(spec).map(|variant| Cpu::Variant(variant, lacks))
}

/// What `--cpu help` shows.
pub(crate) fn help() -> String {
    let mut text = String::from(
        "A hart is given as BASE,KEY=VALUE,...\n\n\
         BASE is an ISA string (rv64gch_zba_sstc) or one of:\n\n  \
         max          all that is there, but smdbltrp, which firmware must know of\n",
    );
    // Writing to a String cannot fail.
    for preset in PRESETS {
        let _ = writeln!(text, "  {:<12} {}", preset.name, preset.doc);
    }
    text.push_str(
        "\nKEY is an extension, to be on or off, or a knob; with the knob's legal values, [default], and\n\
         the normative rule that leaves the choice open:\n\n",
    );
    let max = Variant::default();
    for knob in KNOBS {
        let now = format!("[{}]", (knob.get)(&max));
        let _ = write!(text, "  {:<16} {:<22} {now:<10} {}", knob.name, knob.values, knob.doc);
        let _ = if knob.rule.is_empty() { writeln!(text) } else { writeln!(text, " ({})", knob.rule) };
    }
    text.push_str("\nExtensions (* not in max):\n\n");
    for ext in Ext::ALL.iter().filter(|ext| !Variant::ALWAYS.has(**ext)) {
        let mark = if max.has(*ext) { ' ' } else { '*' };
        let _ = writeln!(text, " {mark}{:<13} {}", ext.name().to_ascii_lowercase(), ext.doc());
    }
    text.push_str("\nExamples: --cpu max,vmidlen=7,satp=sv39,tlb=sticky   --cpu rva23s64,geilen=0\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_lists_every_knob_and_every_choice_of_extensions() {
        let help = help();
        let extensions = Ext::ALL.iter().filter(|ext| !Variant::ALWAYS.has(**ext)).map(|ext| ext.doc());
        for part in KNOBS.iter().map(|knob| knob.doc).chain(PRESETS.iter().map(|p| p.name)).chain(extensions)
        {
            assert!(help.contains(part), "{part}");
        }
    }
}
