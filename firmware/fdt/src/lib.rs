//! Reading the device tree: a walk over the nodes, with the few properties that the firmware and the kernel need.
//! Devicetree Specification, "Flattened Devicetree (DTB) Format".

#![no_std]

const MAGIC: u32 = 0xd00d_feed;
/// Larger trees are not believed.
const MAX_SIZE: usize = 1 << 20;

const BEGIN_NODE: u32 = 1;
const END_NODE: u32 = 2;
const PROPERTY: u32 = 3;
const NOP: u32 = 4;

/// A device tree in memory.
pub struct Fdt<'a> {
    structure: &'a [u8],
    strings: &'a [u8],
}

/// What firmware and kernel want to know of a node; absent properties are empty.
#[derive(Default)]
pub struct Node<'a> {
    /// The value of `device_type`, without its final zero.
    pub device_type: &'a [u8],
    /// The value of `riscv,isa`, without its final zero.
    pub isa: &'a [u8],
    /// The value of `bootargs`, without its final zero.
    pub bootargs: &'a [u8],
    /// The value of `timebase-frequency`.
    pub timebase_frequency: Option<u32>,
    /// The value of `riscv,cboz-block-size`.
    pub zeroed_block_size: Option<u32>,
    compatible: &'a [u8],
    reg: &'a [u8],
}

impl Fdt<'static> {
    /// The device tree at `address`, if there is one.
    ///
    /// # Safety
    /// The address is readable, and so is the tree that begins there, if one does; nobody writes to it while
    /// the result is in use.
    pub unsafe fn at(address: usize) -> Option<Fdt<'static>> {
        if address == 0 || !address.is_multiple_of(8) {
            return None;
        }
        // SAFETY: the caller vouches for the address.
        let header = unsafe { core::slice::from_raw_parts(address as *const u8, 40) };
        let size = word(header, 4)? as usize;
        if word(header, 0)? != MAGIC || size > MAX_SIZE {
            return None;
        }
        // SAFETY: as above, and the header says how long it is.
        let blob = unsafe { core::slice::from_raw_parts(address as *const u8, size) };
        let block = |offset, length| {
            let start = word(header, offset)? as usize;
            blob.get(start..start.checked_add(word(header, length)? as usize)?)
        };
        Some(Fdt { structure: block(8, 36)?, strings: block(12, 32)? })
    }
}

impl<'a> Fdt<'a> {
    /// Calls `visit` for every node, parents before children; a malformed tree ends early.
    pub fn for_each_node(&self, mut visit: impl FnMut(&Node<'a>)) {
        let mut position = 0;
        let mut node: Option<Node<'a>> = None;
        while let Some(token) = word(self.structure, position) {
            position += 4;
            match token {
                // All of a node's properties come before its first child.
                BEGIN_NODE | END_NODE => {
                    if let Some(complete) = node.take() {
                        visit(&complete);
                    }
                    if token == BEGIN_NODE {
                        node = Some(Node::default());
                        let name = text(self.structure, position);
                        position = (position + name.len() + 1).next_multiple_of(4);
                    }
                }
                PROPERTY => {
                    let Some((name, value)) = self.property(position) else { return };
                    position = (position + 8 + value.len()).next_multiple_of(4);
                    if let Some(node) = &mut node {
                        node.set(name, value);
                    }
                }
                NOP => {}
                _ => return,
            }
        }
    }

    /// The name and value of the property whose length is at `position`.
    fn property(&self, position: usize) -> Option<(&'a [u8], &'a [u8])> {
        let length = word(self.structure, position)? as usize;
        let name = text(self.strings, word(self.structure, position + 4)? as usize);
        let start = position + 8;
        Some((name, self.structure.get(start..start.checked_add(length)?)?))
    }
}

impl<'a> Node<'a> {
    fn set(&mut self, name: &[u8], value: &'a [u8]) {
        match name {
            b"device_type" => self.device_type = text(value, 0),
            b"compatible" => self.compatible = value,
            b"reg" => self.reg = value,
            b"riscv,isa" => self.isa = text(value, 0),
            b"bootargs" => self.bootargs = text(value, 0),
            b"timebase-frequency" => self.timebase_frequency = word(value, 0),
            b"riscv,cboz-block-size" => self.zeroed_block_size = word(value, 0),
            _ => {}
        }
    }

    /// Whether `name` is one of the strings of `compatible`.
    pub fn is_compatible(&self, name: &[u8]) -> bool {
        self.compatible.split(|&byte| byte == 0).any(|compatible| compatible == name)
    }

    /// Address and size of the first region of `reg`, both of two cells as they are on the `virt` machine.
    pub fn region(&self) -> Option<(usize, usize)> {
        Some((double_word(self.reg, 0)?, double_word(self.reg, 8)?))
    }

    /// The hart id that `reg` of a `cpu` node holds in one cell.
    pub fn hart_id(&self) -> Option<usize> {
        word(self.reg, 0).map(|id| id as usize)
    }
}

/// The big-endian word at `offset`.
fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    let bytes = bytes.get(offset..offset.checked_add(4)?)?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

fn double_word(bytes: &[u8], offset: usize) -> Option<usize> {
    Some((word(bytes, offset)? as usize) << 32 | word(bytes, offset + 4)? as usize)
}

/// The string at `offset`, without its final zero.
fn text(bytes: &[u8], offset: usize) -> &[u8] {
    let rest = bytes.get(offset..).unwrap_or_default();
    rest.split(|&byte| byte == 0).next().unwrap_or_default()
}
