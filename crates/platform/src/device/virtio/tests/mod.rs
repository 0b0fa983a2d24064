//! Drivers, as they should be and as they should not.

mod block;
mod ports;
mod queues;
mod transport;

use std::fs;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};

use iss::{Ram, Width};

use super::blk::Block;
use super::disk::{Disk, Drive};
use super::{Slot, feature};
use crate::device::Device;
use crate::map::RAM_BASE;

const STATUS: u64 = 0x70;
const INTERRUPT: u64 = 0x60;
const ACKNOWLEDGE: u64 = 0x64;
const NOTIFY: u64 = 0x50;
const CONFIG: u64 = 0x100;

/// `Status` of a driver that is ready.
const LIVE: u32 = 0xf;
const NEEDS_RESET: u32 = 0x40;

const NEXT: u16 = 1;
const WRITE: u16 = 2;
const INDIRECT: u16 = 4;

/// Descriptors of each queue.
const SIZE: u16 = 16;
/// Where main memory ends.
const END: u64 = RAM_BASE + 0x10_0000;
/// Where the buffers of requests are.
const BUFFERS: u64 = RAM_BASE + 0x2_0000;

/// A driver of a device in a slot, with queues of its own in main memory.
struct Driver {
    slot: Slot,
    ram: Ram,
    available: [u16; 2],
    used: [u16; 2],
}

impl Driver {
    /// A driver that has done nothing yet.
    fn new(slot: Slot) -> Driver {
        let ram = Ram::new(RAM_BASE, END - RAM_BASE).unwrap();
        Driver { slot, ram, available: [0; 2], used: [0; 2] }
    }

    /// A driver that is ready, with these features beside `VERSION_1`.
    fn ready(slot: Slot, features: u64) -> Driver {
        let mut driver = Driver::new(slot);
        driver.start(features);
        driver
    }

    fn get(&mut self, register: u64) -> u32 {
        self.slot.load(register, Width::W).unwrap() as u32
    }

    fn set(&mut self, register: u64, value: u32) {
        self.slot.store(register, Width::W, value.into()).unwrap();
        self.slot.serve(&self.ram);
    }

    /// Where the table of descriptors and the areas of driver and device are.
    fn areas(queue: u32) -> [u64; 3] {
        [0, 0x1000, 0x2000].map(|at| RAM_BASE + 0x4000 * u64::from(queue) + at)
    }

    fn choose(&mut self, features: u64) {
        for (select, word) in [(0, features as u32), (1, (features >> 32) as u32)] {
            self.set(0x24, select);
            self.set(0x20, word);
        }
    }

    /// Goes through the initialization, from a reset on.
    fn start(&mut self, features: u64) {
        self.set(STATUS, 0);
        self.set(STATUS, 1);
        self.set(STATUS, 3);
        self.choose(features | feature::VERSION_1);
        self.set(STATUS, 0xb);
        assert_eq!(self.get(STATUS), 0xb, "the features fit");
        for queue in 0..2 {
            self.set(0x30, queue);
            if self.get(0x34) == 0 {
                continue;
            }
            for (register, at) in [0x80, 0x90, 0xa0].into_iter().zip(Driver::areas(queue)) {
                self.ram.write(at, &[0; 0x1000]).unwrap();
                self.set(register, at as u32);
                self.set(register + 4, (at >> 32) as u32);
            }
            self.set(0x38, SIZE.into());
            self.set(0x44, 1);
            assert_eq!(self.get(0x44), 1, "the queue is ready");
        }
        self.set(0x30, 0);
        self.set(STATUS, LIVE);
        assert_eq!(self.get(STATUS), LIVE);
        (self.available, self.used) = ([0; 2], [0; 2]);
    }

    /// Writes a descriptor of the table at `table`.
    fn describe(&self, table: u64, index: u16, (at, len): (u64, u32), flags: u16, next: u16) {
        let place = table + 16 * u64::from(index);
        self.ram.store(place, Width::D, at).unwrap();
        self.ram.store(place + 8, Width::W, len.into()).unwrap();
        self.ram.store(place + 12, Width::H, flags.into()).unwrap();
        self.ram.store(place + 14, Width::H, next.into()).unwrap();
    }

