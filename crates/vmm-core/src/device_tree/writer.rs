//! Flattened device trees, written in place. Devicetree Specification, "Flattened Devicetree (DTB) Format".

use core::fmt;

use super::Full;

const MAGIC: u32 = 0xd00d_feed;
const VERSION: u32 = 17;
const LAST_COMPATIBLE_VERSION: u32 = 16;

const BEGIN_NODE: u32 = 1;
const END_NODE: u32 = 2;
const PROPERTY: u32 = 3;
const END: u32 = 9;

/// The header, and an empty list of reserved memory after it.
const RESERVED_LIST: usize = 40;
const STRUCTURE: usize = RESERVED_LIST + 16;

/// More names than the trees here have.
const MAX_NAMES: usize = 24;

/// A tree on its way.
pub(super) struct Writer<'a> {
    target: &'a mut [u8],
    position: usize,
    /// The names of properties; their block comes behind the structure.
    names: [&'static str; MAX_NAMES],
    name_count: usize,
}

impl<'a> Writer<'a> {
    /// Begins a tree.
    pub(super) fn new(target: &'a mut [u8]) -> Result<Writer<'a>, Full> {
        target.get_mut(..STRUCTURE).ok_or(Full)?.fill(0);
        Ok(Writer { target, position: STRUCTURE, names: [""; MAX_NAMES], name_count: 0 })
    }

    /// Begins a node.
    pub(super) fn begin(&mut self, name: fmt::Arguments<'_>) -> Result<(), Full> {
        self.word(BEGIN_NODE)?;
        self.string(name)?;
        self.align()
    }

    /// Ends the node begun last.
    pub(super) fn end(&mut self) -> Result<(), Full> {
        self.word(END_NODE)
    }

    /// A property of 32-bit cells.
    pub(super) fn words(&mut self, name: &'static str, words: &[u32]) -> Result<(), Full> {
        self.property(name, 4 * words.len())?;
        words.iter().try_for_each(|word| self.word(*word))
    }

    /// The property `reg` of one region, with address and size of two cells.
    pub(super) fn region(&mut self, address: u64, size: u64) -> Result<(), Full> {
        self.words("reg", &[(address >> 32) as u32, address as u32, (size >> 32) as u32, size as u32])
    }

    /// A property of text.
    pub(super) fn text(&mut self, name: &'static str, text: fmt::Arguments<'_>) -> Result<(), Full> {
        self.property(name, 0)?;
        let start = self.position;
        self.string(text)?;
        let length = self.position - start;
        self.put(start - 8, length as u32)?;
        self.align()
    }

    /// Ends the tree and returns its size.
    pub(super) fn finish(mut self) -> Result<usize, Full> {
        self.word(END)?;
        let structure_end = self.position;
        for index in 0..self.name_count {
            let name = self.names[index];
            self.string(format_args!("{name}"))?;
        }
        let end = self.position;
        let header = [
            MAGIC,
            end as u32,
            STRUCTURE as u32,
            structure_end as u32,
            RESERVED_LIST as u32,
            VERSION,
            LAST_COMPATIBLE_VERSION,
            0,
            (end - structure_end) as u32,
            (structure_end - STRUCTURE) as u32,
        ];
        for (index, word) in header.into_iter().enumerate() {
            self.put(4 * index, word)?;
        }
        Ok(end)
    }

    /// Begins a property whose value of `length` bytes is to come.
    fn property(&mut self, name: &'static str, length: usize) -> Result<(), Full> {
        let known = self.names[..self.name_count].iter().position(|known| *known == name);
        let index = known.unwrap_or(self.name_count);
        if known.is_none() {
            *self.names.get_mut(index).ok_or(Full)? = name;
            self.name_count += 1;
        }
        let offset: usize = self.names[..index].iter().map(|name| name.len() + 1).sum();
        self.word(PROPERTY)?;
        self.word(length as u32)?;
        self.word(offset as u32)
    }

    /// Text and its final zero.
    fn string(&mut self, text: fmt::Arguments<'_>) -> Result<(), Full> {
        fmt::write(self, text).map_err(|_| Full)?;
        self.bytes(&[0])
    }

    fn word(&mut self, word: u32) -> Result<(), Full> {
        self.bytes(&word.to_be_bytes())
    }

    /// Writes a word over what is there.
    fn put(&mut self, position: usize, word: u32) -> Result<(), Full> {
        self.target.get_mut(position..position + 4).ok_or(Full)?.copy_from_slice(&word.to_be_bytes());
        Ok(())
    }

    fn align(&mut self) -> Result<(), Full> {
        let padding = self.position.next_multiple_of(4) - self.position;
        self.bytes(&[0; 4][..padding])
    }

    fn bytes(&mut self, bytes: &[u8]) -> Result<(), Full> {
        let end = self.position + bytes.len();
        self.target.get_mut(self.position..end).ok_or(Full)?.copy_from_slice(bytes);
        self.position = end;
        Ok(())
    }
}

impl fmt::Write for Writer<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes()).map_err(|_| fmt::Error)
    }
}
