//! The memory map: one table from which the bus, the device tree and the documentation are derived.
//!
//! Addresses, sizes and interrupts are those of QEMU's `virt` machine, which guests and firmware expect.

use core::fmt::Write;
use core::ops::Range;

/// Where main memory begins.
pub const RAM_BASE: u64 = 0x8000_0000;

/// Where the next stage of a firmware is loaded: 2 MiB above the start of main memory, the alignment that
/// Linux asks for on RV64.
pub const KERNEL_BASE: u64 = RAM_BASE + 0x20_0000;

/// Ticks of `mtime` a second, as the device tree says.
pub const TIMEBASE_HZ: u32 = 10_000_000;

/// Interrupt sources of the PLIC: 1 to 95.
pub const PLIC_SOURCES: u32 = 95;

/// Slots for virtio devices.
pub const VIRTIO_SLOTS: usize = 8;

/// The device behind a region.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DeviceKind {
    /// Ends the simulation or resets the machine.
    Finisher,
    /// The real-time clock.
    Rtc,
    /// Drives the guest external interrupt lines, for tests.
    Hgeip,
    /// Software interrupts and timers of machine mode.
    Aclint,
    /// Software interrupts of supervisor mode, where they are asked for.
    Sswi,
    /// The platform-level interrupt controller.
    Plic,
    /// The serial port.
    Uart,
    /// A slot for a virtio device, by its number from 0.
    Virtio(u8),
}

/// One device's place in the physical address space.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Region {
    /// The device.
    pub kind: DeviceKind,
    /// The name of its device-tree node, without the address.
    pub name: &'static str,
    /// The lowest physical address.
    pub base: u64,
    /// The size in bytes.
    pub size: u64,
    /// The PLIC source that it drives.
    pub interrupt: Option<u32>,
    /// The device tree's `compatible`, most specific first.
    pub compatible: &'static [&'static str],
    /// What it is, in a few words.
    pub doc: &'static str,
}

/// Every device, by rising address.
///
/// `hgeip` is not in QEMU's machine: it lies in a part of the address space that QEMU's map leaves free
/// (0x10_2000 to 0x200_0000), so that no program written for QEMU can meet it by accident.
pub const REGIONS: [Region; 7 + VIRTIO_SLOTS] = [
    Region {
        kind: DeviceKind::Finisher,
        name: "test",
        base: 0x10_0000,
        size: 0x1000,
        interrupt: None,
        compatible: &["sifive,test1", "sifive,test0", "syscon"],
        doc: "test finisher: power off, exit status, reset",
    },
    Region {
        kind: DeviceKind::Rtc,
        name: "rtc",
        base: 0x10_1000,
        size: 0x1000,
        interrupt: Some(11),
        compatible: &["google,goldfish-rtc"],
        doc: "real-time clock with an alarm",
    },
    Region {
        kind: DeviceKind::Hgeip,
        name: "hgeip",
        base: 0x11_0000,
        size: 0x1000,
        interrupt: None,
        compatible: &["vhart,hgeip"],
        doc: "guest external interrupt lines of each hart, for tests",
    },
    Region {
        kind: DeviceKind::Aclint,
        name: "clint",
        base: 0x200_0000,
        size: 0x1_0000,
        interrupt: None,
        compatible: &["sifive,clint0", "riscv,clint0"],
        doc: "machine software interrupts and timers",
    },
    Region {
        kind: DeviceKind::Sswi,
        name: "sswi",
        base: 0x2f0_0000,
        size: 0x4000,
        interrupt: None,
        compatible: &["riscv,aclint-sswi"],
        doc: "supervisor software interrupts, with `--aclint` only",
    },
    Region {
        kind: DeviceKind::Plic,
        name: "plic",
        base: 0xc00_0000,
        size: 0x60_0000,
        interrupt: None,
        compatible: &["sifive,plic-1.0.0", "riscv,plic0"],
        doc: "interrupt controller, contexts M then S of each hart",
    },
    Region {
        kind: DeviceKind::Uart,
        name: "serial",
        base: 0x1000_0000,
        size: 0x100,
        interrupt: Some(10),
        compatible: &["ns16550a"],
        doc: "16550 serial port, the console",
    },
    virtio(0),
    virtio(1),
    virtio(2),
    virtio(3),
    virtio(4),
    virtio(5),
    virtio(6),
    virtio(7),
];

