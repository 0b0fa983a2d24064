//! Booting: where programs, device tree and initial RAM disk lie, and what the harts start with.
//!
//! RISC-V boot protocol as firmware and Linux know it: a0 holds the hart's number and a1 the address of
//! the device tree; for OpenSBI's `fw_dynamic`, a2 holds the address of a record about the next stage.

use std::borrow::Cow;
use std::ops::Range;

use iss::{Hart, Ram};

use crate::config::MachineConfig;
use crate::error::Error;
use crate::fdt;
use crate::load::{Image, Program, Symbols};
use crate::map::{KERNEL_BASE, RAM_BASE};

/// The device tree lies below 3 GiB, where 32-bit and early code can reach it.
const DEVICE_TREE_LIMIT: u64 = 0xc000_0000;
/// Firmware extends the device tree in place; so much room behind it stays free.
const DEVICE_TREE_SLACK: u64 = 0x1_0000;
/// The kernel maps the device tree with a page of this size.
const DEVICE_TREE_ALIGNMENT: u64 = 0x20_0000;
const PAGE: u64 = 4096;

/// What goes where before the harts start.
#[derive(Debug)]
pub(crate) struct Plan<'a> {
    pieces: Vec<Piece<'a>>,
    device_tree: Cow<'a, [u8]>,
    start: Start,
    symbols: Symbols,
}

/// What each hart starts with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Start {
    entry: u64,
    device_tree: u64,
    dynamic_info: u64,
}

/// Something that takes up main memory.
#[derive(Debug)]
struct Piece<'a> {
    name: String,
    at: Range<u64>,
    bytes: Cow<'a, [u8]>,
}

/// The device tree of a machine, as it would find it in memory.
///
/// # Errors
/// Whatever would keep the machine from starting, except that it needs nothing to run.
pub fn device_tree(config: &MachineConfig) -> Result<Vec<u8>, Error> {
    config.check()?;
    Ok(Plan::new(config)?.device_tree.into_owned())
}

impl<'a> Plan<'a> {
    /// Finds a place for everything.
    pub(crate) fn new(config: &'a MachineConfig) -> Result<Plan<'a>, Error> {
        let ram = RAM_BASE..RAM_BASE + config.memory;
        let mut layout = Layout { ram: ram.clone(), pieces: Vec::new() };
        let mut programs = Vec::new();
        for (image, raw_base) in [(&config.firmware, RAM_BASE), (&config.kernel, KERNEL_BASE)] {
            let Some(image) = image else { continue };
            // A kernel that is its own firmware starts where a firmware would.
            let raw_base = if config.firmware.is_some() { raw_base } else { RAM_BASE };
            let program = Program::parse(image, raw_base, &ram)?;
            for segment in &program.segments {
                layout.add(image.name(), segment.at.clone(), segment.bytes.into())?;
            }
            programs.push(program);
        }
        for (image, base) in &config.loads {
            let part = Program::raw(image, *base, &ram)?;
            layout.add(image.name(), part.at, part.bytes.into())?;
        }
        let (start, device_tree) = place_device_tree(config, &mut layout)?;
        let next = if config.firmware.is_some() { programs.get(1) } else { None };
        let info = dynamic_info(next.map_or(KERNEL_BASE, |next| next.entry));
        layout.add("the boot record", start.dynamic_info..start.dynamic_info + PAGE, info.to_vec().into())?;
        let symbols = programs.iter().map(|program| program.symbols).reduce(merge).unwrap_or_default();
        let entry = programs.first().map_or(RAM_BASE, |program| program.entry);
        Ok(Plan { pieces: layout.pieces, device_tree, start: Start { entry, ..start }, symbols })
    }

    /// Writes everything to memory that is still zero.
    pub(crate) fn write(&self, ram: &Ram) -> Result<(), Error> {
        let tree = (self.start.device_tree, &self.device_tree, "the device tree");
        let pieces = self.pieces.iter().map(|piece| (piece.at.start, &piece.bytes, piece.name.as_str()));
        for (at, bytes, name) in pieces.chain([tree]) {
            let no_room = || Error::NoRoom { what: name.to_string(), bytes: bytes.len() as u64 };
            ram.write(at, bytes).ok_or_else(no_room)?;
        }
        Ok(())
    }

    /// Gives a hart that is in its reset state what it starts with.
    pub(crate) fn start(&self, hart: &mut Hart) {
        let Start { entry, device_tree, dynamic_info } = self.start;
        hart.set_pc(entry);
        hart.set_x(10, hart.id() as u64);
        hart.set_x(11, device_tree);
        hart.set_x(12, dynamic_info);
    }

    /// The symbols of the programs.
    pub(crate) fn symbols(&self) -> Symbols {
        self.symbols
    }

    /// The device tree.
    pub(crate) fn device_tree(&self) -> &[u8] {
        &self.device_tree
    }
}

/// Main memory as far as it is taken.
struct Layout<'a> {
    ram: Range<u64>,
    pieces: Vec<Piece<'a>>,
}

