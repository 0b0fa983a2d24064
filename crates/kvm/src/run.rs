//! The page that a virtual CPU shares with its monitor, `struct kvm_run`: why it has left the guest, and the answer.
//!
//! Each side reads what the other writes: [`exit`](Run::exit) and the answers are the monitor's, and the rest the
//! kernel's.

mod kernel;
mod monitor;

use crate::LONG;

/// `immediate_exit`, which the monitor writes; before it is `request_interrupt_window`, which RISC-V does not use.
const IMMEDIATE_EXIT: usize = 1;
/// `exit_reason`, which the kernel writes; after it are other architectures' `ready_for_interrupt_injection`,
/// `if_flag`, `flags` and two registers.
const EXIT_REASON: usize = 8;
/// What the reason says more lies here, in a form of its own.
const DETAILS: usize = 32;
/// Where the details end, by their size in the header.
const END: usize = DETAILS + 256;

/// `mmio`: `phys_addr`, `data`, `len`, `is_write`.
const MMIO_ADDRESS: usize = DETAILS;
const MMIO_DATA: usize = DETAILS + 8;
const MMIO_LENGTH: usize = DETAILS + 16;
const MMIO_IS_WRITE: usize = DETAILS + 20;
/// How many bytes of data there are.
const MMIO_GREATEST_LENGTH: u32 = 8;

/// `fail_entry`: `hardware_entry_failure_reason`.
const FAIL_ENTRY_REASON: usize = DETAILS;

/// `internal`: `suberror`, and after it how much more is said, which is nothing.
const INTERNAL_SUBERROR: usize = DETAILS;

/// `system_event`: `type`, `ndata`, `data`.
const EVENT_TYPE: usize = DETAILS;
const EVENT_COUNT: usize = DETAILS + 4;
const EVENT_DATA: usize = DETAILS + 8;

/// `riscv_sbi`: `extension_id`, `function_id`, `args`, `ret`.
const SBI_EXTENSION: usize = DETAILS;
const SBI_FUNCTION: usize = DETAILS + LONG;
const SBI_ARGS: usize = DETAILS + 2 * LONG;
const SBI_RETURN: usize = DETAILS + 8 * LONG;

/// `riscv_csr`: `csr_num`, `new_value`, `write_mask`, `ret_value`.
const CSR_NUMBER: usize = DETAILS;
const CSR_NEW_VALUE: usize = DETAILS + LONG;
const CSR_WRITE_MASK: usize = DETAILS + 2 * LONG;
const CSR_RETURN: usize = DETAILS + 3 * LONG;

/// `KVM_EXIT_*`, the reasons that have an [`Exit`] of their own.
mod reason {
    pub(super) const DEBUG: u32 = 4;
    pub(super) const MMIO: u32 = 6;
    pub(super) const FAIL_ENTRY: u32 = 9;
    pub(super) const INTR: u32 = 10;
    pub(super) const INTERNAL_ERROR: u32 = 17;
    pub(super) const SYSTEM_EVENT: u32 = 24;
    pub(super) const RISCV_SBI: u32 = 35;
    pub(super) const RISCV_CSR: u32 = 36;
}

/// `KVM_SYSTEM_EVENT_*`, those that have a [`SystemEvent`] of their own.
mod event {
    pub(super) const SHUTDOWN: u32 = 1;
    pub(super) const RESET: u32 = 2;
}

/// Why a virtual CPU has left the guest for its monitor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Exit {
    /// `KVM_EXIT_DEBUG`: a breakpoint of the monitor's.
    Debug,
    /// `KVM_EXIT_MMIO`: an access where the guest has no memory.
    Mmio {
        /// Its guest physical address.
        address: u64,
        /// How many bytes, at most 8.
        length: u32,
        /// What the guest stores, in the low bytes; `None` where it loads.
        stored: Option<u64>,
    },
    /// `KVM_EXIT_FAIL_ENTRY`: the hardware did not let the guest in.
    FailEntry {
        /// `hardware_entry_failure_reason`.
        reason: u64,
    },
    /// `KVM_EXIT_INTR`: a signal for the monitor.
    Interrupted,
    /// `KVM_EXIT_INTERNAL_ERROR`.
    InternalError {
        /// Which.
        suberror: u32,
    },
    /// `KVM_EXIT_SYSTEM_EVENT`: the guest shuts down, or the like.
    SystemEvent {
        /// Which.
        event: SystemEvent,
        /// What the guest says of it: the SBI's reset reason.
        data: u64,
    },
    /// `KVM_EXIT_RISCV_SBI`: a call to the SBI that is the monitor's to answer.
    Sbi {
        /// The extension, of a7.
        extension: u64,
        /// The function, of a6.
        function: u64,
        /// The arguments, of a0 to a5.
        args: [u64; 6],
    },
    /// `KVM_EXIT_RISCV_CSR`: an access to a CSR that is the monitor's to emulate.
    Csr {
        /// Which.
        number: u64,
        /// The value to write,
        new_value: u64,
        /// and which of its bits.
        write_mask: u64,
    },
    /// Any other reason, by its number.
    Other(u32),
}

/// What has happened to the machine as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SystemEvent {
    /// `KVM_SYSTEM_EVENT_SHUTDOWN`.
    Shutdown,
    /// `KVM_SYSTEM_EVENT_RESET`.
    Reset,
    /// Any other, by its number.
    Other(u32),
}

/// A virtual CPU's page, between two runs.
pub struct Run<'a> {
    bytes: &'a mut [u8],
}

impl<'a> Run<'a> {
    /// The page; `None` where it is too small to be one.
    pub fn new(bytes: &'a mut [u8]) -> Option<Run<'a>> {
        (bytes.len() >= END).then_some(Run { bytes })
    }

    fn word(&self, offset: usize) -> u32 {
        u32::from_le_bytes(self.array(offset))
    }

    fn double(&self, offset: usize) -> u64 {
        u64::from_le_bytes(self.array(offset))
    }

    /// An `unsigned long`.
    fn long(&self, offset: usize) -> u64 {
        let mut double = [0; 8];
        double[..LONG].copy_from_slice(&self.bytes[offset..offset + LONG]);
        u64::from_le_bytes(double)
    }

    fn array<const N: usize>(&self, offset: usize) -> [u8; N] {
        core::array::from_fn(|n| self.bytes[offset + n])
    }

    fn set_word(&mut self, offset: usize, value: u32) {
        self.bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn set_double(&mut self, offset: usize, value: u64) {
        self.bytes[offset..offset + 8].copy_from_slice(&value.to_le_bytes());
    }

    fn set_long(&mut self, offset: usize, value: u64) {
        self.bytes[offset..offset + LONG].copy_from_slice(&value.to_le_bytes()[..LONG]);
    }
}

/// The low `length` bytes of `data`.
fn low_bytes(data: u64, length: u32) -> u64 {
    if length < MMIO_GREATEST_LENGTH { data & ((1 << (8 * length)) - 1) } else { data }
}

#[cfg(test)]
mod tests;
