//! The device tree: the machine's own, written from the memory map, and those that come from outside.
//!
//! Devicetree Specification; the RISC-V bindings of Linux (`riscv/cpus.yaml`, `riscv/extensions.yaml`).

mod check;
mod outside;

use core::ops::Range;

use isa::cause::Interrupt;
use isa::ext::Ext;
use iss::bus::CACHE_BLOCK_SIZE;
use vm_fdt::FdtWriter;

use crate::config::MachineConfig;
use crate::map::{self, DeviceKind, PLIC_SOURCES, RAM_BASE, TIMEBASE_HZ};

pub use check::{Malformed, check};
pub(crate) use outside::validate;

/// The first word of a flattened device tree.
pub const MAGIC: u32 = 0xd00d_feed;

/// The input clock of the serial port, as QEMU's machine has it.
const UART_CLOCK_HZ: u32 = 3_686_400;

/// The properties that tell the size of a cache block, and the extensions that they are for.
const BLOCK_SIZES: [(Ext, &str); 3] = [
    (Ext::Zicbom, "riscv,cbom-block-size"),
    (Ext::Zicbop, "riscv,cbop-block-size"),
    (Ext::Zicboz, "riscv,cboz-block-size"),
];

/// The nodes that others point at.
struct Handles {
    harts: u32,
}

impl Handles {
    fn hart_interrupts(hart: u32) -> u32 {
        1 + hart
    }

    fn plic(&self) -> u32 {
        1 + self.harts
    }

    fn finisher(&self) -> u32 {
        2 + self.harts
    }
}

/// Writes the machine's own tree, with `initrd` as the place of the initial RAM disk.
pub(crate) fn describe(config: &MachineConfig, initrd: Option<Range<u64>>) -> Result<Vec<u8>, vm_fdt::Error> {
    let handles = Handles { harts: config.harts as u32 };
    let mut fdt = FdtWriter::new()?;
    let root = fdt.begin_node("")?;
    fdt.property_u32("#address-cells", 2)?;
    fdt.property_u32("#size-cells", 2)?;
    fdt.property_string("compatible", "riscv-virtio")?;
    fdt.property_string("model", "vhart,virt")?;
    chosen(&mut fdt, config.bootargs.as_deref(), initrd)?;
    memory(&mut fdt, config.memory)?;
    cpus(&mut fdt, config)?;
    power(&mut fdt, "poweroff", "syscon-poweroff", 0x5555, &handles)?;
    power(&mut fdt, "reboot", "syscon-reboot", 0x7777, &handles)?;
    soc(&mut fdt, &handles)?;
    fdt.end_node(root)?;
    fdt.finish()
}

fn chosen(
    fdt: &mut FdtWriter,
    bootargs: Option<&str>,
    initrd: Option<Range<u64>>,
) -> Result<(), vm_fdt::Error> {
    let node = fdt.begin_node("chosen")?;
    fdt.property_string("stdout-path", &format!("/soc/{}", map::region(DeviceKind::Uart).node_name()))?;
    if let Some(bootargs) = bootargs {
        fdt.property_string("bootargs", bootargs)?;
    }
    if let Some(initrd) = initrd {
        fdt.property_u64("linux,initrd-start", initrd.start)?;
        fdt.property_u64("linux,initrd-end", initrd.end)?;
    }
    fdt.end_node(node)
}

fn memory(fdt: &mut FdtWriter, bytes: u64) -> Result<(), vm_fdt::Error> {
    let node = fdt.begin_node(&format!("memory@{RAM_BASE:x}"))?;
    fdt.property_string("device_type", "memory")?;
    fdt.property_array_u64("reg", &[RAM_BASE, bytes])?;
    fdt.end_node(node)
}

