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

/// What the kernel's source of chance starts from: the same each time, so that every run is.
const RNG_SEED: [u8; 32] = *b"vhart: a seed known to everybody";

/// The properties that tell the size of a cache block, and the extensions that they are for.
const BLOCK_SIZES: [(Ext, &str); 3] = [
    (Ext::Zicbom, "riscv,cbom-block-size"),
    (Ext::Zicbop, "riscv,cbop-block-size"),
    (Ext::Zicboz, "riscv,cboz-block-size"),
];

/// The nodes that others point at.
struct Handles {
    harts: u32,
    aclint: bool,
}

impl Handles {
    fn hart(hart: u32) -> u32 {
        1 + 2 * hart
    }

    fn hart_interrupts(hart: u32) -> u32 {
        2 + 2 * hart
    }

    fn plic(&self) -> u32 {
        1 + 2 * self.harts
    }

    fn finisher(&self) -> u32 {
        2 + 2 * self.harts
    }

    /// Interrupts of each hart in turn, by its interrupt controller.
    fn interrupts(&self, interrupts: &[Interrupt]) -> Vec<u32> {
        let of_hart =
            |hart| interrupts.iter().flat_map(move |which| [Handles::hart_interrupts(hart), *which as u32]);
        (0..self.harts).flat_map(of_hart).collect()
    }
}

/// Writes the machine's own tree, with `initrd` as the place of the initial RAM disk.
pub(crate) fn describe(config: &MachineConfig, initrd: Option<Range<u64>>) -> Result<Vec<u8>, vm_fdt::Error> {
    let handles = Handles { harts: config.harts as u32, aclint: config.aclint };
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
    fdt.property("rng-seed", &RNG_SEED)?;
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
        fdt.property_phandle(Handles::hart(hart))?;
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
    cpu_map(fdt, config.harts as u32)?;
    fdt.end_node(cpus)
}

/// Which harts are near each other: all of them are cores of one cluster.
fn cpu_map(fdt: &mut FdtWriter, harts: u32) -> Result<(), vm_fdt::Error> {
    let map = fdt.begin_node("cpu-map")?;
    let cluster = fdt.begin_node("cluster0")?;
    for hart in 0..harts {
        let core = fdt.begin_node(&format!("core{hart}"))?;
        fdt.property_u32("cpu", Handles::hart(hart))?;
        fdt.end_node(core)?;
    }
    fdt.end_node(cluster)?;
    fdt.end_node(map)
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
    for region in map::REGIONS.iter().filter(|region| handles.aclint || !region.needs_aclint()) {
        if region.kind == DeviceKind::Aclint && handles.aclint {
            aclint(fdt, region.base, handles)?;
            continue;
        }
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

/// The CLINT's registers at `base` as the two ACLINT devices that they are, with the sizes that QEMU gives them.
fn aclint(fdt: &mut FdtWriter, base: u64, handles: &Handles) -> Result<(), vm_fdt::Error> {
    let (mswi, mtimer) = (base, base + 0x4000);
    let node = fdt.begin_node(&format!("mswi@{mswi:x}"))?;
    fdt.property_string("compatible", "riscv,aclint-mswi")?;
    fdt.property_array_u64("reg", &[mswi, 0x4000])?;
    software_interrupts(fdt, Interrupt::Msi, handles)?;
    fdt.end_node(node)?;
    let node = fdt.begin_node(&format!("mtimer@{mtimer:x}"))?;
    fdt.property_string("compatible", "riscv,aclint-mtimer")?;
    // First where `mtime` lies, then where the `mtimecmp` of each hart does.
    fdt.property_array_u64("reg", &[mtimer + 0x7ff8, 0x4008, mtimer, 0x7ff8])?;
    fdt.property_array_u32("interrupts-extended", &handles.interrupts(&[Interrupt::Mti]))?;
    fdt.end_node(node)
}

/// What the node of an ACLINT device for software interrupts has.
fn software_interrupts(
    fdt: &mut FdtWriter,
    which: Interrupt,
    handles: &Handles,
) -> Result<(), vm_fdt::Error> {
    fdt.property_array_u32("interrupts-extended", &handles.interrupts(&[which]))?;
    fdt.property_null("interrupt-controller")?;
    fdt.property_u32("#interrupt-cells", 0)
}

/// What a device's node has beyond its row of the memory map.
fn details(fdt: &mut FdtWriter, kind: DeviceKind, handles: &Handles) -> Result<(), vm_fdt::Error> {
    match kind {
        DeviceKind::Finisher => fdt.property_phandle(handles.finisher()),
        DeviceKind::Hgeip | DeviceKind::Rtc | DeviceKind::Virtio(_) => Ok(()),
        DeviceKind::Sswi => software_interrupts(fdt, Interrupt::Ssi, handles),
        DeviceKind::Aclint => {
            let interrupts = handles.interrupts(&[Interrupt::Msi, Interrupt::Mti]);
            fdt.property_array_u32("interrupts-extended", &interrupts)
        }
        DeviceKind::Plic => {
            fdt.property_u32("#address-cells", 0)?;
            fdt.property_u32("#interrupt-cells", 1)?;
            fdt.property_null("interrupt-controller")?;
            let interrupts = handles.interrupts(&[Interrupt::Mei, Interrupt::Sei]);
            fdt.property_array_u32("interrupts-extended", &interrupts)?;
            fdt.property_u32("riscv,ndev", PLIC_SOURCES)?;
            fdt.property_phandle(handles.plic())
        }
        DeviceKind::Uart => fdt.property_u32("clock-frequency", UART_CLOCK_HZ),
    }
}
