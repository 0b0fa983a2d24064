//! What a hart is allowed below M-mode: delegation, counters, environment, memory.
//! Privileged ISA, "Machine-Level ISA".

use core::fmt;
use core::sync::atomic::{AtomicU8, Ordering};

use isa::cause::{Exception, Interrupt};
use isa::csr::{
    mcounteren, medeleg, menvcfg, mideleg, misa, mstateen0, mstatus, pmpaddr0, pmpcfg0, stimecmp,
};

use crate::csr;
use crate::platform::{FIRMWARE_BASE, FIRMWARE_SIZE};

/// Exceptions that the supervisor handles itself. The firmware emulates nothing, so that everything is its
/// business except its own calls; bits of extensions that the hart lacks read as zero.
const DELEGATED_EXCEPTIONS: u64 = Exception::InstAddrMisaligned.bit()
    | Exception::InstAccessFault.bit()
    | Exception::IllegalInst.bit()
    | Exception::Breakpoint.bit()
    | Exception::LoadAddrMisaligned.bit()
    | Exception::LoadAccessFault.bit()
    | Exception::StoreAddrMisaligned.bit()
    | Exception::StoreAccessFault.bit()
    | Exception::EcallU.bit()
    | Exception::EcallVs.bit()
    | Exception::InstPageFault.bit()
    | Exception::LoadPageFault.bit()
    | Exception::StorePageFault.bit()
    | Exception::InstGuestPageFault.bit()
    | Exception::LoadGuestPageFault.bit()
    | Exception::VirtualInst.bit()
    | Exception::StoreGuestPageFault.bit();

/// Interrupts that the supervisor handles itself; those of the hypervisor extension are delegated by definition.
const DELEGATED_INTERRUPTS: u64 =
    Interrupt::Ssi.bit() | Interrupt::Sti.bit() | Interrupt::Sei.bit() | Interrupt::Lcofi.bit();

/// A PMP entry for a naturally aligned power-of-two region, without permissions. "Physical Memory Protection CSRs".
const PMP_NAPOT: u64 = 3 << 3;
const PMP_RWX: u64 = 0b111;

const SSTC: u8 = 1;
const H: u8 = 2;

/// The features of the harts, which are alike; known once the boot hart has prepared itself.
static FEATURES: AtomicU8 = AtomicU8::new(0);

/// The optional features that matter to the firmware.
#[derive(Clone, Copy)]
pub(crate) struct Features(u8);

/// The features of the harts.
pub(crate) fn features() -> Features {
    Features(FEATURES.load(Ordering::Relaxed))
}

/// Opens the hart to S-mode and finds out what it can do.
pub(crate) fn prepare() -> Features {
    csr::write::<{ medeleg::NUMBER }>(DELEGATED_EXCEPTIONS);
    csr::write::<{ mideleg::NUMBER }>(DELEGATED_INTERRUPTS);
    csr::write::<{ mcounteren::NUMBER }>(u64::MAX);
    if csr::probe::<{ mstateen0::NUMBER }>().is_some() {
        csr::write::<{ mstateen0::NUMBER }>(u64::MAX);
    }
    protect_firmware();

    let mut features = 0;
    if csr::probe::<{ menvcfg::NUMBER }>().is_some() {
        // Hardware updates of A and D bits (ADUE) stay off: the supervisor may ask for page faults instead.
        csr::set::<{ menvcfg::NUMBER }>(
            menvcfg::STCE.mask()
                | menvcfg::PBMTE.mask()
                | menvcfg::CBZE.mask()
                | menvcfg::CBCFE.mask()
                | menvcfg::CBIE.of(0b01),
        );
        // STCE may stick on a hart that has no stimecmp.
        let enabled = menvcfg::STCE.is_set(csr::read::<{ menvcfg::NUMBER }>());
        if enabled && csr::probe::<{ stimecmp::NUMBER }>().is_some() {
            features |= SSTC;
        }
    }
    if misa::H.is_set(csr::read::<{ misa::NUMBER }>()) {
        features |= H;
    }
    FEATURES.store(features, Ordering::Relaxed);
    Features(features)
}

/// Gives S-mode all memory and devices except the firmware's own memory. The lowest matching entry decides.
fn protect_firmware() {
    if csr::probe::<{ pmpaddr0::NUMBER }>().is_none() {
        return;
    }
    let firmware = (FIRMWARE_BASE >> 2) | ((FIRMWARE_SIZE >> 3) - 1);
    csr::write::<{ pmpaddr0::NUMBER }>(firmware as u64);
    csr::write::<{ pmpaddr0::NUMBER + 1 }>(u64::MAX);
    csr::write::<{ pmpcfg0::NUMBER }>(PMP_NAPOT | (PMP_NAPOT | PMP_RWX) << 8);
}

/// The `mstatus` with which `mret` enters (H)S-mode: V = 0, interrupts off, everything else at its reset value.
pub(crate) fn entry_status() -> u64 {
    const S: u64 = isa::Privilege::S as u64;
    let widths = mstatus::UXL.mask() | mstatus::SXL.mask();
    csr::read::<{ mstatus::NUMBER }>() & widths | mstatus::MPP.of(S)
}

impl Features {
    /// Whether `stimecmp` exists and S-mode may use it.
    pub(crate) fn sstc(self) -> bool {
        self.0 & SSTC != 0
    }

    /// Whether the hart has the hypervisor extension.
    pub(crate) fn h(self) -> bool {
        self.0 & H != 0
    }

    /// The manual's name of the mode in which the next stage runs.
    pub(crate) fn next_mode(self) -> &'static str {
        if self.h() { "HS-mode" } else { "S-mode" }
    }
}

impl fmt::Display for Features {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let have = |present| if present { "with" } else { "without" };
        write!(f, "{} H, {} Sstc", have(self.h()), have(self.sstc()))
    }
}
