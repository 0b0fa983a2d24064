//! Addresses of the devices that tests may use: those of QEMU's `virt` machine, which are Spike's too.

/// ACLINT: the word that makes hart 0's machine software interrupt pending.
pub const MSIP: u64 = 0x200_0000;

/// ACLINT: the doubleword that hart 0's machine timer interrupt compares [`MTIME`] with.
pub const MTIMECMP: u64 = 0x200_4000;

/// ACLINT: the doubleword that counts time.
pub const MTIME: u64 = 0x200_bff8;

/// PLIC: the word that holds the priority of source 1; a word for each source follows.
pub const PLIC_PRIORITY: u64 = 0xc00_0004;

/// PLIC: the word that enables sources 0 to 31 for hart 0's M-mode; that of its S-mode is 0x80 higher.
pub const PLIC_ENABLE: u64 = 0xc00_2000;

/// PLIC: the word with hart 0's threshold in M-mode, claim and completion 4 higher; those of its S-mode are
/// 0x1000 higher.
pub const PLIC_THRESHOLD: u64 = 0xc20_0000;

/// UART: its first register; it is source 10 of the PLIC.
pub const UART: u64 = 0x1000_0000;

/// vhart's guest external interrupt lines: the doubleword whose bits hart 0's `hgeip` shows.
pub const HGEIP: u64 = 0x11_0000;
