//! What a monitor reads and writes.

use super::{
    CSR_NEW_VALUE, CSR_NUMBER, CSR_RETURN, CSR_WRITE_MASK, EVENT_COUNT, EVENT_DATA, EVENT_TYPE, EXIT_REASON,
    Exit, FAIL_ENTRY_REASON, IMMEDIATE_EXIT, INTERNAL_SUBERROR, MMIO_ADDRESS, MMIO_DATA,
    MMIO_GREATEST_LENGTH, MMIO_IS_WRITE, MMIO_LENGTH, Run, SBI_ARGS, SBI_EXTENSION, SBI_FUNCTION, SBI_RETURN,
    SystemEvent, event, low_bytes, reason,
};
use crate::LONG;

impl Run<'_> {
    /// Why the virtual CPU has left the guest.
    pub fn exit(&self) -> Exit {
        match self.word(EXIT_REASON) {
            reason::DEBUG => Exit::Debug,
            reason::MMIO => self.mmio(),
            reason::FAIL_ENTRY => Exit::FailEntry { reason: self.double(FAIL_ENTRY_REASON) },
            reason::INTR => Exit::Interrupted,
            reason::INTERNAL_ERROR => Exit::InternalError { suberror: self.word(INTERNAL_SUBERROR) },
            reason::SYSTEM_EVENT => self.system_event(),
            reason::RISCV_SBI => Exit::Sbi {
                extension: self.long(SBI_EXTENSION),
                function: self.long(SBI_FUNCTION),
                args: core::array::from_fn(|n| self.long(SBI_ARGS + n * LONG)),
            },
            reason::RISCV_CSR => Exit::Csr {
                number: self.long(CSR_NUMBER),
                new_value: self.long(CSR_NEW_VALUE),
                write_mask: self.long(CSR_WRITE_MASK),
            },
            reason => Exit::Other(reason),
        }
    }

    /// Gives a load its value.
    pub fn set_loaded(&mut self, value: u64) {
        self.set_double(MMIO_DATA, value);
    }

    /// Answers a call to the SBI: a0, and a1 where the extension is not a legacy one.
    pub fn set_sbi_return(&mut self, [error, value]: [u64; 2]) {
        self.set_long(SBI_RETURN, error);
        self.set_long(SBI_RETURN + LONG, value);
    }

    /// Answers an access to a CSR with the value that it had.
    pub fn set_csr_return(&mut self, value: u64) {
        self.set_long(CSR_RETURN, value);
    }

    /// Has the next run end before it reaches the guest, once what was asked for is answered.
    pub fn set_immediate_exit(&mut self, immediate: bool) {
        self.bytes[IMMEDIATE_EXIT] = immediate.into();
    }

    fn mmio(&self) -> Exit {
        let length = self.word(MMIO_LENGTH).min(MMIO_GREATEST_LENGTH);
        // Bytes above the access are whatever they were.
        let data = low_bytes(self.double(MMIO_DATA), length);
        let is_write = self.bytes[MMIO_IS_WRITE] != 0;
        Exit::Mmio { address: self.double(MMIO_ADDRESS), length, stored: is_write.then_some(data) }
    }

    fn system_event(&self) -> Exit {
        let event = match self.word(EVENT_TYPE) {
            event::SHUTDOWN => SystemEvent::Shutdown,
            event::RESET => SystemEvent::Reset,
            other => SystemEvent::Other(other),
        };
        let has_data = self.word(EVENT_COUNT) != 0;
        Exit::SystemEvent { event, data: if has_data { self.double(EVENT_DATA) } else { 0 } }
    }
}
