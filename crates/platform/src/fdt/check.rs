//! A strict look at a flattened device tree before anything else reads it: every length, offset, token and
//! string. Devicetree Specification, "Flattened Devicetree (DTB) Format".

use core::ops::Range;

use super::MAGIC;

const HEADER_SIZE: usize = 40;
/// The only version in use since 2005; it can be read by readers of version 16.
const VERSION: u32 = 17;
const COMPATIBLE_VERSION: u32 = 16;
const BEGIN_NODE: u32 = 1;
const END_NODE: u32 = 2;
const PROP: u32 = 3;
const NOP: u32 = 4;
const END: u32 = 9;
/// Deeper trees exist nowhere; readers that recurse are safe from this one.
const MAX_DEPTH: usize = 64;

/// What is wrong with a flattened device tree.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum Malformed {
    /// The first word is another.
    #[error("does not start as a device tree")]
    Magic,
    /// The file ends before the tree does, or the header is cut off.
    #[error("is truncated")]
    Truncated,
    /// A version that cannot be read.
    #[error("has version {0} of the format, not 17")]
    Version(u32),
    /// A block of the tree lies outside it, over another one, or is misaligned.
    #[error("has its {0} block in an impossible place")]
    Block(&'static str),
    /// A token that does not belong where it is.
    #[error("has the unexpected token {token:#x} at offset {offset:#x}")]
    Token {
        /// The token.
        token: u32,
        /// Where it is.
        offset: usize,
    },
    /// A name or a value that runs out of its block, or a name that is no text.
    #[error("has a broken name or value at offset {0:#x}")]
    Item(usize),
    /// Nodes nested too deep, or not closed.
    #[error("has nodes that are nested wrongly at offset {0:#x}")]
    Nesting(usize),
}

/// Checks all of `blob`, which may be longer than the tree in it.
///
/// # Errors
/// The first thing that is wrong.
pub fn check(blob: &[u8]) -> Result<(), Malformed> {
    if word(blob, 0) != Some(MAGIC) {
        return Err(Malformed::Magic);
    }
    let header: [u32; HEADER_SIZE / 4] = header(blob).ok_or(Malformed::Truncated)?;
    let [_, total, structure, strings, reservations, version, compatible, _, strings_size, structure_size] =
        header;
    if version < VERSION || !(COMPATIBLE_VERSION..=VERSION).contains(&compatible) {
        return Err(Malformed::Version(version));
    }
    let tree = blob.get(..total as usize).ok_or(Malformed::Truncated)?;
    let structure = block(tree, structure, structure_size, 4).ok_or(Malformed::Block("structure"))?;
    let strings = block(tree, strings, strings_size, 1).ok_or(Malformed::Block("strings"))?;
    let reservations = check_reservations(tree, reservations).ok_or(Malformed::Block("reservation"))?;
    for (first, second) in [(&structure, &strings), (&structure, &reservations), (&strings, &reservations)] {
        if first.start < second.end && second.start < first.end {
            return Err(Malformed::Block("strings or reservation"));
        }
    }
    Structure {
        tree: &tree[..structure.end],
        strings: &tree[strings],
        offset: structure.start,
        end: structure.end,
    }
    .check()
}

fn header(blob: &[u8]) -> Option<[u32; HEADER_SIZE / 4]> {
    let mut header = [0; HEADER_SIZE / 4];
    for (index, field) in header.iter_mut().enumerate() {
        *field = word(blob, 4 * index)?;
    }
    Some(header)
}

/// The big-endian word at `offset`.
fn word(bytes: &[u8], offset: usize) -> Option<u32> {
    Some(u32::from_be_bytes(*bytes.get(offset..)?.first_chunk()?))
}

/// A block's range, if it is aligned and lies between header and end.
fn block(tree: &[u8], offset: u32, size: u32, alignment: u32) -> Option<Range<usize>> {
    let range = offset as usize..offset.checked_add(size)? as usize;
    let fits = offset.is_multiple_of(alignment) && range.start >= HEADER_SIZE && range.end <= tree.len();
    fits.then_some(range)
}

/// The range of the memory reservations, which end with an entry of zeros.
fn check_reservations(tree: &[u8], offset: u32) -> Option<Range<usize>> {
    let start = block(tree, offset, 0, 8)?.start;
    let mut at = start;
    loop {
        let entry = tree.get(at..at + 16)?;
        at += 16;
        if entry.iter().all(|byte| *byte == 0) {
            return Some(start..at);
        }
    }
}

/// The structure block, and how far it has been checked.
struct Structure<'a> {
    /// The tree up to the end of the structure block.
    tree: &'a [u8],
    strings: &'a [u8],
    offset: usize,
    end: usize,
}

impl Structure<'_> {
    fn check(mut self) -> Result<(), Malformed> {
        let mut depth = 0;
        // Properties come before child nodes.
        let mut properties_allowed = false;
        let mut root_seen = false;
        loop {
            let offset = self.offset;
            let token = self.take_word()?;
            match token {
                NOP => {}
                BEGIN_NODE if depth > 0 || !root_seen => {
                    self.take_name(depth == 0)?;
                    depth += 1;
                    if depth > MAX_DEPTH {
                        return Err(Malformed::Nesting(offset));
                    }
                    (root_seen, properties_allowed) = (true, true);
                }
                PROP if properties_allowed => self.take_property()?,
                END_NODE if depth > 0 => {
                    depth -= 1;
                    properties_allowed = false;
                }
                END if depth == 0 && root_seen => break,
                END | END_NODE => return Err(Malformed::Nesting(offset)),
                _ => return Err(Malformed::Token { token, offset }),
            }
        }
        if self.offset == self.end { Ok(()) } else { Err(Malformed::Block("structure")) }
    }

    fn take_word(&mut self) -> Result<u32, Malformed> {
        let word = word(self.tree, self.offset).ok_or(Malformed::Nesting(self.offset))?;
        self.offset += 4;
        Ok(word)
    }

    /// Passes bytes and the padding behind them.
    fn skip(&mut self, bytes: usize) -> Result<(), Malformed> {
        let broken = Malformed::Item(self.offset);
        let next = bytes.checked_next_multiple_of(4).and_then(|bytes| self.offset.checked_add(bytes));
        self.offset = next.filter(|next| *next <= self.end).ok_or(broken)?;
        Ok(())
    }

    /// Passes a node's name; only the root's is empty.
    fn take_name(&mut self, root: bool) -> Result<(), Malformed> {
        let broken = Malformed::Item(self.offset);
        let name = self.tree.get(self.offset..).and_then(text).ok_or(broken)?;
        if name.is_empty() != root {
            return Err(broken);
        }
        self.skip(name.len() + 1)
    }

    /// Passes a property's length, name and value.
    fn take_property(&mut self) -> Result<(), Malformed> {
        let broken = Malformed::Item(self.offset);
        let (length, name) = (self.take_word()?, self.take_word()?);
        let name = self.strings.get(name as usize..).and_then(text);
        if name.is_none_or(str::is_empty) {
            return Err(broken);
        }
        self.skip(length as usize)
    }
}

/// The printable text before the first zero byte; `None` without such a byte.
fn text(bytes: &[u8]) -> Option<&str> {
    let length = bytes.iter().position(|byte| *byte == 0)?;
    let text = &bytes[..length];
    text.iter().all(u8::is_ascii_graphic).then(|| core::str::from_utf8(text).ok()).flatten()
}
