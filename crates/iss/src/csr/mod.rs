//! Control and status registers: their storage, and the four stages of an access.
//!
//! An access asks four separate questions: may I ([`access`]), what do I see ([`view`]), what sticks
//! ([`legalize`], pure), and what must happen now ([`effect`]). Privileged ISA, "Control and Status
//! Registers (CSRs)".

pub(crate) mod access;
pub(crate) mod counters;
mod effect;
mod entropy;
pub(crate) mod legalize;
pub(crate) mod pmp;
mod restore;
mod view;

use isa::csr;
use isa::ext::Ext;
use serde::{Deserialize, Serialize};

use crate::variant::Variant;
use pmp::Guard;

/// The number of PMP address registers that the manual defines.
pub(crate) const PMP_ENTRIES: usize = 64;

/// What the CSRs hold. A register that is only a view of others (`sstatus`, `sie`, `hip`, ...) has no
/// field; bits that wires drive are in [`Lines`](crate::Lines).
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct CsrFile {
    pub(crate) fflags: u64,
    pub(crate) frm: u64,
    /// How often the entropy source has been polled.
    pub(crate) polls: u64,

    pub(crate) mstatus: u64,
    pub(crate) medeleg: u64,
    pub(crate) mideleg: u64,
    pub(crate) mie: u64,
    /// The bits of `mip` that software writes: SSIP, STIP, SEIP and, as `hvip`, VSSIP, VSTIP, VSEIP.
    pub(crate) mip: u64,
    pub(crate) mtvec: u64,
    pub(crate) mcounteren: u64,
    pub(crate) menvcfg: u64,
    pub(crate) mstateen: [u64; 4],
    pub(crate) mcountinhibit: u64,
    pub(crate) mscratch: u64,
    pub(crate) mepc: u64,
    pub(crate) mcause: u64,
    pub(crate) mtval: u64,
    pub(crate) mtinst: u64,
    pub(crate) mtval2: u64,
    /// `mcycle`, `minstret` and the event counters, by number.
    pub(crate) counters: [u64; 32],
    /// `mcyclecfg`, `minstretcfg` and the event selectors, by the numbers of their counters.
    pub(crate) events: [u64; 32],
    pub(crate) mseccfg: u64,
    #[serde(with = "crate::state::array")]
    pub(crate) pmpcfg: [u8; PMP_ENTRIES],
    /// What was written; [`pmp::pmpaddr`] is what is seen of it.
    #[serde(with = "crate::state::array")]
    pub(crate) pmpaddr: [u64; PMP_ENTRIES],
    /// What the PMP entries match. Follows from `pmpcfg` and `pmpaddr`.
    #[serde(skip)]
    pub(crate) guards: Vec<Guard>,
    /// Some PMM field is set, so that addresses may have to be masked. Follows from these.
    #[serde(skip)]
    pub(crate) masks_pointers: bool,

    pub(crate) stvec: u64,
    pub(crate) scounteren: u64,
    pub(crate) senvcfg: u64,
    pub(crate) sscratch: u64,
    pub(crate) sepc: u64,
    pub(crate) scause: u64,
    pub(crate) stval: u64,
    pub(crate) satp: u64,
    pub(crate) stimecmp: u64,

    pub(crate) hstatus: u64,
    pub(crate) hedeleg: u64,
    pub(crate) hideleg: u64,
    pub(crate) htimedelta: u64,
    pub(crate) hcounteren: u64,
    pub(crate) hgeie: u64,
    pub(crate) henvcfg: u64,
    pub(crate) hstateen: [u64; 4],
    pub(crate) htval: u64,
    pub(crate) htinst: u64,
    pub(crate) hgatp: u64,

    pub(crate) vsstatus: u64,
    pub(crate) vstvec: u64,
    pub(crate) vsscratch: u64,
    pub(crate) vsepc: u64,
    pub(crate) vscause: u64,
    pub(crate) vstval: u64,
    pub(crate) vsatp: u64,
    pub(crate) vstimecmp: u64,
}

/// The encoding of XLEN=64 in MXL, SXL, UXL and VSXL.
pub(crate) const XL_64: u64 = 2;

impl CsrFile {
    /// The registers at reset. What the manual leaves open is zero.
    pub(crate) fn new(variant: &Variant) -> CsrFile {
        let mdt = csr::mstatus::MDT.of(variant.has(Ext::Smdbltrp).into());
        CsrFile {
            fflags: 0,
            frm: 0,
            polls: 0,
            mstatus: csr::mstatus::UXL.of(XL_64) | csr::mstatus::SXL.of(XL_64) | mdt,
            medeleg: 0,
            mideleg: legalize::mideleg(variant, 0),
            mie: 0,
            mip: 0,
            mtvec: 0,
            mcounteren: 0,
            menvcfg: 0,
            mstateen: [0; 4],
            mcountinhibit: 0,
            mscratch: 0,
            mepc: 0,
            mcause: 0,
            mtval: 0,
            mtinst: 0,
            mtval2: 0,
            counters: [0; 32],
            events: [0; 32],
            mseccfg: 0,
            pmpcfg: [0; PMP_ENTRIES],
            guards: Vec::new(),
            pmpaddr: [0; PMP_ENTRIES],
            masks_pointers: false,
            stvec: 0,
            scounteren: 0,
            senvcfg: 0,
            sscratch: 0,
            sepc: 0,
            scause: 0,
            stval: 0,
            satp: 0,
            stimecmp: 0,
            hstatus: csr::hstatus::VSXL.of(XL_64),
            hedeleg: 0,
            hideleg: 0,
            htimedelta: 0,
            hcounteren: 0,
            hgeie: 0,
            henvcfg: 0,
            hstateen: [0; 4],
            htval: 0,
            htinst: 0,
            hgatp: 0,
            vsstatus: csr::vsstatus::UXL.of(XL_64),
            vstvec: 0,
            vsscratch: 0,
            vsepc: 0,
            vscause: 0,
            vstval: 0,
            vsatp: 0,
            vstimecmp: 0,
        }
    }
}

/// The CSR that the name `number` stands for: at V=1 most supervisor CSRs stand for their VS counterpart.
///
/// Privileged ISA, hypervisor extension, "Virtual Supervisor CSRs".
pub(crate) fn redirect(number: u16, virt: bool) -> u16 {
    let replaced = [
        csr::sstatus::NUMBER,
        csr::sie::NUMBER,
        csr::stvec::NUMBER,
        csr::sscratch::NUMBER,
        csr::sepc::NUMBER,
        csr::scause::NUMBER,
        csr::stval::NUMBER,
        csr::sip::NUMBER,
        csr::stimecmp::NUMBER,
        csr::satp::NUMBER,
    ];
    if virt && replaced.contains(&number) {
        number + (csr::vsstatus::NUMBER - csr::sstatus::NUMBER)
    } else {
        number
    }
}
