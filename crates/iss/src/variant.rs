//! What one hart may differ from another in: the implementation-defined choices of the manual.

/// The choices that make up a hart. The default has everything that the simulator implements.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Variant {
    /// The hypervisor extension.
    pub h: bool,
    /// Supervisor timers.
    pub sstc: bool,
    /// Hardware update of A and D bits where `menvcfg.ADUE` and `henvcfg.ADUE` ask for it.
    pub svadu: bool,
    /// NAPOT page sizes.
    pub svnapot: bool,
    /// Page-based memory types.
    pub svpbmt: bool,
    /// Fine-grained invalidation.
    pub svinval: bool,
    /// State enable.
    pub smstateen: bool,
    /// Page-table levels at most: 3, 4 or 5 for up to Sv39, Sv48 or Sv57, in both stages.
    pub max_levels: u32,
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

impl Default for Variant {
    fn default() -> Variant {
        Variant {
            h: true,
            sstc: true,
            svadu: true,
            svnapot: true,
            svpbmt: true,
            svinval: true,
            smstateen: true,
            max_levels: 5,
            asid_len: 16,
            vmid_len: 14,
            geilen: 63,
            pmp_entries: 16,
            tlb: TlbPolicy::Exact,
        }
    }
}
