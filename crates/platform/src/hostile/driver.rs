//! What a hostile driver does.

use std::time::{Duration, Instant};

use iss::{Bus, Ram, Width};

use super::Tally;
use super::chance::Chance;
use super::memory::{BUFFERS, FREE, INDIRECT_TABLES, Memory, SIZE, TABLES};
use crate::bus::SystemBus;
use crate::config::{MachineConfig, Terminal};
use crate::console::Console;
use crate::device::virtio::{Drive, Slots};
use crate::map::{self, DeviceKind, RAM_BASE, VIRTIO_SLOTS};

const HARTS: usize = 2;
/// The slot behind the drives.
const CONSOLE: u64 = 3;
const WIDTHS: [Width; 4] = [Width::B, Width::H, Width::W, Width::D];
/// Descriptors of a sound queue.
const DESCRIPTORS: u16 = 16;
/// Which of the areas of a queue the device writes to.
const DEVICE_AREA: usize = 2;
const NEXT: u16 = 1;
const WRITE: u16 = 2;
const INDIRECT: u16 = 4;
/// Registers that a driver writes.
const REGISTERS: [u64; 19] = [
    0x14, 0x20, 0x24, 0x30, 0x38, 0x44, 0x50, 0x64, 0x70, 0x80, 0x84, 0x90, 0x94, 0xa0, 0xa4, 0xac, 0xc0,
    0x100, 0x108,
];

/// The devices, and a driver that means no good.
pub(super) struct Hostile {
    chance: Chance,
    bus: SystemBus,
    memory: Memory,
    tally: Tally,
    /// What each queue of each slot has been told to be available.
    available: [[u16; 2]; VIRTIO_SLOTS],
}

impl Hostile {
    pub(super) fn new(chance: Chance, drives: Vec<Drive>) -> Hostile {
        let config = MachineConfig {
            drives,
            terminal: Terminal::Virtio,
            entropy: Some(7),
            harts: HARTS,
            aclint: true,
            ..MachineConfig::default()
        };
        let ram = Ram::new(RAM_BASE, SIZE).unwrap();
        let slots = Slots::new(&config).unwrap();
        let bus = SystemBus::new(ram, &config, None, slots, Console::default());
        Hostile {
            chance,
            bus,
            memory: Memory::new(),
            tally: Tally::default(),
            available: [[0; 2]; VIRTIO_SLOTS],
        }
    }

    /// Does something.
    pub(super) fn act(&mut self) {
        // Few slots are empty.
        let slots = if self.chance.one_in(16) { VIRTIO_SLOTS as u64 } else { 5 };
        let slot = self.chance.below(slots);
        let queue = if slot == CONSOLE || self.chance.one_in(16) { self.chance.below(2) as u32 } else { 0 };
        match self.chance.below(100) {
            0..15 => self.access_any_device(),
            15..25 => self.access_register(slot),
            25..40 => self.start(slot),
            40..80 => self.request(slot, queue),
            80..85 => self.storm(slot),
            85..88 => self.scribble(),
            88..91 => self.set(slot, 0x70, 0),
            91..95 => self.save_and_restore(),
            _ => self.look_around(),
        }
    }

    /// Where main memory has changed, since the last look, that nothing names.
    pub(super) fn stray_write(&mut self) -> Option<u64> {
        self.memory.stray_write(&self.bus)
    }

    /// Changes a byte as no device may.
    pub(super) fn write_behind_its_back(&self, at: u64) {
        self.bus.ram().store(at, Width::B, 1).unwrap();
    }

    /// Adds what has been tried.
    pub(super) fn add_to(&self, tally: &mut Tally) {
        let Tally { accesses, offered, served, needed_resets, restored, longest, .. } = self.tally;
        tally.accesses += accesses;
        tally.offered += offered;
        tally.served += served;
        tally.needed_resets += needed_resets;
        tally.restored += restored;
        tally.longest = tally.longest.max(longest);
    }

    fn timed<T>(&mut self, access: impl FnOnce(&mut SystemBus) -> T) -> T {
        let start = Instant::now();
        let answer = access(&mut self.bus);
        let took: Duration = start.elapsed();
        self.tally.accesses += 1;
        self.tally.longest = self.tally.longest.max(took);
        answer
    }