    /// Writes a descriptor of a queue's own table.
    fn descriptor(&self, queue: u32, index: u16, buffer: (u64, u32), flags: u16, next: u16) {
        self.describe(Driver::areas(queue)[0], index, buffer, flags, next);
    }

    /// Makes a chain available, and does not tell.
    fn offer(&mut self, queue: u32, head: u16) {
        let [_, area, _] = Driver::areas(queue);
        let index = &mut self.available[queue as usize];
        let place = area + 4 + 2 * u64::from(*index % SIZE);
        self.ram.store(place, Width::H, head.into()).unwrap();
        *index = index.wrapping_add(1);
        self.ram.store(area + 2, Width::H, (*index).into()).unwrap();
    }

    fn notify(&mut self, queue: u32) {
        self.set(NOTIFY, queue);
    }

    /// The next chain that has come back, and how many bytes were written.
    fn take_used(&mut self, queue: u32) -> Option<(u32, u32)> {
        let [_, _, area] = Driver::areas(queue);
        let index = &mut self.used[queue as usize];
        if self.ram.load(area + 2, Width::H) == Some((*index).into()) {
            return None;
        }
        let place = area + 4 + 8 * u64::from(*index % SIZE);
        *index = index.wrapping_add(1);
        let word = |at| self.ram.load(at, Width::W).unwrap() as u32;
        Some((word(place), word(place + 4)))
    }

    /// Sends a request of these buffers and rooms; how many bytes were written, and all rooms one after the other.
    fn request(&mut self, queue: u32, readable: &[&[u8]], writable: &[usize]) -> (u32, Vec<u8>) {
        let mut at = BUFFERS;
        let rooms: Vec<Vec<u8>> = writable.iter().map(|len| vec![0xee; *len]).collect();
        let reads = readable.iter().map(|bytes| (*bytes, 0));
        let buffers: Vec<_> = reads.chain(rooms.iter().map(|room| (room.as_slice(), WRITE))).collect();
        for (index, (bytes, flags)) in (0..).zip(&buffers) {
            self.ram.write(at, bytes).unwrap_or_default();
            let next = if usize::from(index) + 1 == buffers.len() { 0 } else { NEXT };
            self.descriptor(queue, index, (at, bytes.len() as u32), flags | next, index + 1);
            at += bytes.len() as u64;
        }
        self.offer(queue, 0);
        self.notify(queue);
        let (head, written) = self.take_used(queue).expect("the request comes back");
        assert_eq!(head, 0);
        let room: usize = writable.iter().sum();
        let mut bytes = vec![0; room];
        self.ram.read(at - room as u64, &mut bytes).unwrap_or_default();
        (written, bytes)
    }
}

/// A file of the host for a test, which is gone afterwards.
struct Image(PathBuf);

impl Image {
    fn new(bytes: &[u8]) -> Image {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let name = format!("vhart-{}-{}.img", std::process::id(), MADE.fetch_add(1, Ordering::Relaxed));
        let path = std::env::temp_dir().join(name);
        fs::write(&path, bytes).unwrap();
        Image(path)
    }

    /// An image of so many sectors, each filled with its number.
    fn numbered(sectors: u8) -> Image {
        Image::new(&(0..sectors).flat_map(|number| [number; 512]).collect::<Vec<_>>())
    }

    fn drive(&self) -> Drive {
        Drive { path: self.0.clone(), is_read_only: false, has_overlay: false }
    }

    fn read_only(&self) -> Drive {
        Drive { is_read_only: true, ..self.drive() }
    }

    fn overlay(&self) -> Drive {
        Drive { has_overlay: true, ..self.drive() }
    }

    fn bytes(&self) -> Vec<u8> {
        fs::read(&self.0).unwrap()
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // What is left behind in the folder for temporary files does no harm.
        let _ = fs::remove_file(&self.0);
    }
}

/// A slot with a drive.
fn slot(drive: &Drive) -> Slot {
    Slot::with(Block::new(Disk::open(drive).unwrap(), 3))
}
