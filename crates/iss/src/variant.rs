//! What one hart may differ from another in: its extensions, and the implementation-defined choices of the
//! manual.

mod knob;
mod spec;

use isa::ext::{Ext, ExtSet};

pub use knob::{KNOBS, Knob};
pub use spec::{PRESETS, Preset, SpecError};

/// The choices that make up a hart. The default is `max`: everything that software needs no notice of.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Variant {
    /// What the hart has; always with what those include, and with [`Variant::ALWAYS`].
    pub extensions: ExtSet,
    /// Page-table levels at most in `satp`: 3, 4 or 5 for up to Sv39, Sv48 or Sv57.
    pub satp_levels: u32,
    /// Page-table levels at most in `vsatp`.
    pub vsatp_levels: u32,
    /// Page-table levels at most in `hgatp`, for up to Sv39x4, Sv48x4 or Sv57x4.
    pub hgatp_levels: u32,
    /// Width of `satp.ASID`, 0 to 16.
    pub asid_len: u32,
    /// Width of `hgatp.VMID`, 0 to 14.
    pub vmid_len: u32,
    /// Number of guest external interrupt lines, 0 to 63.
    pub geilen: u32,
    /// PMP entries: 0, 16 or 64.
    pub pmp_entries: usize,
    /// How long a translation is remembered.
    pub tlb: TlbPolicy,
}

/// How long the translation caches remember.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum TlbPolicy {
    /// Every access walks the page tables.
    None,
    /// A cache of bounded size; fences drop exactly what they must.
    Exact,
    /// As `Exact`, but nothing is forgotten until a fence says so.
    Sticky,
}

impl Variant {
    /// What every hart has: RV64GC with the machine level, S and U.
    pub const ALWAYS: ExtSet = ExtSet::of(&[
        Ext::I,
        Ext::M,
        Ext::A,
        Ext::F,
        Ext::D,
        Ext::C,
        Ext::Zicsr,
        Ext::Zifencei,
        Ext::Sm,
        Ext::S,
        Ext::U,
    ])
    .closure();

    /// Whether the hart has `ext`.
    #[inline]
    pub const fn has(&self, ext: Ext) -> bool {
        self.extensions.has(ext)
    }

    /// The same hart with `ext` and what it includes or depends on.
    #[must_use]
    pub const fn with(self, ext: Ext) -> Variant {
        Variant { extensions: self.extensions.with(ExtSet::of(&[ext]).closure()), ..self }
    }

    /// The same hart without `ext` and without what depends on it.
    #[must_use]
    pub fn without(self, ext: Ext) -> Variant {
        Variant { extensions: self.extensions.remove(ext), ..self }
    }
}

impl Default for Variant {
    fn default() -> Variant {
        Variant {
            extensions: spec::MAX,
            satp_levels: 5,
            vsatp_levels: 5,
            hgatp_levels: 5,
            asid_len: 16,
            vmid_len: 14,
            geilen: 63,
            pmp_entries: 16,
            tlb: TlbPolicy::Exact,
        }
    }
}