    fn set(&mut self, slot: u64, register: u64, value: u32) {
        let base = map::region(DeviceKind::Virtio(slot as u8)).base;
        // Whether it is refused is the device's business.
        let _ = self.timed(|bus| bus.store(base + register, Width::W, value.into()));
    }

    fn get(&mut self, slot: u64, register: u64) -> u32 {
        let base = map::region(DeviceKind::Virtio(slot as u8)).base;
        self.timed(|bus| bus.load(base + register, Width::W)).unwrap_or(0) as u32
    }

    /// A value for a register: of any kind, but no place in main memory for a ring that nobody knows of.
    fn value(&mut self) -> u64 {
        let chance = &mut self.chance;
        let value = match chance.below(4) {
            0 => chance.below(4),
            1 => 1 << chance.below(64),
            2 => (1u64 << chance.below(64)).wrapping_sub(1),
            _ => chance.number(),
        };
        let near_memory = RAM_BASE - 0x1000..RAM_BASE + SIZE;
        if near_memory.contains(&(value & 0xffff_ffff)) { value ^ 1 << 31 } else { value }
    }

    fn access_any_device(&mut self) {
        let region = &map::REGIONS[self.chance.below(map::REGIONS.len() as u64) as usize];
        let width = self.chance.of(&WIDTHS);
        let pa = (region.base + self.chance.below(region.size + 16)).wrapping_sub(8);
        // Few offsets mean something beyond the first ones.
        let pa = if self.chance.one_in(2) { pa } else { region.base + self.chance.below(0x120) };
        let value = self.value() & width.mask();
        if self.chance.one_in(2) {
            let _ = self.timed(|bus| bus.store(pa, width, value));
        } else if let Ok(value) = self.timed(|bus| bus.load(pa, width)) {
            assert_eq!(value & !width.mask(), 0, "excess bits at {pa:#x}");
        }
    }

    fn access_register(&mut self, slot: u64) {
        let register = self.chance.of(&REGISTERS);
        let value = self.value() as u32;
        self.set(slot, register, value);
    }

    /// Sets a device up, sometimes with features, sizes and places that cannot be.
    fn start(&mut self, slot: u64) {
        self.set(slot, 0x70, 0);
        self.set(slot, 0x70, 3);
        self.set(slot, 0x14, 0);
        let offered = self.get(slot, 0x10);
        let chosen = offered & if self.chance.one_in(2) { u32::MAX } else { self.chance.word() };
        let chosen = chosen | if self.chance.one_in(16) { self.chance.word() } else { 0 };
        self.set(slot, 0x24, 0);
        self.set(slot, 0x20, chosen);
        self.set(slot, 0x24, 1);
        self.set(slot, 0x20, 1);
        self.set(slot, 0x70, 0xb);
        for queue in 0..2 {
            self.set_up(slot, queue);
        }
        self.set(slot, 0x70, 0xf);
        self.available[slot as usize] = [0; 2];
    }

    /// Where the descriptors, the driver's and the device's area of a queue are: as sound drivers have them.
    fn areas(slot: u64, queue: u32) -> [u64; 3] {
        let start = TABLES.start + 0x800 * (2 * slot + u64::from(queue));
        [start, start + 0x100, start + 0x180]
    }

    fn set_up(&mut self, slot: u64, queue: u32) {
        self.set(slot, 0x30, queue);
        let mut areas = Hostile::areas(slot, queue);
        self.memory.write(&self.bus, areas[0], &[0; 0x300]);
        let mut size = u32::from(DESCRIPTORS);
        if self.chance.one_in(24) {
            size = self.chance.of(&[0, 1, 2, 3, 128, 129, 256, 0x8000, 0xffff_ffff]);
        }
        if self.chance.one_in(24) {
            let area = self.chance.below(3) as usize;
            areas[area] = match self.chance.below(6) {
                // From a place just below main memory the rest of a ring, or `avail_event`, would lie over a table.
                0 if area == DEVICE_AREA => {
                    self.chance.of(&[0, 8, RAM_BASE - 0x1000, u64::MAX - 15, 1 << 63])
                }
                0 => self.chance.of(&[0, 8, RAM_BASE - 16, RAM_BASE - 4, u64::MAX - 15, 1 << 63]),
                1 => RAM_BASE + SIZE - 16 * self.chance.below(8),
                2 => areas[area] | self.chance.below(16),
                // What a device writes never changes a table: the next descriptor might name what nobody knows of.
                _ if area == DEVICE_AREA => FREE.start + self.chance.below(FREE.end - FREE.start),
                3 => areas[(area + 1) % 3],
                _ => TABLES.start + self.chance.below(SIZE / 2),
            };
        }
        // What a size of at most 128 takes up.
        self.memory.name(areas[DEVICE_AREA], 6 + 8 * 128);
        for (register, at) in [0x80, 0x90, 0xa0].into_iter().zip(areas) {
            self.set(slot, register, at as u32);
            self.set(slot, register + 4, (at >> 32) as u32);
        }
        self.set(slot, 0x38, size);
        self.set(slot, 0x44, 1);
    }

