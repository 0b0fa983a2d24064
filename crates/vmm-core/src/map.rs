//! Where things are in the machine that a guest sees; the contract is in `firmware/guests/rt`.

use core::ops::Range;

/// Where RAM begins.
pub const RAM_BASE: u64 = 0x8000_0000;

/// Bytes of RAM.
pub const RAM_SIZE: usize = 16 << 20;

/// Where a guest without addresses of its own lies, and is entered.
pub const ENTRY: u64 = 0x8020_0000;

/// Where the device tree lies: below the image, where no guest expects zeros.
pub const DEVICE_TREE: u64 = RAM_BASE;

/// The most bytes of the device tree.
pub const DEVICE_TREE_SIZE: usize = 64 << 10;

/// The most virtual CPUs.
pub const MAX_VCPUS: usize = 64;

/// Which bytes of RAM the `length` bytes at the guest physical `address` are; `None` where one is none.
pub fn ram_range(address: u64, length: u64) -> Option<Range<usize>> {
    let start = usize::try_from(address.checked_sub(RAM_BASE)?).ok()?;
    let end = start.checked_add(usize::try_from(length).ok()?)?;
    (end <= RAM_SIZE).then_some(start..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_a_range_must_be_ram() {
        assert_eq!(ram_range(RAM_BASE, 0), Some(0..0));
        assert_eq!(ram_range(RAM_BASE + 1, 2), Some(1..3));
        assert_eq!(ram_range(RAM_BASE, RAM_SIZE as u64), Some(0..RAM_SIZE));
        assert_eq!(ram_range(RAM_BASE + 1, RAM_SIZE as u64), None);
        assert_eq!(ram_range(RAM_BASE - 1, 1), None);
        assert_eq!(ram_range(RAM_BASE + 1, u64::MAX), None);
        assert_eq!(ram_range(u64::MAX, 1), None);
    }
}