impl<'a> Layout<'a> {
    /// Takes a range for `bytes`; the rest of it stays zero.
    fn add(&mut self, name: &str, at: Range<u64>, bytes: Cow<'a, [u8]>) -> Result<(), Error> {
        if let Some(taken) = self.taken(&at) {
            return Err(Error::Overlap {
                first: taken.name.clone(),
                first_at: taken.at.clone(),
                second: name.to_string(),
                second_at: at,
            });
        }
        self.pieces.push(Piece { name: name.to_string(), at, bytes });
        Ok(())
    }

    /// What lies in a range already.
    fn taken(&self, at: &Range<u64>) -> Option<&Piece<'a>> {
        self.pieces.iter().find(|piece| piece.at.start < at.end && at.start < piece.at.end)
    }

    /// The highest free range of `bytes` bytes below `limit`, with `below` more free bytes under it.
    fn highest(&self, bytes: u64, below: u64, alignment: u64, limit: u64) -> Option<u64> {
        let mut top = self.ram.end.min(limit);
        loop {
            let start = top.checked_sub(bytes)? / alignment * alignment;
            let range = start.checked_sub(below)?..start + bytes;
            if range.start < self.ram.start {
                return None;
            }
            match self.taken(&range) {
                None => return Some(start),
                Some(piece) => top = piece.at.start,
            }
        }
    }
}

/// Places the device tree, the page of the boot record below it, and the RAM disk below that.
fn place_device_tree<'a>(
    config: &'a MachineConfig,
    layout: &mut Layout<'a>,
) -> Result<(Start, Cow<'a, [u8]>), Error> {
    let mut tree: Cow<'a, [u8]> = match &config.device_tree {
        Some(image) => {
            reject_boot_options(config)?;
            fdt::validate(image, config)?;
            image.bytes().into()
        }
        // The addresses of the RAM disk are not known yet, but the size of the tree is.
        None => fdt::describe(config, config.initrd.as_ref().map(|_| 0..0))?.into(),
    };
    let bytes = tree.len() as u64 + DEVICE_TREE_SLACK;
    let at = [DEVICE_TREE_ALIGNMENT, PAGE]
        .into_iter()
        .find_map(|alignment| layout.highest(bytes, PAGE, alignment, DEVICE_TREE_LIMIT))
        .ok_or_else(|| Error::NoRoom { what: "the device tree".to_string(), bytes })?;
    layout.add("the device tree", at..at + bytes, Cow::Borrowed(&[]))?;
    if let Some(initrd) = &config.initrd {
        let range = place_initrd(initrd, at - PAGE, layout)?;
        tree = fdt::describe(config, Some(range))?.into();
    }
    Ok((Start { entry: 0, device_tree: at, dynamic_info: at - PAGE }, tree))
}

/// A tree from outside is used as it is, so it must carry the boot options itself.
fn reject_boot_options(config: &MachineConfig) -> Result<(), Error> {
    if config.bootargs.is_some() {
        return Err(Error::OwnTreeOnly("a kernel command line"));
    }
    if config.initrd.is_some() {
        return Err(Error::OwnTreeOnly("an initial RAM disk"));
    }
    Ok(())
}

/// Places the RAM disk as high as it fits below `limit`.
fn place_initrd<'a>(initrd: &'a Image, limit: u64, layout: &mut Layout<'a>) -> Result<Range<u64>, Error> {
    let bytes = initrd.bytes().len() as u64;
    if bytes == 0 {
        return Err(Error::Empty(initrd.name().to_string()));
    }
    let at = layout
        .highest(bytes, 0, PAGE, limit)
        .ok_or_else(|| Error::NoRoom { what: format!("the initial RAM disk {}", initrd.name()), bytes })?;
    layout.add(initrd.name(), at..at + bytes, initrd.bytes().into())?;
    Ok(at..at + bytes)
}

/// The record that `fw_dynamic` reads: OpenSBI, `include/sbi/fw_dynamic.h`.
fn dynamic_info(next: u64) -> [u8; 48] {
    const MAGIC: u64 = 0x4942_534f;
    const VERSION: u64 = 2;
    const NEXT_MODE_S: u64 = 1;
    const OPTIONS: u64 = 0;
    const BOOT_HART: u64 = 0;
    let mut record = [0; 48];
    for (field, value) in
        record.chunks_exact_mut(8).zip([MAGIC, VERSION, next, NEXT_MODE_S, OPTIONS, BOOT_HART])
    {
        field.copy_from_slice(&value.to_le_bytes());
    }
    record
}

/// Symbols of two programs; those of the first count.
fn merge(first: Symbols, second: Symbols) -> Symbols {
    if first.tohost.is_some() || first.begin_signature.is_some() { first } else { second }
}
