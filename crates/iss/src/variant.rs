//! What one hart may differ from another in: its extensions, and the implementation-defined choices of the
//! manual.

mod choice;
mod describe;
mod knob;
mod spec;

use isa::ext::{Ext, ExtSet};

use crate::csr::legalize::{DELEGATABLE_EXCEPTIONS, GUEST_DELEGATABLE_EXCEPTIONS, S_INTERRUPTS};

pub use choice::{Misaligned, MisalignedAtomic, TlbPolicy, Wfi};
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
    /// G, where the grain of PMP is 2^(G+2) bytes: 0 to 10, up to a page.
    pub pmp_grain: u32,
    /// Whether `mseccfg.RLB` can be set; otherwise it is a read-only zero.
    pub pmp_bypass: bool,
    /// Whether `mtinst` and `htinst` say all that they may; otherwise they are zero wherever they may be.
    pub reports_tinst: bool,
    /// Whether `mtval2` and `htval` hold the address of a guest-page fault; otherwise zero.
    pub reports_gpa: bool,
    /// Whether `xtval` holds an illegal instruction; otherwise zero.
    pub reports_illegal: bool,
    /// Whether `xtval` holds a virtual instruction; otherwise zero.
    pub reports_virtual: bool,
    /// Without Svadu: whether the hart updates A and D bits itself; otherwise their absence is a page fault.
    pub updates_ad: bool,
    /// What becomes of misaligned loads and stores to main memory.
    pub misaligned: Misaligned,
    /// What a misaligned atomic raises.
    pub misaligned_atomic: MisalignedAtomic,
    /// Whether misalignment is looked at before page faults and access faults; otherwise after them.
    pub misaligned_first: bool,
    /// How WFI waits, and when it raises what TW and VTW make of it.
    pub wfi: Wfi,
    /// Whether `vsatp` ignores a write with an unsupported MODE at V=0; otherwise MODE alone stays.
    pub vsatp_ignores: bool,
    /// Whether FS tells Initial, Clean and Dirty apart; otherwise what is not Off is Dirty.
    pub tracks_fs: bool,
    /// The writable bits of `medeleg`, as far as the exceptions can occur.
    pub medeleg: u64,
    /// The writable bits of `mideleg`, as far as there are such interrupts; those of H are read-only ones.
    pub mideleg: u64,
    /// The writable bits of `hedeleg`.
    pub hedeleg: u64,
    /// Event counters, from `mhpmcounter3` on: 0 to 29; those above are read-only zeros.
    pub hpm: u32,
    /// Bits of an event counter, 1 to 64.
    pub hpm_len: u32,
    /// The writable bits of `mcounteren`.
    pub mcounteren: u32,
    /// The writable bits of `scounteren`.
    pub scounteren: u32,
    /// The writable bits of `hcounteren`.
    pub hcounteren: u32,
    /// The writable bits of `mcountinhibit`, as far as there are counters; bit 1 is not one.
    pub mcountinhibit: u32,
    /// Where the numbers of the entropy source begin.
    pub entropy: u32,
    /// How long a translation is remembered.
    pub tlb: TlbPolicy,
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

    /// The event counters that there are, as bits of the counter-enable registers.
    pub(crate) const fn event_counters(&self) -> u32 {
        (((1u64 << self.hpm) - 1) << 3) as u32
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
            pmp_grain: 0,
            pmp_bypass: true,
            reports_tinst: true,
            reports_gpa: true,
            reports_illegal: true,
            reports_virtual: true,
            updates_ad: false,
            misaligned: Misaligned::Hardware,
            misaligned_atomic: MisalignedAtomic::Address,
            misaligned_first: true,
            wfi: Wfi::Trap,
            vsatp_ignores: false,
            tracks_fs: true,
            medeleg: DELEGATABLE_EXCEPTIONS,
            mideleg: S_INTERRUPTS,
            hedeleg: GUEST_DELEGATABLE_EXCEPTIONS,
            hpm: 29,
            hpm_len: 64,
            mcounteren: u32::MAX,
            scounteren: u32::MAX,
            hcounteren: u32::MAX,
            mcountinhibit: !2,
            entropy: 0,
            tlb: TlbPolicy::Exact,
        }
    }
}
