//! Why a guest exited, read from the trap CSRs. Privileged ISA, "Trap Cause Codes".

use isa::cause::{Cause, Exception};
use isa::tinst::Tinst;

use crate::addr::{Gpa, Gva};
use crate::hart::Trap;

/// Why the guest exited.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// An interrupt for the host, which is still pending: one of the manual's or of the platform's.
    Interrupt,
    /// The guest's kernel called its SBI.
    Ecall,
    /// An instruction that HS-mode may execute but the guest may not; its bits, or 0 where unknown.
    VirtualInst(u64),
    /// The guest touched a page that the G-stage does not map.
    GuestPageFault(GuestPageFault),
    /// An exception that is the guest's own affair, and the value for its `stval`.
    Exception(Exception, u64),
}

/// A guest-page fault.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GuestPageFault {
    /// What the guest was doing.
    pub kind: AccessKind,
    /// The guest virtual address that was accessed.
    pub gva: Gva,
    /// The guest physical address that is not mapped.
    pub gpa: Gpa,
    /// What is known of the instruction.
    pub tinst: Tinst,
}

/// What the guest was doing when it faulted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum AccessKind {
    /// Fetching an instruction.
    Fetch,
    /// Loading.
    Load,
    /// Storing, or an atomic operation.
    Store,
}

impl AccessKind {
    /// The access fault that such an access raises where there is no memory.
    pub const fn access_fault(self) -> Exception {
        match self {
            AccessKind::Fetch => Exception::InstAccessFault,
            AccessKind::Load => Exception::LoadAccessFault,
            AccessKind::Store => Exception::StoreAccessFault,
        }
    }
}

impl GuestPageFault {
    /// Whether the page must be writable for the guest to go on: for a store, and for an update of A or D.
    pub const fn is_write(&self) -> bool {
        matches!(self.kind, AccessKind::Store) || matches!(self.tinst, Tinst::Pseudo { write: true, .. })
    }
}

impl Exit {
    /// Decodes the trap that ended the guest's run.
    ///
    /// `None` for causes that a guest cannot have.
    pub fn decode(trap: &Trap) -> Option<Exit> {
        if trap.scause >> 63 != 0 {
            return Some(Exit::Interrupt);
        }
        let exception = Exception::from_code(trap.scause)?;
        match exception {
            Exception::EcallVs => Some(Exit::Ecall),
            Exception::VirtualInst => Some(Exit::VirtualInst(trap.stval)),
            Exception::InstGuestPageFault => Some(guest_page_fault(trap, AccessKind::Fetch)),
            Exception::LoadGuestPageFault => Some(guest_page_fault(trap, AccessKind::Load)),
            Exception::StoreGuestPageFault => Some(guest_page_fault(trap, AccessKind::Store)),
            Exception::InstAddrMisaligned
            | Exception::InstAccessFault
            | Exception::IllegalInst
            | Exception::Breakpoint
            | Exception::LoadAddrMisaligned
            | Exception::LoadAccessFault
            | Exception::StoreAddrMisaligned
            | Exception::StoreAccessFault
            | Exception::EcallU
            | Exception::InstPageFault
            | Exception::LoadPageFault
            | Exception::StorePageFault => Some(Exit::Exception(exception, trap.stval)),
            Exception::EcallS
            | Exception::EcallM
            | Exception::DoubleTrap
            | Exception::SoftwareCheck
            | Exception::HardwareError => None,
        }
    }
}

fn guest_page_fault(trap: &Trap, kind: AccessKind) -> Exit {
    let tinst = Tinst::from_bits(trap.htinst);
    // htval lacks the two lowest bits. Those of an implicit access are zero; else the virtual address has them.
    let low = if matches!(tinst, Tinst::Pseudo { .. }) { 0 } else { trap.stval & 3 };
    let gpa = Gpa(trap.htval << 2 | low);
    Exit::GuestPageFault(GuestPageFault { kind, gva: Gva(trap.stval), gpa, tinst })
}

/// How often a guest exited, by cause.
#[derive(Clone, Default, Debug)]
pub struct Counts {
    exceptions: [u64; 24],
    interrupts: [u64; 16],
}

impl Counts {
    /// Counts one exit with this `scause`; causes that the manual does not define are not counted.
    pub fn count(&mut self, scause: u64) {
        if let Some(counter) = Cause::from_bits(scause).and_then(|cause| self.counter(cause)) {
            *counter += 1;
        }
    }

    /// How often the guest exited for `cause`.
    pub fn get(&self, cause: Cause) -> u64 {
        let counter = match cause {
            Cause::Exception(exception) => self.exceptions.get(exception as usize),
            Cause::Interrupt(interrupt) => self.interrupts.get(interrupt as usize),
        };
        counter.copied().unwrap_or(0)
    }

    /// The causes that the guest has exited for, and how often: exceptions first, each in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (Cause, u64)> {
        let exceptions = (0..).zip(&self.exceptions);
        let interrupts = (1 << 63..).zip(&self.interrupts);
        let counted = exceptions.chain(interrupts).filter(|(_, count)| **count != 0);
        counted.filter_map(|(bits, count)| Some((Cause::from_bits(bits)?, *count)))
    }

    /// All exits.
    pub fn total(&self) -> u64 {
        self.exceptions.iter().chain(&self.interrupts).sum()
    }

    fn counter(&mut self, cause: Cause) -> Option<&mut u64> {
        match cause {
            Cause::Exception(exception) => self.exceptions.get_mut(exception as usize),
            Cause::Interrupt(interrupt) => self.interrupts.get_mut(interrupt as usize),
        }
    }
}
