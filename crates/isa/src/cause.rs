//! Trap causes. Privileged ISA, "Machine Cause (mcause) Register" and its hypervisor additions.

use core::fmt;

/// A synchronous exception, by its code in the cause registers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Exception {
    InstAddrMisaligned = 0,
    InstAccessFault = 1,
    IllegalInst = 2,
    Breakpoint = 3,
    LoadAddrMisaligned = 4,
    LoadAccessFault = 5,
    StoreAddrMisaligned = 6,
    StoreAccessFault = 7,
    EcallU = 8,
    EcallS = 9,
    EcallVs = 10,
    EcallM = 11,
    InstPageFault = 12,
    LoadPageFault = 13,
    StorePageFault = 15,
    DoubleTrap = 16,
    SoftwareCheck = 18,
    HardwareError = 19,
    InstGuestPageFault = 20,
    LoadGuestPageFault = 21,
    VirtualInst = 22,
    StoreGuestPageFault = 23,
}

/// An interrupt, by its bit in `mip` and its code in the cause registers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[repr(u8)]
#[allow(missing_docs)]
pub enum Interrupt {
    Ssi = 1,
    Vssi = 2,
    Msi = 3,
    Sti = 5,
    Vsti = 6,
    Mti = 7,
    Sei = 9,
    Vsei = 10,
    Mei = 11,
    Sgei = 12,
    Lcofi = 13,
}

/// Why a trap was taken.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[allow(missing_docs)]
pub enum Cause {
    Exception(Exception),
    Interrupt(Interrupt),
}

impl Exception {
    /// Every exception, by code.
    pub const ALL: [Exception; 22] = {
        use Exception::{
            Breakpoint, DoubleTrap, EcallM, EcallS, EcallU, EcallVs, HardwareError, IllegalInst,
            InstAccessFault, InstAddrMisaligned, InstGuestPageFault, InstPageFault, LoadAccessFault,
            LoadAddrMisaligned, LoadGuestPageFault, LoadPageFault, SoftwareCheck, StoreAccessFault,
            StoreAddrMisaligned, StoreGuestPageFault, StorePageFault, VirtualInst,
        };
        [
            InstAddrMisaligned,
            InstAccessFault,
            IllegalInst,
            Breakpoint,
            LoadAddrMisaligned,
            LoadAccessFault,
            StoreAddrMisaligned,
            StoreAccessFault,
            EcallU,
            EcallS,
            EcallVs,
            EcallM,
            InstPageFault,
            LoadPageFault,
            StorePageFault,
            DoubleTrap,
            SoftwareCheck,
            HardwareError,
            InstGuestPageFault,
            LoadGuestPageFault,
            VirtualInst,
            StoreGuestPageFault,
        ]
    };

    /// The exception with this code.
    pub fn from_code(code: u64) -> Option<Exception> {
        Exception::ALL.into_iter().find(|e| *e as u64 == code)
    }

    /// The bit in a delegation register.
    pub const fn bit(self) -> u64 {
        1 << self as u8
    }

    /// Whether it is a fault of the G stage.
    pub const fn is_guest_page_fault(self) -> bool {
        use Exception::{InstGuestPageFault, LoadGuestPageFault, StoreGuestPageFault};
        matches!(self, InstGuestPageFault | LoadGuestPageFault | StoreGuestPageFault)
    }

    /// The manual's name, in words.
    pub const fn name(self) -> &'static str {
        match self {
            Exception::InstAddrMisaligned => "instruction address misaligned",
            Exception::InstAccessFault => "instruction access fault",
            Exception::IllegalInst => "illegal instruction",
            Exception::Breakpoint => "breakpoint",
            Exception::LoadAddrMisaligned => "load address misaligned",
            Exception::LoadAccessFault => "load access fault",
            Exception::StoreAddrMisaligned => "store/AMO address misaligned",
            Exception::StoreAccessFault => "store/AMO access fault",
            Exception::EcallU => "environment call from U-mode or VU-mode",
            Exception::EcallS => "environment call from HS-mode",
            Exception::EcallVs => "environment call from VS-mode",
            Exception::EcallM => "environment call from M-mode",
            Exception::InstPageFault => "instruction page fault",
            Exception::LoadPageFault => "load page fault",
            Exception::StorePageFault => "store/AMO page fault",
            Exception::DoubleTrap => "double trap",
            Exception::SoftwareCheck => "software check",
            Exception::HardwareError => "hardware error",
            Exception::InstGuestPageFault => "instruction guest-page fault",
            Exception::LoadGuestPageFault => "load guest-page fault",
            Exception::VirtualInst => "virtual instruction",
            Exception::StoreGuestPageFault => "store/AMO guest-page fault",
        }
    }
}

impl Interrupt {
    /// Every interrupt, in the manual's order of decreasing priority.
    pub const BY_PRIORITY: [Interrupt; 11] = [
        Interrupt::Mei,
        Interrupt::Msi,
        Interrupt::Mti,
        Interrupt::Sei,
        Interrupt::Ssi,
        Interrupt::Sti,
        Interrupt::Sgei,
        Interrupt::Vsei,
        Interrupt::Vssi,
        Interrupt::Vsti,
        Interrupt::Lcofi,
    ];

    /// The interrupt with this code.
    pub fn from_code(code: u64) -> Option<Interrupt> {
        Interrupt::BY_PRIORITY.into_iter().find(|i| *i as u64 == code)
    }

    /// The bit in the pending and enable registers.
    pub const fn bit(self) -> u64 {
        1 << self as u8
    }

    /// The manual's name, in words.
    pub const fn name(self) -> &'static str {
        match self {
            Interrupt::Ssi => "supervisor software interrupt",
            Interrupt::Vssi => "virtual supervisor software interrupt",
            Interrupt::Msi => "machine software interrupt",
            Interrupt::Sti => "supervisor timer interrupt",
            Interrupt::Vsti => "virtual supervisor timer interrupt",
            Interrupt::Mti => "machine timer interrupt",
            Interrupt::Sei => "supervisor external interrupt",
            Interrupt::Vsei => "virtual supervisor external interrupt",
            Interrupt::Mei => "machine external interrupt",
            Interrupt::Sgei => "supervisor guest external interrupt",
            Interrupt::Lcofi => "counter overflow interrupt",
        }
    }
}

impl Cause {
    /// The value of a cause register of 64 bits.
    pub const fn to_bits(self) -> u64 {
        match self {
            Cause::Exception(e) => e as u64,
            Cause::Interrupt(i) => 1 << 63 | i as u64,
        }
    }

    /// The cause that a cause register of 64 bits stands for; `None` for reserved codes.
    pub fn from_bits(bits: u64) -> Option<Cause> {
        let code = bits & !(1 << 63);
        if bits >> 63 == 1 {
            Interrupt::from_code(code).map(Cause::Interrupt)
        } else {
            Exception::from_code(code).map(Cause::Exception)
        }
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Cause::Exception(e) => e.name(),
            Cause::Interrupt(i) => i.name(),
        })
    }
}
