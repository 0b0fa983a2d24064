//! Where things are on the machine: the `virt` map, corrected by the device tree.

pub(crate) mod clint;
pub(crate) mod finisher;
pub(crate) mod uart;

use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use crate::hart::MAX_HARTS;
use fdt::{Fdt, Node};

/// The firmware's own memory, as the linker script lays it out.
pub(crate) const FIRMWARE_BASE: usize = 0x8000_0000;
/// Bytes of it; a power of two, for PMP.
pub(crate) const FIRMWARE_SIZE: usize = 512 << 10;

/// RAM; where there is no device tree, the smallest machine that can hold a next stage.
static RAM_BASE: AtomicUsize = AtomicUsize::new(0x8000_0000);
static RAM_SIZE: AtomicUsize = AtomicUsize::new(4 << 20);

/// A bit for each hart that exists.
static HARTS: AtomicU32 = AtomicU32::new(0);
const _: () = assert!(MAX_HARTS == u32::BITS as usize);

/// Takes RAM, harts and device addresses from the device tree.
pub(crate) fn describe(tree: &Fdt<'_>) {
    tree.for_each_node(|node| {
        if node.device_type == b"memory" {
            if let Some((base, size)) = node.region() {
                RAM_BASE.store(base, Ordering::Relaxed);
                RAM_SIZE.store(size, Ordering::Relaxed);
            }
        } else if node.device_type == b"cpu" {
            if let Some(hart_id) = node.hart_id() {
                add_hart(hart_id);
            }
        } else {
            describe_device(node);
        }
    });
}

fn describe_device(node: &Node<'_>) {
    let Some((base, _)) = node.region() else { return };
    if node.is_compatible(b"ns16550a") {
        uart::BASE.store(base, Ordering::Relaxed);
    } else if node.is_compatible(b"riscv,clint0") {
        clint::BASE.store(base, Ordering::Relaxed);
    } else if node.is_compatible(b"sifive,test0") {
        finisher::BASE.store(base, Ordering::Relaxed);
    }
}

/// Notes that hart `hart_id` exists, if the firmware has a stack for it.
pub(crate) fn add_hart(hart_id: usize) {
    if hart_id < MAX_HARTS {
        HARTS.fetch_or(1 << hart_id, Ordering::Relaxed);
    }
}

/// Whether hart `hart_id` exists and is looked after by the firmware.
pub(crate) fn has_hart(hart_id: usize) -> bool {
    hart_id < MAX_HARTS && harts() & 1 << hart_id != 0
}

/// A bit for each hart.
pub(crate) fn harts() -> u32 {
    HARTS.load(Ordering::Relaxed)
}

/// The number of harts.
pub(crate) fn hart_count() -> u32 {
    harts().count_ones()
}

/// Whether the supervisor may name the `size` bytes at `base`: RAM, and none of the firmware's.
pub(crate) fn is_supervisor_ram(base: usize, size: usize) -> bool {
    let ram = RAM_BASE.load(Ordering::Relaxed);
    let ram_end = ram.saturating_add(RAM_SIZE.load(Ordering::Relaxed));
    let Some(end) = base.checked_add(size) else { return false };
    let in_ram = ram <= base && end <= ram_end;
    let in_firmware = base < FIRMWARE_BASE + FIRMWARE_SIZE && FIRMWARE_BASE < end;
    in_ram && !in_firmware
}