fn cpus(fdt: &mut FdtWriter, config: &MachineConfig) -> Result<(), vm_fdt::Error> {
    let extensions = config.variant.extensions;
    let mmu = match config.variant.satp_levels {
        0..=3 => "riscv,sv39",
        4 => "riscv,sv48",
        _ => "riscv,sv57",
    };
    let cpus = fdt.begin_node("cpus")?;
    fdt.property_u32("#address-cells", 1)?;
    fdt.property_u32("#size-cells", 0)?;
    fdt.property_u32("timebase-frequency", TIMEBASE_HZ)?;
    for hart in 0..config.harts as u32 {
        let cpu = fdt.begin_node(&format!("cpu@{hart:x}"))?;
        fdt.property_string("device_type", "cpu")?;
        fdt.property_u32("reg", hart)?;
        fdt.property_string("status", "okay")?;
        fdt.property_string("compatible", "riscv")?;
        fdt.property_string("riscv,isa", &extensions.isa_string())?;
        fdt.property_string("riscv,isa-base", "rv64i")?;
        let names = extensions.names().collect();
        fdt.property_string_list("riscv,isa-extensions", names)?;
        fdt.property_string("mmu-type", mmu)?;
        for (ext, property) in BLOCK_SIZES {
            if extensions.has(ext) {
                fdt.property_u32(property, CACHE_BLOCK_SIZE as u32)?;
            }
        }
        let interrupts = fdt.begin_node("interrupt-controller")?;
        fdt.property_u32("#address-cells", 0)?;
        fdt.property_u32("#interrupt-cells", 1)?;
        fdt.property_null("interrupt-controller")?;
        fdt.property_string("compatible", "riscv,cpu-intc")?;
        fdt.property_phandle(Handles::hart_interrupts(hart))?;
        fdt.end_node(interrupts)?;
        fdt.end_node(cpu)?;
    }
    fdt.end_node(cpus)
}

/// A way to power off or reset, by a write to the test finisher.
fn power(
    fdt: &mut FdtWriter,
    name: &str,
    compatible: &str,
    value: u32,
    handles: &Handles,
) -> Result<(), vm_fdt::Error> {
    let node = fdt.begin_node(name)?;
    fdt.property_string("compatible", compatible)?;
    fdt.property_u32("regmap", handles.finisher())?;
    fdt.property_u32("offset", 0)?;
    fdt.property_u32("value", value)?;
    fdt.end_node(node)
}

/// The devices, a node for each row of the memory map.
fn soc(fdt: &mut FdtWriter, handles: &Handles) -> Result<(), vm_fdt::Error> {
    let soc = fdt.begin_node("soc")?;
    fdt.property_u32("#address-cells", 2)?;
    fdt.property_u32("#size-cells", 2)?;
    fdt.property_string("compatible", "simple-bus")?;
    fdt.property_null("ranges")?;
    for region in &map::REGIONS {
        let node = fdt.begin_node(&region.node_name())?;
        let compatible = region.compatible.iter().map(ToString::to_string).collect();
        fdt.property_string_list("compatible", compatible)?;
        fdt.property_array_u64("reg", &[region.base, region.size])?;
        if let Some(interrupt) = region.interrupt {
            fdt.property_u32("interrupts", interrupt)?;
            fdt.property_u32("interrupt-parent", handles.plic())?;
        }
        details(fdt, region.kind, handles)?;
        fdt.end_node(node)?;
    }
    fdt.end_node(soc)
}

/// What a device's node has beyond its row of the memory map.
fn details(fdt: &mut FdtWriter, kind: DeviceKind, handles: &Handles) -> Result<(), vm_fdt::Error> {
    // A pair of interrupts of each hart, by its interrupt controller.
    let pairs = |first: Interrupt, second: Interrupt| -> Vec<u32> {
        let pair = |hart| {
            let controller = Handles::hart_interrupts(hart);
            [controller, first as u32, controller, second as u32]
        };
        (0..handles.harts).flat_map(pair).collect()
    };
    match kind {
        DeviceKind::Finisher => fdt.property_phandle(handles.finisher()),
        DeviceKind::Hgeip | DeviceKind::Virtio(_) => Ok(()),
        DeviceKind::Aclint => {
            fdt.property_array_u32("interrupts-extended", &pairs(Interrupt::Msi, Interrupt::Mti))
        }
        DeviceKind::Plic => {
            fdt.property_u32("#address-cells", 0)?;
            fdt.property_u32("#interrupt-cells", 1)?;
            fdt.property_null("interrupt-controller")?;
            fdt.property_array_u32("interrupts-extended", &pairs(Interrupt::Mei, Interrupt::Sei))?;
            fdt.property_u32("riscv,ndev", PLIC_SOURCES)?;
            fdt.property_phandle(handles.plic())
        }
        DeviceKind::Uart => fdt.property_u32("clock-frequency", UART_CLOCK_HZ),
    }
}
