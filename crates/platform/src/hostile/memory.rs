//! Main memory of which it is known what may change.

use core::ops::Range;

use iss::{Bus, Width};

use crate::bus::SystemBus;
use crate::map::RAM_BASE;

/// The size of main memory. The first half holds rings and tables, the second one buffers.
pub(super) const SIZE: u64 = 0x2_0000;
/// What is compared at once.
const BLOCK: usize = 256;
pub(super) const TABLES: Range<u64> = RAM_BASE..RAM_BASE + SIZE / 2;
/// Where indirect tables are, behind the queues.
pub(super) const INDIRECT_TABLES: Range<u64> = RAM_BASE + SIZE / 4..RAM_BASE + SIZE / 4 + 0x2000;
/// Where nothing is, so that a device that writes there makes no descriptor another one.
pub(super) const FREE: Range<u64> = INDIRECT_TABLES.end..TABLES.end;
pub(super) const BUFFERS: Range<u64> = RAM_BASE + SIZE / 2..RAM_BASE + SIZE;

/// What main memory should hold.
pub(super) struct Memory {
    expected: Vec<u8>,
    /// What it holds: room for a look at it.
    now: Vec<u8>,
    /// The bytes that some descriptor or ring has given to a device to be written.
    is_named: Vec<bool>,
}

impl Memory {
    /// All zero, as a new memory is.
    pub(super) fn new() -> Memory {
        Memory {
            expected: vec![0; SIZE as usize],
            now: vec![0; SIZE as usize],
            is_named: vec![false; SIZE as usize],
        }
    }

    /// Writes as a driver; what lies outside is dropped.
    pub(super) fn write(&mut self, bus: &SystemBus, at: u64, bytes: &[u8]) {
        for (at, byte) in (at..).zip(bytes) {
            if bus.ram().store(at, Width::B, (*byte).into()).is_some() {
                self.expected[(at - RAM_BASE) as usize] = *byte;
            }
        }
    }

    /// Gives `len` bytes at `at`, as far as they are main memory, to a device to be written.
    pub(super) fn name(&mut self, at: u64, len: u64) {
        let end = at.saturating_add(len).min(RAM_BASE + SIZE);
        for at in at.max(RAM_BASE)..end {
            self.is_named[(at - RAM_BASE) as usize] = true;
        }
    }

    /// Where something else has changed since the last look.
    pub(super) fn stray_write(&mut self, bus: &SystemBus) -> Option<u64> {
        bus.ram().read(RAM_BASE, &mut self.now).unwrap();
        for start in (0..self.now.len()).step_by(BLOCK) {
            let block = start..start + BLOCK;
            if self.now[block.clone()] == self.expected[block.clone()] {
                continue;
            }
            let is_stray = |at: &usize| self.now[*at] != self.expected[*at] && !self.is_named[*at];
            if let Some(at) = block.clone().find(is_stray) {
                return Some(RAM_BASE + at as u64);
            }
            self.expected[block.clone()].copy_from_slice(&self.now[block]);
        }
        None
    }
}
