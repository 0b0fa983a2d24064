//! What the device tree says of the machine below. Devicetree Specification, "Flattened Devicetree (DTB) Format".

use core::ops::Range;

use fdt::Fdt;
use isa::ext::{Ext, ExtSet};

use crate::options::{self, Options};

/// Bytes of a cache block, where the device tree does not say.
const BLOCK_SIZE: u64 = 64;

/// What the letter G of an ISA string stands for.
const G: ExtSet = ExtSet::of(&[Ext::I, Ext::M, Ext::A, Ext::F, Ext::D, Ext::Zicsr, Ext::Zifencei]);

/// The machine, and what it is to do.
pub(crate) struct Platform {
    /// The RAM above the kernel, which nobody uses once the device tree has been read.
    pub(crate) free: Range<usize>,
    /// The extensions that every hart has.
    pub(crate) isa: ExtSet,
    /// Ticks of the clock in a second; 0 where the tree does not say.
    pub(crate) frequency: u64,
    /// How many harts there are.
    pub(crate) harts: usize,
    /// Bytes of a cache block.
    pub(crate) block_size: u64,
    /// The command line.
    pub(crate) options: Result<Options, options::Error<'static>>,
}

impl Platform {
    /// Reads a device tree whose first free byte of RAM is at `free`.
    pub(crate) fn read(tree: &Fdt<'static>, free: usize) -> Platform {
        let mut end = free;
        let (mut isa, mut harts) = (None::<ExtSet>, 0);
        let (mut frequency, mut block_size) = (0, BLOCK_SIZE);
        let mut command_line: &[u8] = &[];
        tree.for_each_node(|node| {
            match node.device_type {
                b"memory" => {
                    let region = node.region().filter(|(base, size)| free.wrapping_sub(*base) < *size);
                    end = region.map_or(end, |(base, size)| base.saturating_add(size));
                }
                b"cpu" => {
                    let own = extensions(node.isa);
                    isa = Some(isa.map_or(own, |isa| isa.without(isa.without(own))));
                    block_size = node.zeroed_block_size.map_or(block_size, u64::from);
                    harts += 1;
                }
                _ => {}
            }
            frequency = node.timebase_frequency.map_or(frequency, u64::from);
            if !node.bootargs.is_empty() {
                command_line = node.bootargs;
            }
        });
        let options = options::parse(command_line);
        Platform { free: free..end, isa: isa.unwrap_or_default(), frequency, harts, block_size, options }
    }
}

/// The extensions that an ISA string names, with what they include; those that are in no table of ours do not matter.
///
/// ISA manual, "ISA Extension Naming Conventions".
fn extensions(text: &[u8]) -> ExtSet {
    let mut parts = str::from_utf8(text).unwrap_or_default().trim_start_matches("rv64").split('_');
    let letters = parts.next().unwrap_or_default();
    // A multi-letter extension may follow the letters without an underscore.
    let (letters, glued) = letters.split_at(letters.find(['z', 's', 'x']).unwrap_or(letters.len()));
    let base = if letters.starts_with('g') { G } else { ExtSet::EMPTY };
    let letters = letters.char_indices().map(|(i, letter)| &letters[i..i + letter.len_utf8()]);
    let named = letters.chain([glued]).chain(parts).filter_map(Ext::from_name);
    let all = named.fold(base, |set, ext| set.with(ExtSet::of(&[ext]))).closure();
    // The registers are saved as D's.
    if all.has(Ext::D) { all } else { all.without(ExtSet::of(&[Ext::F])) }
}
