//! The device tree that describes the machine to its guest.

use core::fmt;

use crate::map::{RAM_BASE, RAM_SIZE};
use crate::uart;

mod writer;

use writer::Writer;

/// What a tree says that differs between machines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Description {
    /// The number of virtual CPUs.
    pub vcpus: usize,
    /// Their single-letter extensions, as bits like `misa`'s.
    pub isa: u64,
    /// Ticks of their clock in a second.
    pub frequency: u32,
}

/// The tree does not fit where it shall lie.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Full;

impl fmt::Display for Full {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the device tree does not fit: give the machine fewer virtual CPUs")
    }
}

/// Frequency of the UART's clock in Hz, of which the guest makes its rate; nothing depends on it.
const UART_CLOCK: u32 = 3_686_400;

/// Writes the tree and returns its size in bytes.
///
/// # Errors
/// [`Full`].
pub fn write(description: &Description, target: &mut [u8]) -> Result<usize, Full> {
    let mut tree = Writer::new(target)?;
    tree.begin(format_args!(""))?;
    tree.words("#address-cells", &[2])?;
    tree.words("#size-cells", &[2])?;
    tree.text("compatible", format_args!("vhart,guest"))?;
    tree.text("model", format_args!("vhart,guest"))?;

    tree.begin(format_args!("chosen"))?;
    tree.text("stdout-path", format_args!("/soc/serial@{:x}", uart::BASE))?;
    tree.end()?;

    tree.begin(format_args!("memory@{RAM_BASE:x}"))?;
    tree.text("device_type", format_args!("memory"))?;
    tree.region(RAM_BASE, RAM_SIZE as u64)?;
    tree.end()?;

    cpus(&mut tree, description)?;
    soc(&mut tree)?;
    tree.end()?;
    tree.finish()
}

fn cpus(tree: &mut Writer<'_>, description: &Description) -> Result<(), Full> {
    tree.begin(format_args!("cpus"))?;
    tree.words("#address-cells", &[1])?;
    tree.words("#size-cells", &[0])?;
    tree.words("timebase-frequency", &[description.frequency])?;
    for number in 0..description.vcpus {
        tree.begin(format_args!("cpu@{number:x}"))?;
        tree.text("device_type", format_args!("cpu"))?;
        tree.words("reg", &[number as u32])?;
        tree.text("status", format_args!("okay"))?;
        tree.text("compatible", format_args!("riscv"))?;
        tree.text("riscv,isa", format_args!("{}", IsaString(description.isa)))?;
        tree.begin(format_args!("interrupt-controller"))?;
        tree.words("#interrupt-cells", &[1])?;
        tree.words("interrupt-controller", &[])?;
        tree.text("compatible", format_args!("riscv,cpu-intc"))?;
        tree.words("phandle", &[number as u32 + 1])?;
        tree.end()?;
        tree.end()?;
    }
    tree.end()
}

fn soc(tree: &mut Writer<'_>) -> Result<(), Full> {
    tree.begin(format_args!("soc"))?;
    tree.words("#address-cells", &[2])?;
    tree.words("#size-cells", &[2])?;
    tree.text("compatible", format_args!("simple-bus"))?;
    tree.words("ranges", &[])?;
    tree.begin(format_args!("serial@{:x}", uart::BASE))?;
    tree.text("compatible", format_args!("ns16550a"))?;
    tree.region(uart::BASE, uart::SIZE)?;
    tree.words("clock-frequency", &[UART_CLOCK])?;
    tree.end()?;
    tree.end()
}

/// The ISA string of single-letter extensions, in the manual's order.
struct IsaString(u64);