/// The place of a slot for a virtio device: 4 KiB for each, and a PLIC source from 1 on.
const fn virtio(slot: u8) -> Region {
    Region {
        kind: DeviceKind::Virtio(slot),
        name: "virtio_mmio",
        base: 0x1000_1000 + 0x1000 * slot as u64,
        size: 0x1000,
        interrupt: Some(1 + slot as u32),
        compatible: &["virtio,mmio"],
        doc: "slot for a virtio device",
    }
}

impl Region {
    /// The physical addresses of the region.
    pub const fn range(&self) -> Range<u64> {
        self.base..self.base + self.size
    }

    /// Whether only a machine with [`MachineConfig::aclint`](crate::MachineConfig::aclint) has the device.
    pub const fn needs_aclint(&self) -> bool {
        matches!(self.kind, DeviceKind::Sswi)
    }

    /// The name of its device-tree node.
    pub fn node_name(&self) -> String {
        format!("{}@{:x}", self.name, self.base)
    }
}

/// The region of a device.
pub fn region(kind: DeviceKind) -> &'static Region {
    // Each kind has its row: the match in `bus` and the test below see to it.
    REGIONS.iter().find(|region| region.kind == kind).unwrap_or(&REGIONS[0])
}

/// The region that holds all `bytes` bytes at physical address `pa`, in a machine with or without what belongs to
/// [`MachineConfig::aclint`](crate::MachineConfig::aclint) alone.
pub fn find(pa: u64, bytes: u64, aclint: bool) -> Option<&'static Region> {
    REGIONS.iter().find(|region| {
        let offset = pa.wrapping_sub(region.base);
        offset < region.size && region.size - offset >= bytes && (aclint || !region.needs_aclint())
    })
}

/// The memory map as a Markdown table.
pub fn table() -> String {
    let mut text = String::from("| device | base | size | interrupt | what it is |\n|---|---|---|---|---|\n");
    for region in &REGIONS {
        let interrupt = region.interrupt.map_or_else(|| "-".to_string(), |n| n.to_string());
        let Region { name, base, size, doc, .. } = region;
        // Writing to a `String` cannot fail.
        let _ = writeln!(text, "| {name} | {base:#x} | {size:#x} | {interrupt} | {doc} |");
    }
    let _ = writeln!(text, "| memory | {RAM_BASE:#x} | as configured | - | main memory |");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_rise_and_stay_below_main_memory() {
        let ends = REGIONS.iter().map(|r| r.range().end);
        let starts = REGIONS.iter().map(|r| r.base).skip(1).chain([RAM_BASE]);
        for (end, next) in ends.zip(starts) {
            assert!(end <= next, "{end:#x} reaches over {next:#x}");
        }
    }

    #[test]
    fn each_device_has_one_row() {
        use DeviceKind::{Aclint, Finisher, Hgeip, Plic, Rtc, Sswi, Uart, Virtio};
        let slots = (0..VIRTIO_SLOTS as u8).map(Virtio);
        for kind in [Finisher, Rtc, Hgeip, Aclint, Sswi, Plic, Uart].into_iter().chain(slots) {
            assert_eq!(region(kind).kind, kind);
            assert_eq!(REGIONS.iter().filter(|r| r.kind == kind).count(), 1);
        }
    }

    #[test]
    fn an_access_must_fit_into_its_region() {
        let uart = region(DeviceKind::Uart);
        assert_eq!(find(uart.base + 0xff, 1, false), Some(uart));
        assert_eq!(find(uart.base + 0xff, 2, false), None);
        assert_eq!(find(uart.base - 1, 1, false), None);
        assert_eq!(find(u64::MAX, 8, false), None);
    }

    #[test]
    fn what_was_not_asked_for_is_not_there() {
        let sswi = region(DeviceKind::Sswi);
        assert_eq!([false, true].map(|aclint| find(sswi.base, 4, aclint)), [None, Some(sswi)]);
    }

    #[test]
    fn the_table_has_a_line_for_each_device() {
        let text = table();
        assert!(text.contains("| serial | 0x10000000 | 0x100 | 10 | 16550 serial port, the console |"));
        assert_eq!(text.lines().count(), 2 + REGIONS.len() + 1);
    }
}
