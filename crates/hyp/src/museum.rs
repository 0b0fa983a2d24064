//! Mistakes that KVM once made on RISC-V, each of which can be made again, for a test to show that it would be noticed.
//!
//! But for tests there is nothing here: [`is_repeated`] is always false then, and what depends on it is no code. The
//! names are those of the catalogue in docs/hypervisor.md.

/// A mistake.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Mistake {
    /// LB, LH and LW of a device are not extended by their sign.
    B1,
    /// An IPI to a virtual hart that does not exist is sent all the same.
    B2,
    /// "All harts" is a mask with a bit for each, which has too few bits.
    B3,
    /// A range that begins within a page's size skips what comes after.
    B4,
    /// Writes to large pages are not logged one by one.
    B5,
    /// A large page goes beyond its slot.
    B6,
    /// A page that was found too late is never let go of.
    B7,
    /// A fetch where there is no memory ends the machine.
    B8,
    /// A guest's exception that nobody handles ends the machine.
    B9,
    /// A trap from VU-mode is handled in VU-mode.
    B10,
    /// The width of a VMID is asked for without translation.
    B11,
    /// VMIDs begin anew while guests run with the old ones.
    B12,
    /// A virtual hart finds what another has left in a hart, or what it has left itself long ago.
    B13,
    /// A virtual hart's CSRs are believed to be in a hart that has lost them.
    B14,
    /// Setting and unsetting an interrupt at once leaves a change untold.
    B15,
    /// Interrupts of the guest's are not where those of the hypervisor's are.
    B16,
    /// A guest-page fault while an instruction is read ends the machine.
    B17,
    /// What a guest's own timer is set to is not looked at when it waits.
    B18,
    /// A run is not ended at once that is to be ended at once.
    B21,
    /// Types of 32 bits are compared with 64.
    B22,
    /// A fence's size that means everything is taken for a size.
    B23,
    /// A call that user space does not answer returns success.
    B24,
    /// A record of stolen time can be anywhere.
    B26,
    /// What a guest has is changed while it runs.
    B31,
    /// Interrupts stop being delegated while they are pending.
    B32,
    /// Guests see the host's counters.
    B33,
    /// A page table where there is no memory is taken for a device.
    T6,
    /// The mode of a trap vector is taken for a part of its address.
    T7,
    /// A timer that is turned on is set to 1.
    T9,
    /// The last page of the address space cannot be had.
    T12,
    /// C.SWSP and C.SDSP with an offset that looks like register 0 are no stores.
    T15,
}

#[cfg(any(test, feature = "museum"))]
mod repeated {
    extern crate std;

    use core::cell::Cell;

    use super::Mistake;

    std::thread_local! {
        static REPEATED: Cell<Option<Mistake>> = const { Cell::new(None) };
    }

    /// Has this thread make a mistake from now on, or none.
    pub fn repeat(mistake: Option<Mistake>) {
        REPEATED.set(mistake);
    }

    /// Whether this thread makes a mistake.
    pub(crate) fn is_repeated(mistake: Mistake) -> bool {
        REPEATED.get() == Some(mistake)
    }
}

#[cfg(any(test, feature = "museum"))]
pub(crate) use repeated::is_repeated;
#[cfg(any(test, feature = "museum"))]
pub use repeated::repeat;

/// Whether a mistake is to be made.
#[cfg(not(any(test, feature = "museum")))]
pub(crate) const fn is_repeated(_mistake: Mistake) -> bool {
    false
}

#[cfg(test)]
mod tests;
