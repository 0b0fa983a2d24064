//! What a kernel reads and writes.

use super::{
    CSR_NEW_VALUE, CSR_NUMBER, CSR_RETURN, CSR_WRITE_MASK, DETAILS, END, EVENT_COUNT, EVENT_DATA, EVENT_TYPE,
    EXIT_REASON, Exit, FAIL_ENTRY_REASON, IMMEDIATE_EXIT, INTERNAL_SUBERROR, MMIO_ADDRESS, MMIO_DATA,
    MMIO_IS_WRITE, MMIO_LENGTH, Run, SBI_ARGS, SBI_EXTENSION, SBI_FUNCTION, SBI_RETURN, SystemEvent, event,
    low_bytes, reason,
};
use crate::LONG;

/// `SBI_ERR_NOT_SUPPORTED`, of the SBI's "Binary Encoding".
const SBI_NOT_SUPPORTED: u64 = -2_i64 as u64;

impl Run<'_> {
    /// Says why the virtual CPU has left the guest, and answers what is asked for in case the monitor does not: a load
    /// reads zero, a call to the SBI is not supported, and a CSR reads zero.
    pub fn set_exit(&mut self, exit: &Exit) {
        self.bytes[DETAILS..END].fill(0);
        let reason = match *exit {
            Exit::Debug => reason::DEBUG,
            Exit::Mmio { address, length, stored } => {
                self.set_double(MMIO_ADDRESS, address);
                self.set_double(MMIO_DATA, low_bytes(stored.unwrap_or(0), length));
                self.set_word(MMIO_LENGTH, length);
                self.bytes[MMIO_IS_WRITE] = stored.is_some().into();
                reason::MMIO
            }
            Exit::FailEntry { reason } => {
                self.set_double(FAIL_ENTRY_REASON, reason);
                reason::FAIL_ENTRY
            }
            Exit::Interrupted => reason::INTR,
            Exit::InternalError { suberror } => {
                self.set_word(INTERNAL_SUBERROR, suberror);
                reason::INTERNAL_ERROR
            }
            Exit::SystemEvent { event, data } => {
                let number = match event {
                    SystemEvent::Shutdown => event::SHUTDOWN,
                    SystemEvent::Reset => event::RESET,
                    SystemEvent::Other(other) => other,
                };
                self.set_word(EVENT_TYPE, number);
                self.set_word(EVENT_COUNT, 1);
                self.set_double(EVENT_DATA, data);
                reason::SYSTEM_EVENT
            }
            Exit::Sbi { extension, function, args } => {
                self.set_long(SBI_EXTENSION, extension);
                self.set_long(SBI_FUNCTION, function);
                for (n, arg) in args.into_iter().enumerate() {
                    self.set_long(SBI_ARGS + n * LONG, arg);
                }
                self.set_sbi_return([SBI_NOT_SUPPORTED, 0]);
                reason::RISCV_SBI
            }
            Exit::Csr { number, new_value, write_mask } => {
                self.set_long(CSR_NUMBER, number);
                self.set_long(CSR_NEW_VALUE, new_value);
                self.set_long(CSR_WRITE_MASK, write_mask);
                reason::RISCV_CSR
            }
            Exit::Other(reason) => reason,
        };
        self.set_word(EXIT_REASON, reason);
    }

    /// Whether the monitor wants the run to end before it reaches the guest.
    pub fn immediate_exit(&self) -> bool {
        self.bytes[IMMEDIATE_EXIT] != 0
    }

    /// A load's value, of whose bytes as many count as the load has.
    pub fn loaded(&self) -> u64 {
        self.double(MMIO_DATA)
    }

    /// What a call to the SBI returns: a0, and a1 where the extension is not a legacy one.
    pub fn sbi_return(&self) -> [u64; 2] {
        [self.long(SBI_RETURN), self.long(SBI_RETURN + LONG)]
    }

    /// The value that an accessed CSR had.
    pub fn csr_return(&self) -> u64 {
        self.long(CSR_RETURN)
    }
}
