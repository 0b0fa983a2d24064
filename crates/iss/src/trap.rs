//! Traps: what an instruction raises, and how a trap is taken.
//!
//! Privileged ISA, "Machine-Level ISA" (trap CSRs) and "Traps" of the hypervisor extension.

use isa::cause::Exception;

/// An exception, with everything that the trap CSRs will show of it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Trap {
    /// The exception.
    pub cause: Exception,
    /// For `mtval`, `stval` or `vstval`.
    pub tval: u64,
    /// Whether `tval` is a guest virtual address (`hstatus.GVA`, `mstatus.GVA`).
    pub gva: bool,
    /// For `mtval2` or `htval`: the guest physical address of a guest-page fault, shifted right by 2.
    pub tval2: u64,
    /// For `mtinst` or `htinst`: a transformed instruction, a pseudoinstruction, or zero.
    pub tinst: u64,
}

impl Trap {
    /// An exception of which only the cause and `tval` are to be written.
    pub const fn new(cause: Exception, tval: u64) -> Trap {
        Trap { cause, tval, gva: false, tval2: 0, tinst: 0 }
    }
}