    /// A buffer to be written, or read, by the device; mostly a sound one.
    fn buffer(&mut self, is_writable: bool) -> (u64, u32) {
        if self.chance.one_in(64) {
            let len = self.chance.of(&[0, 1, 0x7fff_ffff, 0xffff_ffff, 0x100_0000, 0x100_0001]);
            let at =
                self.chance.of(&[0, RAM_BASE - 1, RAM_BASE + SIZE - 1, RAM_BASE + SIZE, u64::MAX, 1 << 40]);
            // The last byte of main memory may be a buffer of its own.
            self.memory.name(at, if is_writable && len == 1 { 1 } else { 0 });
            return (at, len);
        }
        let whole = if is_writable { BUFFERS } else { RAM_BASE..RAM_BASE + SIZE };
        let len = self.chance.of(&[0, 1, 7, 16, 512, 512, 512, 1024, 4096, 0x4000]);
        let at = whole.start + self.chance.below(SIZE / 2 - len + 1);
        if is_writable {
            self.memory.name(at, len);
        }
        (at, len as u32)
    }

    fn describe(&mut self, table: u64, index: u64, (at, len): (u64, u32), flags: u16, next: u16) {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&at.to_le_bytes());
        bytes[8..12].copy_from_slice(&len.to_le_bytes());
        bytes[12..14].copy_from_slice(&flags.to_le_bytes());
        bytes[14..].copy_from_slice(&next.to_le_bytes());
        self.memory.write(&self.bus, table.wrapping_add(16 * index), &bytes);
    }

    /// Makes chains available and tells the device.
    fn request(&mut self, slot: u64, queue: u32) {
        let [table, area, device] = Hostile::areas(slot, queue);
        let used = |bus: &SystemBus| bus.ram().load(device + 2, Width::H).unwrap_or(0) as u16;
        let before = used(&self.bus);
        for _ in 0..=self.chance.below(3) {
            let head = self.chain(table);
            let index = &mut self.available[slot as usize][queue as usize];
            let place = area + 4 + 2 * u64::from(*index % DESCRIPTORS);
            *index = index.wrapping_add(1);
            let index = *index;
            self.memory.write(&self.bus, place, &head.to_le_bytes());
            self.memory.write(&self.bus, area + 2, &index.to_le_bytes());
            self.tally.offered += 1;
        }
        if self.chance.one_in(32) {
            let index = self.chance.word() as u16;
            self.memory.write(&self.bus, area + 2, &index.to_le_bytes());
        }
        self.set(slot, 0x50, queue);
        self.tally.served += u64::from(used(&self.bus).wrapping_sub(before)).min(u64::from(DESCRIPTORS));
        if self.get(slot, 0x70) & 0x40 != 0 {
            self.tally.needed_resets += 1;
            self.start(slot);
        }
    }

    /// Writes a chain to a table: mostly the request of a drive, but also anything else. Returns its head.
    fn chain(&mut self, table: u64) -> u16 {
        let head = self.chance.below(DESCRIPTORS.into()) as u16;
        let count = self.chance.below(5);
        let (mut index, mut table) = (head, table);
        for left in (0..=count).rev() {
            let is_header = left == count && !self.chance.one_in(4);
            // What is to be written comes behind what is to be read, in sound chains.
            let is_last = left == 0 && count > 0;
            let is_writable =
                !is_header && (is_last || left < count && self.chance.one_in(2) || self.chance.one_in(32));
            let buffer = if is_header { self.header() } else { self.buffer(is_writable) };
            let next =
                if self.chance.one_in(32) { self.chance.word() as u16 } else { (index + 1) % DESCRIPTORS };
            let goes_on = left > 0 || self.chance.one_in(64);
            let odd = if self.chance.one_in(64) { self.chance.word() as u16 & !WRITE } else { 0 };
            let flags = if is_writable { WRITE } else { 0 } | if goes_on { NEXT } else { 0 } | odd;
            if self.chance.one_in(8) {
                // The chain goes on in a table elsewhere.
                let other = INDIRECT_TABLES.start + 16 * self.chance.below(0x1f0);
                let len = if self.chance.one_in(8) { self.chance.of(&[16, 0, 17, 0xffff_fff0]) } else { 256 };
                let odd = if self.chance.one_in(8) { self.chance.word() as u16 & !WRITE } else { 0 };
                self.describe(table, index.into(), (other, len), INDIRECT | odd, next);
                self.describe(other, 0, buffer, flags, 1);
                (table, index) = (other, 1);
                continue;
            }
            self.describe(table, index.into(), buffer, flags, next);
            index = next % DESCRIPTORS;
        }
        head
    }

    /// The header of a request of a drive.
    fn header(&mut self) -> (u64, u32) {
        let at = BUFFERS.start + 16 * self.chance.below(0x400);
        let kind: u32 = self.chance.of(&[0, 0, 0, 1, 1, 1, 4, 8, 11, 13, 0xffff_ffff]);
        let sector = match self.chance.below(8) {
            0 => self.chance.of(&[63, 64, 65, 1 << 32, 1 << 55, u64::MAX]),
            _ => self.chance.below(64),
        };
        let bytes = [u64::from(kind).to_le_bytes(), sector.to_le_bytes()].concat();
        self.memory.write(&self.bus, at, &bytes);
        (at, 16)
    }

    /// Notifies of everything, again and again.
    fn storm(&mut self, slot: u64) {
        for _ in 0..self.chance.below(64) {
            let queue = self.chance.of(&[0, 0, 0, 1, 1, 2, 31, 32, 0xffff_ffff]);
            self.set(slot, 0x50, queue);
        }
    }

    /// Writes anything into the rings of a queue; its descriptors stay as they are, for they name main memory.
    fn scribble(&mut self) {
        let [_, area, device] =
            Hostile::areas(self.chance.below(VIRTIO_SLOTS as u64), self.chance.below(2) as u32);
        let at = self.chance.of(&[area, device]) + 2 * self.chance.below(0x40);
        let value = self.value().to_le_bytes();
        let len = self.chance.of(&[1, 2]);
        self.memory.write(&self.bus, at, &value[..len]);
    }

    /// Takes the state of all devices and gives it back, to the same or to another of its kind.
    fn save_and_restore(&mut self) {
        let (_, devices) = self.bus.parts();
        let states: Vec<_> =
            map::REGIONS.iter().map(|region| devices.device_mut(region.kind).unwrap().save()).collect();
        for (region, state) in map::REGIONS.iter().zip(&states) {
            let device = devices.device_mut(region.kind).unwrap();
            device.restore(state).unwrap_or_else(|error| panic!("{}: {error}", region.name));
            assert_eq!(device.save(), *state, "{}", region.name);
            if self.chance.one_in(8) && !state.is_empty() {
                let mut broken = state.clone();
                broken[self.chance.below(state.len() as u64) as usize] ^= 1 << self.chance.below(8);
                // It is refused, or is the state of a device that another driver has used.
                if device.restore(&broken).is_ok() {
                    device.restore(state).unwrap_or_else(|error| panic!("{}: {error}", region.name));
                }
            }
        }
        self.tally.restored += 1;
    }

    /// Looks at everything that a machine looks at, and types something.
    fn look_around(&mut self) {
        for hart in 0..=HARTS {
            self.bus.lines(hart);
        }
        self.bus.take_power();
        let ticks = self.chance.below(1000);
        self.bus.pass(ticks);
        let typed = vec![b'x'; self.chance.below(100) as usize];
        self.timed(|bus| bus.push_input(&typed));
    }
}
