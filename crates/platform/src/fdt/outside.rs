//! Device trees from outside: whether they are sound, and whether they describe this machine.

use core::ops::Range;

use fdt_rs::base::{DevTree, DevTreeItem, DevTreeProp};
use fdt_rs::error::DevTreeError;
use fdt_rs::prelude::{FallibleIterator, PropReader};

use super::check;
use crate::config::MachineConfig;
use crate::error::Error;
use crate::load::Image;
use crate::map::{RAM_BASE, TIMEBASE_HZ};

const REBUILD: &str = "compile it again with dtc";
/// What fdt-rs asks for is 4.
const ALIGNMENT: usize = 8;
/// More than fdt-rs looks beyond the last token.
const ROOM: usize = 16;
const ADAPT: &str = "change the tree or the machine's options";

/// Checks a tree from outside against the machine that it is to describe.
pub(crate) fn validate(image: &Image, config: &MachineConfig) -> Result<(), Error> {
    if image.bytes().is_empty() {
        return Err(Error::Empty(image.name().to_string()));
    }
    let malformed = |problem: String| Error::unsuitable(image.name(), problem, REBUILD);
    check(image.bytes()).map_err(|error| malformed(error.to_string()))?;
    let facts = read(image.bytes()).map_err(|error| malformed(format!("cannot be read ({error:?})")))?;
    let unfit = |problem: String| Error::unsuitable(image.name(), problem, ADAPT);
    facts.compare(config).map_err(unfit)
}

/// What a tree says about the machine.
#[derive(Default, Debug)]
struct Facts {
    /// Each range of main memory.
    memory: Vec<Range<u64>>,
    /// The number of each hart.
    harts: Vec<u64>,
    timebase: Option<u32>,
}

impl Facts {
    /// Says what does not fit the machine.
    fn compare(&self, config: &MachineConfig) -> Result<(), String> {
        let ram = RAM_BASE..RAM_BASE + config.memory;
        if self.memory.is_empty() {
            return Err("describes no memory".to_string());
        }
        if let Some(range) = self.memory.iter().find(|at| at.start < ram.start || at.end > ram.end) {
            let (Range { start, end }, Range { start: base, end: top }) = (range, &ram);
            return Err(format!(
                "describes memory {start:#x}..{end:#x}, the machine has {base:#x}..{top:#x}"
            ));
        }
        if self.harts.is_empty() {
            return Err("describes no hart".to_string());
        }
        if let Some(hart) = self.harts.iter().find(|hart| **hart >= config.harts as u64) {
            return Err(format!("describes hart {hart}, the machine's last is {}", config.harts - 1));
        }
        match self.timebase {
            Some(TIMEBASE_HZ) => Ok(()),
            Some(hz) => Err(format!("has a timebase-frequency of {hz}, the machine's is {TIMEBASE_HZ}")),
            None => Err(format!("has no timebase-frequency, the machine's is {TIMEBASE_HZ}")),
        }
    }
}

/// A node while its properties are read.
#[derive(Default)]
struct Node {
    name: String,
    device_type: String,
    reg: Vec<u32>,
}

/// Words that an address and a size take in the children of a node; the specification's defaults.
#[derive(Clone, Copy)]
struct Cells {
    address: usize,
    size: usize,
}

/// Reads what the machine must agree with. `blob` has passed [`check`].
fn read(blob: &[u8]) -> Result<Facts, DevTreeError> {
    // fdt-rs wants the tree aligned, its header to name the buffer's length, and room behind the last token.
    let mut buffer = vec![0; blob.len() + ALIGNMENT + ROOM];
    let start = buffer.as_ptr().align_offset(ALIGNMENT).min(ALIGNMENT);
    let buffer = &mut buffer[start..][..blob.len() + ROOM];
    buffer[..blob.len()].copy_from_slice(blob);
    let total = u32::try_from(buffer.len()).map_err(|_| DevTreeError::ParseError)?;
    buffer[4..8].copy_from_slice(&total.to_be_bytes());
    // SAFETY: the buffer is aligned, as long as its header says, and holds a tree whose structure has been
    // checked.
    let tree = unsafe { DevTree::new(buffer)? };

    let mut facts = Facts::default();
    let (mut root, mut cpus) = (Cells { address: 2, size: 1 }, Cells { address: 2, size: 1 });
    let mut node: Option<Node> = None;
    let mut items = tree.items();
    while let Some(item) = items.next()? {
        match item {
            DevTreeItem::Node(next) => {
                if let Some(node) = node.take() {
                    facts.add(&node, root, cpus);
                }
                node = Some(Node { name: next.name()?.to_string(), ..Node::default() });
            }
            DevTreeItem::Prop(prop) => {
                let Some(node) = &mut node else { continue };
                let cells = match node.name.as_str() {
                    "" => Some(&mut root),
                    "cpus" => Some(&mut cpus),
                    _ => None,
                };
                match (prop.name()?, cells) {
                    ("#address-cells", Some(cells)) => cells.address = prop.u32(0)? as usize,
                    ("#size-cells", Some(cells)) => cells.size = prop.u32(0)? as usize,
                    ("timebase-frequency", _) => facts.timebase = Some(prop.u32(0)?),
                    ("device_type", _) => node.device_type = prop.str()?.to_string(),
                    ("reg", _) => node.reg = words(&prop)?,
                    _ => {}
                }
            }
        }
    }
    if let Some(node) = node {
        facts.add(&node, root, cpus);
    }
    Ok(facts)
}

/// A property's value as words.
fn words(prop: &DevTreeProp<'_, '_>) -> Result<Vec<u32>, DevTreeError> {
    (0..prop.length() / 4).map(|index| prop.u32(index)).collect()
}

impl Facts {
    /// Takes up a node whose properties have all been read.
    fn add(&mut self, node: &Node, root: Cells, cpus: Cells) {
        match node.device_type.as_str() {
            "memory" => {
                let entry = root.address.saturating_add(root.size);
                for words in node.reg.chunks_exact(entry.max(1)) {
                    let (address, size) = words.split_at(root.address.min(words.len()));
                    let start = number(address);
                    self.memory.push(start..start.saturating_add(number(size)));
                }
            }
            "cpu" => self.harts.push(number(node.reg.get(..cpus.address).unwrap_or(&node.reg))),
            _ => {}
        }
    }
}

/// The number that words make, highest first; only the last 64 bits count.
fn number(words: &[u32]) -> u64 {
    words.iter().fold(0, |number, word| number << 32 | u64::from(*word))
}
