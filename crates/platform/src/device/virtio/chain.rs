//! Descriptor chains: what a driver hands to a device in one piece. VIRTIO 1.2, 2.7.5 "The Virtqueue Descriptor Table".
//!
//! A chain is read once, checked as a whole, and used as what was read: what the driver does to its descriptors
//! afterwards changes nothing.

use iss::Ram;

use super::Broken;

/// Bytes of a descriptor.
const DESCRIPTOR: u64 = 16;
/// Descriptors that a chain may have, those of an indirect table included. The specification allows as many as the
/// queue has; Linux makes longer ones in indirect tables, up to what a device says of itself (`seg_max` of a drive).
const DESCRIPTORS: usize = super::queue::MAX_SIZE as usize;
/// Bytes that a chain may describe, so that a device is done in bounded time. Drivers stay far below it: a drive's
/// `seg_max` times `size_max` is the most that any device asks for.
const BYTES: u64 = 16 << 20;

/// `flags`: another descriptor follows.
const NEXT: u16 = 1;
/// `flags`: the device writes to the buffer, and does not read from it.
const WRITE: u16 = 2;
/// `flags`: the buffer is a table of descriptors.
const INDIRECT: u16 = 4;

/// A table of descriptors.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table {
    /// Its physical address.
    pub(super) at: u64,
    /// The number of descriptors.
    pub(super) len: u64,
    /// Whether its descriptors may lead to another table.
    pub(super) may_be_indirect: bool,
}

/// A contiguous part of main memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Segment {
    at: u64,
    len: u64,
}

/// A descriptor chain: bytes for the device to read, and room for it to write, each in order of the descriptors.
#[derive(Debug)]
pub(super) struct Chain {
    /// The index of the first descriptor, by which the driver knows the chain.
    pub(super) head: u16,
    readable: Vec<Segment>,
    writable: Vec<Segment>,
}

impl Chain {
    /// Follows the chain that begins with descriptor `head` of `table`.
    ///
    /// # Errors
    /// What the specification forbids, tables and buffers outside main memory, and chains of more than 16 MiB.
    pub(super) fn follow(ram: &Ram, table: Table, head: u16) -> Result<Chain, Broken> {
        let mut chain = Chain { head, readable: Vec::new(), writable: Vec::new() };
        let (mut table, mut index, mut bytes) = (table, u64::from(head), 0);
        for _ in 0..=DESCRIPTORS {
            if index >= table.len {
                return Err(Broken("a descriptor lies outside its table"));
            }
            let Descriptor { at, len, flags, next } = Descriptor::read(ram, table, index)?;
            if flags & INDIRECT != 0 {
                if !table.may_be_indirect || flags & NEXT != 0 {
                    return Err(Broken("an indirect table where none may be"));
                }
                if len == 0 || len % DESCRIPTOR != 0 {
                    return Err(Broken("an indirect table of no whole number of descriptors"));
                }
                table = Table { at, len: len / DESCRIPTOR, may_be_indirect: false };
                index = 0;
                continue;
            }
            bytes += len;
            if bytes > BYTES {
                return Err(Broken("a chain of more than 16 MiB"));
            }
            chain.add(ram, Segment { at, len }, flags & WRITE != 0)?;
            if flags & NEXT == 0 {
                return Ok(chain);
            }
            index = next.into();
        }
        Err(Broken("a chain that is too long, or a loop"))
    }

    fn add(&mut self, ram: &Ram, segment: Segment, is_writable: bool) -> Result<(), Broken> {
        if segment.len != 0 && !ram.contains(segment.at, segment.len) {
            return Err(Broken("a buffer outside main memory"));
        }
        if is_writable {
            self.writable.push(segment);
        } else if self.writable.is_empty() {
            self.readable.push(segment);
        } else {
            return Err(Broken("a buffer to be read behind one to be written"));
        }
        Ok(())
    }

    /// How many bytes there are to be read.
    pub(super) fn readable(&self) -> u64 {
        self.readable.iter().map(|segment| segment.len).sum()
    }

    /// How many bytes may be written.
    pub(super) fn writable(&self) -> u64 {
        self.writable.iter().map(|segment| segment.len).sum()
    }

    /// Fills `bytes` with what the driver has written, from `offset` on.
    ///
    /// # Errors
    /// Where there is less.
    pub(super) fn read(&self, ram: &Ram, offset: u64, bytes: &mut [u8]) -> Result<(), Broken> {
        let mut rest = bytes;
        for Segment { at, len } in parts(&self.readable, offset, rest.len() as u64) {
            let (part, after) = rest.split_at_mut(len as usize);
            ram.read(at, part).ok_or(Broken("a buffer outside main memory"))?;
            rest = after;
        }
        if rest.is_empty() { Ok(()) } else { Err(Broken("a request that is too short")) }
    }

    /// Writes `bytes` to the room for them, from `offset` on.
    ///
    /// # Errors
    /// Where there is no room for all of them.
    pub(super) fn write(&self, ram: &Ram, offset: u64, bytes: &[u8]) -> Result<(), Broken> {
        let mut rest = bytes;
        for Segment { at, len } in parts(&self.writable, offset, rest.len() as u64) {
            let (part, after) = rest.split_at(len as usize);
            ram.write(at, part).ok_or(Broken("a buffer outside main memory"))?;
            rest = after;
        }
        if rest.is_empty() { Ok(()) } else { Err(Broken("an answer for which there is no room")) }
    }
}

/// The parts of `segments` that hold `len` bytes from `offset` on; fewer where they end before.
fn parts(segments: &[Segment], offset: u64, len: u64) -> impl Iterator<Item = Segment> {
    let (mut skip, mut left) = (offset, len);
    segments.iter().filter_map(move |segment| {
        let skipped = skip.min(segment.len);
        let taken = left.min(segment.len - skipped);
        skip -= skipped;
        left -= taken;
        (taken > 0).then_some(Segment { at: segment.at + skipped, len: taken })
    })
}

/// An entry of a table.
struct Descriptor {
    at: u64,
    len: u64,
    flags: u16,
    next: u16,
}

impl Descriptor {
    fn read(ram: &Ram, table: Table, index: u64) -> Result<Descriptor, Broken> {
        let mut bytes = [0; DESCRIPTOR as usize];
        ram.read(table.at.wrapping_add(DESCRIPTOR * index), &mut bytes)
            .ok_or(Broken("a table of descriptors outside main memory"))?;
        let [a, b, c, d, e, f, g, h, l0, l1, l2, l3, f0, f1, n0, n1] = bytes;
        Ok(Descriptor {
            at: u64::from_le_bytes([a, b, c, d, e, f, g, h]),
            len: u32::from_le_bytes([l0, l1, l2, l3]).into(),
            flags: u16::from_le_bytes([f0, f1]),
            next: u16::from_le_bytes([n0, n1]),
        })
    }
}
