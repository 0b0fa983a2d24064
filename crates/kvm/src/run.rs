//! The page that a virtual CPU shares with its monitor, `struct kvm_run`: why it has left the guest, and the answer.

/// `immediate_exit`: user space wants no run.
const IMMEDIATE_EXIT: usize = 1;
/// `exit_reason`.
const EXIT_REASON: usize = 8;
/// What the reason says more lies here, in a form of its own.
const DETAILS: usize = 32;
/// Where the details end, by their size in the header.
const END: usize = DETAILS + 256;

const MMIO_DATA: usize = DETAILS + 8;
const SBI_RETURN: usize = DETAILS + 64;
const CSR_RETURN: usize = DETAILS + 24;

/// `KVM_EXIT_UNKNOWN`: nobody has said why.
pub const UNKNOWN: u32 = 0;

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

    /// Why the virtual CPU has left the guest.
    pub fn exit(&self) -> Exit {
        match self.word(EXIT_REASON) {
            4 => Exit::Debug,
            6 => self.mmio(),
            9 => Exit::FailEntry { reason: self.double(0) },
            10 => Exit::Interrupted,
            17 => Exit::InternalError { suberror: self.word(DETAILS) },
            24 => self.system_event(),
            35 => Exit::Sbi {
                extension: self.double(0),
                function: self.double(1),
                args: core::array::from_fn(|n| self.double(2 + n)),
            },
            36 => Exit::Csr { number: self.double(0), new_value: self.double(1), write_mask: self.double(2) },
            reason => Exit::Other(reason),
        }
    }

    /// Says why the virtual CPU has left the guest: the kernel's side of [`exit`](Run::exit).
    pub fn set_exit(&mut self, exit: &Exit) {
        let reason = match *exit {
            Exit::Debug => 4,
            Exit::Mmio { address, length, stored } => {
                self.set_doubles([address, stored.unwrap_or(0)]);
                self.set_word(DETAILS + 16, length);
                self.set_word(DETAILS + 20, stored.is_some().into());
                6
            }
            Exit::FailEntry { reason } => {
                self.set_doubles([reason]);
                9
            }
            Exit::Interrupted => 10,
            Exit::InternalError { suberror } => {
                self.set_word(DETAILS, suberror);
                17
            }
            Exit::SystemEvent { event, data } => {
                let event = match event {
                    SystemEvent::Shutdown => 1,
                    SystemEvent::Reset => 2,
                    SystemEvent::Other(number) => number,
                };
                self.set_doubles([u64::from(event) | 1 << 32, data]);
                24
            }
            Exit::Sbi { extension, function, args: [a0, a1, a2, a3, a4, a5] } => {
                self.set_doubles([extension, function, a0, a1, a2, a3, a4, a5]);
                35
            }
            Exit::Csr { number, new_value, write_mask } => {
                self.set_doubles([number, new_value, write_mask, 0]);
                36
            }
            Exit::Other(reason) => reason,
        };
        self.set_word(EXIT_REASON, reason);
    }

    /// Whether user space wants the last exit finished and no run.
    pub fn immediate_exit(&self) -> bool {
        self.bytes[IMMEDIATE_EXIT] != 0
    }

    /// Asks for the last exit to be finished and no run, or no longer.
    pub fn set_immediate_exit(&mut self, wanted: bool) {
        self.bytes[IMMEDIATE_EXIT] = wanted.into();
    }

    /// A load's value, as the monitor has left it.
    pub fn loaded(&self) -> u64 {
        self.double(1)
    }

    /// What a call to the SBI returns, as the monitor has left it.
    pub fn sbi_return(&self) -> [u64; 2] {
        [self.double(8), self.double(9)]
    }

    /// A CSR's value, as the monitor has left it.
    pub fn csr_return(&self) -> u64 {
        self.double(3)
    }

    /// Gives an access to a CSR the old value.
    pub fn set_csr_return(&mut self, value: u64) {
        self.set_double(CSR_RETURN, value);
    }

    /// Gives a load its value.
    pub fn set_loaded(&mut self, value: u64) {
        self.set_double(MMIO_DATA, value);
    }

    /// Answers a call to the SBI: a0, and a1 where the extension is not a legacy one.
    pub fn set_sbi_return(&mut self, [error, value]: [u64; 2]) {
        self.set_double(SBI_RETURN, error);
        self.set_double(SBI_RETURN + 8, value);
    }

    /// `phys_addr`, `data`, `len`, `is_write`.
    fn mmio(&self) -> Exit {
        let length = self.word(DETAILS + 16).min(8);
        let data = self.double(1);
        // Bytes above the access are whatever they were.
        let data = if length < 8 { data & ((1 << (8 * length)) - 1) } else { data };
        let is_write = self.word(DETAILS + 20) & 0xff != 0;
        Exit::Mmio { address: self.double(0), length, stored: is_write.then_some(data) }
    }

    /// `type`, `ndata`, `data`.
    fn system_event(&self) -> Exit {
        let event = match self.word(DETAILS) {
            1 => SystemEvent::Shutdown,
            2 => SystemEvent::Reset,
            other => SystemEvent::Other(other),
        };
        let has_data = self.word(DETAILS + 4) != 0;
        Exit::SystemEvent { event, data: if has_data { self.double(1) } else { 0 } }
    }

    fn word(&self, offset: usize) -> u32 {
        u32::from_le_bytes(core::array::from_fn(|n| self.bytes[offset + n]))
    }

    /// The details' double word `index`.
    fn double(&self, index: usize) -> u64 {
        u64::from_le_bytes(core::array::from_fn(|n| self.bytes[DETAILS + 8 * index + n]))
    }

    fn set_word(&mut self, offset: usize, value: u32) {
        self.bytes[offset..offset + 4].copy_from_slice(&value.to_le_bytes());
    }

    fn set_doubles<const N: usize>(&mut self, values: [u64; N]) {
        for (index, value) in values.into_iter().enumerate() {
            self.set_double(DETAILS + 8 * index, value);
        }
    }

    fn set_double(&mut self, offset: usize, value: u64) {
        self.bytes[offset..offset + 8].copy_from_slice(&value.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec::Vec;

    use super::*;

    /// A page with a reason and these details.
    fn page(reason: u32, details: &[&[u8]]) -> Vec<u8> {
        let mut page = std::vec![0; 4096];
        page[8..12].copy_from_slice(&reason.to_le_bytes());
        let details = details.concat();
        page[32..32 + details.len()].copy_from_slice(&details);
        page
    }

    fn exit(reason: u32, details: &[&[u8]]) -> Exit {
        Run::new(&mut page(reason, details)).unwrap().exit()
    }

    fn doubles<const N: usize>(values: [u64; N]) -> Vec<u8> {
        values.iter().flat_map(|value| value.to_le_bytes()).collect()
    }

    #[test]
    fn a_store_has_only_the_bytes_of_its_length() {
        let details = [&doubles([0x1000_0003, !0 << 8 | 3])[..], &[1, 0, 0, 0, 1]];
        assert_eq!(exit(6, &details), Exit::Mmio { address: 0x1000_0003, length: 1, stored: Some(3) });
        let details = [&doubles([0x1000_0003, !0])[..], &[8, 0, 0, 0, 1]];
        assert_eq!(exit(6, &details), Exit::Mmio { address: 0x1000_0003, length: 8, stored: Some(!0) });
    }

    #[test]
    fn a_length_beyond_the_data_is_cut() {
        let details = [&doubles([0, 0])[..], &[0xff, 0xff, 0xff, 0xff, 0]];
        assert_eq!(exit(6, &details), Exit::Mmio { address: 0, length: 8, stored: None });
    }

    #[test]
    fn calls_have_six_arguments_after_extension_and_function() {
        let expected = Exit::Sbi { extension: 1, function: 2, args: [3, 4, 5, 6, 7, 8] };
        assert_eq!(exit(35, &[&doubles([1, 2, 3, 4, 5, 6, 7, 8])]), expected);
    }

    #[test]
    fn a_system_event_without_data_says_nothing() {
        let shutdown =
            |count: u32, data| exit(24, &[&1_u32.to_le_bytes(), &count.to_le_bytes(), &doubles([data])]);
        assert_eq!(shutdown(1, 7), Exit::SystemEvent { event: SystemEvent::Shutdown, data: 7 });
        assert_eq!(shutdown(0, 7), Exit::SystemEvent { event: SystemEvent::Shutdown, data: 0 });
    }

    #[test]
    fn every_other_reason_is_told() {
        assert_eq!(exit(4, &[]), Exit::Debug);
        assert_eq!(exit(9, &[&doubles([1])]), Exit::FailEntry { reason: 1 });
        assert_eq!(exit(10, &[]), Exit::Interrupted);
        assert_eq!(exit(17, &[&3_u32.to_le_bytes()]), Exit::InternalError { suberror: 3 });
        let csr = Exit::Csr { number: 0x15, new_value: 1, write_mask: 2 };
        assert_eq!(exit(36, &[&doubles([0x15, 1, 2])]), csr);
        assert_eq!(exit(99, &[]), Exit::Other(99));
    }

    #[test]
    fn answers_lie_where_the_kernel_looks() {
        let mut page = page(0, &[]);
        Run::new(&mut page).unwrap().set_loaded(0x1122_3344_5566_7788);
        assert_eq!(page[40..48], 0x1122_3344_5566_7788_u64.to_le_bytes());
        Run::new(&mut page).unwrap().set_sbi_return([!0, 5]);
        assert_eq!(page[96..112], doubles([!0, 5]));
    }

    #[test]
    fn what_the_kernel_says_the_monitor_reads() {
        for exit in [
            Exit::Debug,
            Exit::Mmio { address: 0x1000_0005, length: 1, stored: None },
            Exit::Mmio { address: !7, length: 8, stored: Some(!0) },
            Exit::FailEntry { reason: 7 },
            Exit::Interrupted,
            Exit::InternalError { suberror: 3 },
            Exit::SystemEvent { event: SystemEvent::Shutdown, data: 0 },
            Exit::SystemEvent { event: SystemEvent::Reset, data: 1 },
            Exit::SystemEvent { event: SystemEvent::Other(9), data: 2 },
            Exit::Sbi { extension: 1, function: 2, args: [3, 4, 5, 6, 7, 8] },
            Exit::Csr { number: 0x15, new_value: 1, write_mask: 2 },
            Exit::Other(99),
        ] {
            // Nothing of what was there before is read.
            let mut page = std::vec![0xff; 4096];
            let mut run = Run::new(&mut page).unwrap();
            run.set_exit(&exit);
            assert_eq!(run.exit(), exit);
        }
    }

    #[test]
    fn what_the_monitor_answers_the_kernel_reads() {
        let mut page = page(0, &[]);
        let mut run = Run::new(&mut page).unwrap();
        run.set_loaded(1);
        assert_eq!(run.loaded(), 1);
        run.set_sbi_return([2, 3]);
        assert_eq!(run.sbi_return(), [2, 3]);
        run.set_csr_return(4);
        assert_eq!(run.csr_return(), 4);
        assert!(!run.immediate_exit());
        run.set_immediate_exit(true);
        assert!(run.immediate_exit());
        assert_eq!(page[..2], [0, 1]);
    }

    #[test]
    fn a_page_that_is_too_small_is_none() {
        assert!(Run::new(&mut [0; 287]).is_none());
        assert!(Run::new(&mut [0; 288]).is_some());
    }
}
