//! Access to the hart's control and status registers, by the numbers of the `isa` crate's table.
//!
//! The functions are safe to call: M-mode runs untranslated and no PMP entry is locked, so no CSR but `mtvec` can
//! redirect the firmware's own accesses, and `mtvec` is set by the entry code alone.

use core::arch::asm;

/// Reads CSR `N`, which must exist.
pub(crate) fn read<const N: u16>() -> u64 {
    let value;
    // SAFETY: reading the CSRs that the firmware uses has no side effect.
    unsafe { asm!("csrr {}, {}", out(reg) value, const N, options(nomem, nostack)) };
    value
}

/// Writes CSR `N`, which must exist.
pub(crate) fn write<const N: u16>(value: u64) {
    // SAFETY: see the module's first paragraph.
    unsafe { asm!("csrw {}, {}", const N, in(reg) value, options(nostack)) };
}

/// Sets the bits `mask` of CSR `N`.
pub(crate) fn set<const N: u16>(mask: u64) {
    // SAFETY: see the module's first paragraph.
    unsafe { asm!("csrs {}, {}", const N, in(reg) mask, options(nostack)) };
}

/// Clears the bits `mask` of CSR `N`.
pub(crate) fn clear<const N: u16>(mask: u64) {
    // SAFETY: see the module's first paragraph.
    unsafe { asm!("csrc {}, {}", const N, in(reg) mask, options(nostack)) };
}

/// Reads CSR `N`, or finds that the hart does not have it.
///
/// A trap on the way lands behind the instruction, with M-mode's trap CSRs overwritten: inside a trap they must have
/// been saved before.
pub(crate) fn probe<const N: u16>() -> Option<u64> {
    let (value, present): (u64, u64);
    // SAFETY: mtvec is restored whether or not the access traps.
    unsafe {
        asm!(
            "la {old}, 1f",
            "csrrw {old}, mtvec, {old}",
            "li {present}, 0",
            "csrr {value}, {csr}",
            "li {present}, 1",
            ".balign 4",
            "1:",
            "csrw mtvec, {old}",
            csr = const N,
            old = out(reg) _,
            value = out(reg) value,
            present = out(reg) present,
            options(nostack),
        );
    }
    (present == 1).then_some(value)
}

/// Loads the doubleword at `address` with `mstatus` bits `view` set (MPRV for the caller's eyes), or finds that it
/// cannot be loaded. Overwrites M-mode's trap CSRs as [`probe`] does.
pub(crate) fn probe_load(address: u64, view: u64) -> Option<u64> {
    let (value, present): (u64, u64);
    // SAFETY: a load changes nothing, and both mtvec and mstatus are restored whether or not it traps.
    unsafe {
        asm!(
            "la {old}, 1f",
            "csrrw {old}, mtvec, {old}",
            "csrs mstatus, {view}",
            "li {present}, 0",
            "ld {value}, ({address})",
            "li {present}, 1",
            ".balign 4",
            "1:",
            "csrc mstatus, {view}",
            "csrw mtvec, {old}",
            address = in(reg) address,
            view = in(reg) view,
            old = out(reg) _,
            value = out(reg) value,
            present = out(reg) present,
            options(nostack),
        );
    }
    (present == 1).then_some(value)
}