impl fmt::Display for IsaString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("rv64")?;
        let has = |letter: &char| self.0 >> (u32::from(*letter) - u32::from('a')) & 1 != 0;
        "imafdqcbvh".chars().filter(has).try_for_each(|letter| write!(f, "{letter}"))
    }
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::string::{String, ToString};
    use std::vec::Vec;

    use vm_fdt::FdtWriter;

    use super::*;

    const ISA: u64 = 1 << 8 | 1 << 12 | 1 | 1 << 5 | 1 << 3 | 1 << 2;

    fn written(vcpus: usize) -> Vec<u8> {
        let mut target = std::vec![0xa5; 1 << 16];
        let size = write(&Description { vcpus, isa: ISA, frequency: 10_000_000 }, &mut target).unwrap();
        target.truncate(size);
        target
    }

    /// The same tree by another writer.
    fn expected(vcpus: u32) -> Result<Vec<u8>, vm_fdt::Error> {
        let mut fdt = FdtWriter::new()?;
        let root = fdt.begin_node("")?;
        fdt.property_u32("#address-cells", 2)?;
        fdt.property_u32("#size-cells", 2)?;
        fdt.property_string("compatible", "vhart,guest")?;
        fdt.property_string("model", "vhart,guest")?;
        let chosen = fdt.begin_node("chosen")?;
        fdt.property_string("stdout-path", "/soc/serial@10000000")?;
        fdt.end_node(chosen)?;
        let memory = fdt.begin_node("memory@80000000")?;
        fdt.property_string("device_type", "memory")?;
        fdt.property_array_u64("reg", &[0x8000_0000, 16 << 20])?;
        fdt.end_node(memory)?;
        let cpus = fdt.begin_node("cpus")?;
        fdt.property_u32("#address-cells", 1)?;
        fdt.property_u32("#size-cells", 0)?;
        fdt.property_u32("timebase-frequency", 10_000_000)?;
        for number in 0..vcpus {
            let cpu = fdt.begin_node(&std::format!("cpu@{number:x}"))?;
            fdt.property_string("device_type", "cpu")?;
            fdt.property_u32("reg", number)?;
            fdt.property_string("status", "okay")?;
            fdt.property_string("compatible", "riscv")?;
            fdt.property_string("riscv,isa", "rv64imafdc")?;
            let controller = fdt.begin_node("interrupt-controller")?;
            fdt.property_u32("#interrupt-cells", 1)?;
            fdt.property_null("interrupt-controller")?;
            fdt.property_string("compatible", "riscv,cpu-intc")?;
            fdt.property_phandle(number + 1)?;
            fdt.end_node(controller)?;
            fdt.end_node(cpu)?;
        }
        fdt.end_node(cpus)?;
        let soc = fdt.begin_node("soc")?;
        fdt.property_u32("#address-cells", 2)?;
        fdt.property_u32("#size-cells", 2)?;
        fdt.property_string("compatible", "simple-bus")?;
        fdt.property_null("ranges")?;
        let serial = fdt.begin_node("serial@10000000")?;
        fdt.property_string("compatible", "ns16550a")?;
        fdt.property_array_u64("reg", &[0x1000_0000, 8])?;
        fdt.property_u32("clock-frequency", 3_686_400)?;
        fdt.end_node(serial)?;
        fdt.end_node(soc)?;
        fdt.end_node(root)?;
        fdt.finish()
    }

    #[test]
    fn another_writer_writes_the_same() {
        for vcpus in [1, 2, 17] {
            assert_eq!(written(vcpus as usize), expected(vcpus).unwrap(), "{vcpus}");
        }
    }

    #[test]
    fn a_target_of_any_smaller_size_is_too_small() {
        let size = written(1).len();
        let description = Description { vcpus: 1, isa: ISA, frequency: 10_000_000 };
        for length in 0..size {
            assert_eq!(write(&description, &mut std::vec![0; length]), Err(Full), "{length}");
        }
        assert_eq!(write(&description, &mut std::vec![0; size]), Ok(size));
    }

    #[test]
    fn a_machine_with_the_most_virtual_cpus_has_a_tree() {
        assert!(written(crate::map::MAX_VCPUS).len() <= crate::map::DEVICE_TREE_SIZE);
    }

    #[test]
    fn letters_have_the_manual_s_order() {
        let string: String = IsaString(!0).to_string();
        assert_eq!(string, "rv64imafdqcbvh");
        assert_eq!(IsaString(0).to_string(), "rv64");
    }
}
