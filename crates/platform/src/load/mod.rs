//! Loaders: what a file holds, told by its first bytes, and where it belongs in main memory.

mod compressed;
mod elf;
mod linux;
mod stored;

use std::borrow::Cow;
use std::ops::Range;
use std::path::Path;

use crate::error::Error;
use stored::Origin;
pub(crate) use stored::StoredImages;

/// A file to be loaded, with the name that messages call it by.
#[derive(Clone, Debug)]
pub struct Image {
    name: String,
    bytes: Cow<'static, [u8]>,
    /// Where it can be read again; nowhere if it was made by this program, or came from a pipe.
    origin: Option<Origin>,
}

impl Image {
    /// An image that is in memory already.
    pub fn new(name: impl Into<String>, bytes: impl Into<Cow<'static, [u8]>>) -> Image {
        Image { name: name.into(), bytes: bytes.into(), origin: None }
    }

    /// Reads a file. A machine that has booted from it may read it again: it is to stay as it is.
    ///
    /// # Errors
    /// [`Error::Unreadable`] and [`Error::Empty`].
    pub fn read(path: &Path) -> Result<Image, Error> {
        let name = path.display().to_string();
        let bytes = std::fs::read(path)
            .map_err(|error| Error::Unreadable { name: name.clone(), reason: error.to_string() })?;
        if bytes.is_empty() {
            return Err(Error::Empty(name));
        }
        let origin = path.is_file().then(|| Origin { path: path.to_path_buf(), unpacked: None });
        Ok(Image { origin, ..Image::new(name, bytes) })
    }

    /// The name that messages call it by.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The content.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The functions that its symbols name, by address; none where it is no ELF.
    pub fn functions(&self) -> Vec<Function> {
        elf::functions(self)
    }

    /// What the first bytes say that it is.
    pub fn format(&self) -> Format {
        let starts = |at: usize, magic: &[u8]| self.bytes.get(at..).is_some_and(|b| b.starts_with(magic));
        if starts(0, b"\x7fELF") {
            Format::Elf
        } else if starts(linux::MAGIC_OFFSET, linux::MAGIC) {
            Format::LinuxImage
        } else if starts(0, &[0x1f, 0x8b]) {
            Format::Gzip
        } else if starts(0, &[0x28, 0xb5, 0x2f, 0xfd]) {
            Format::Zstd
        } else if starts(0, b"MZ") && starts(4, b"zimg") {
            Format::EfiZboot
        } else if starts(0, &crate::fdt::MAGIC.to_be_bytes()) {
            Format::DeviceTree
        } else {
            Format::Raw
        }
    }
}

/// A function of a program.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Function {
    /// Its virtual addresses; empty where its size is not known.
    pub at: Range<u64>,
    /// Its name, as the linker knows it.
    pub name: String,
}

/// What a file holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Format {
    /// An ELF object of any kind.
    Elf,
    /// A Linux kernel with the RISC-V boot header.
    LinuxImage,
    /// Compressed by gzip.
    Gzip,
    /// Compressed by Zstandard.
    Zstd,
    /// A compressed Linux kernel for EFI.
    EfiZboot,
    /// A flattened device tree.
    DeviceTree,
    /// Anything else: bytes to be copied to memory.
    Raw,
}

/// A program as it will lie in main memory.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    /// Its parts, none of which overlap, all in main memory.
    pub(crate) segments: Vec<Segment<'a>>,
    /// The physical address of its first instruction.
    pub(crate) entry: u64,
    /// Addresses that the machine looks for in ELF files.
    pub(crate) symbols: Symbols,
}

/// A part of a program.
#[derive(Debug)]
pub(crate) struct Segment<'a> {
    /// Its physical addresses.
    pub(crate) at: Range<u64>,
    /// Its first bytes; the others are zero.
    pub(crate) bytes: &'a [u8],
}

/// Physical addresses of symbols that mean something to the machine.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(crate) struct Symbols {
    pub(crate) tohost: Option<u64>,
    pub(crate) fromhost: Option<u64>,
    pub(crate) begin_signature: Option<u64>,
    pub(crate) end_signature: Option<u64>,
}

impl<'a> Program<'a> {
    /// Finds out where `image` belongs; raw bytes go to `raw_base`.
    pub(crate) fn parse(image: &'a Image, raw_base: u64, ram: &Range<u64>) -> Result<Program<'a>, Error> {
        if image.bytes().is_empty() {
            return Err(Error::Empty(image.name().to_string()));
        }
        let unsuitable = |problem, advice| Err(Error::unsuitable(image.name(), problem, advice));
        match image.format() {
            Format::Elf => elf::parse(image, raw_base, ram),
            Format::LinuxImage => linux::parse(image, ram),
            Format::Raw => Program::flat(image, raw_base, image.bytes().len() as u64, ram),
            Format::Gzip => unsuitable("is compressed by gzip", "unpack it with gunzip first"),
            Format::Zstd => unsuitable("is compressed by Zstandard", "unpack it with unzstd first"),
            Format::EfiZboot => {
                unsuitable("is a compressed EFI kernel", "take the kernel's flat Image instead")
            }
            Format::DeviceTree => unsuitable("is a device tree, not a program", "pass it as the device tree"),
        }
    }

    /// A program of one piece, entered at its first byte.
    fn flat(image: &'a Image, base: u64, size: u64, ram: &Range<u64>) -> Result<Program<'a>, Error> {
        let segments = vec![Program::piece(image, base, size, ram)?];
        Ok(Program { segments, entry: base, symbols: Symbols::default() })
    }

    /// A file as it is, at physical address `base`.
    pub(crate) fn raw(image: &'a Image, base: u64, ram: &Range<u64>) -> Result<Segment<'a>, Error> {
        Program::piece(image, base, image.bytes().len() as u64, ram)
    }

    fn piece(image: &'a Image, base: u64, size: u64, ram: &Range<u64>) -> Result<Segment<'a>, Error> {
        let at = base..base.saturating_add(size);
        if at.start < ram.start || at.end > ram.end {
            return Err(Error::OutsideRam {
                name: image.name().to_string(),
                part: "the image",
                at,
                ram: ram.clone(),
            });
        }
        Ok(Segment { at, bytes: image.bytes() })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAM: Range<u64> = 0x8000_0000..0x8010_0000;

    #[test]
    fn formats_are_told_by_their_magic() {
        let mut kernel = vec![0; 64];
        kernel[0x38..0x3c].copy_from_slice(b"RSC\x05");
        let cases: [(&[u8], Format); 8] = [
            (b"\x7fELF", Format::Elf),
            (&kernel, Format::LinuxImage),
            (&[0x1f, 0x8b, 8], Format::Gzip),
            (&[0x28, 0xb5, 0x2f, 0xfd], Format::Zstd),
            (b"MZ\0\0zimg", Format::EfiZboot),
            (&[0xd0, 0x0d, 0xfe, 0xed], Format::DeviceTree),
            (b"MZ", Format::Raw),
            (b"", Format::Raw),
        ];
        for (bytes, format) in cases {
            assert_eq!(Image::new("x", bytes.to_vec()).format(), format);
        }
    }

    #[test]
    fn raw_bytes_start_at_their_first() {
        let image = Image::new("x.bin", vec![1, 2, 3]);
        let program = Program::parse(&image, 0x8000_0000, &RAM).unwrap();
        assert_eq!(program.entry, 0x8000_0000);
        assert_eq!(program.segments[0].at, 0x8000_0000..0x8000_0003);
    }

    #[test]
    fn what_cannot_run_is_refused_in_one_line() {
        let large = vec![0; 0x10_0001];
        let cases: [(Vec<u8>, &str); 6] = [
            (vec![], "x is empty: build or copy it again"),
            (vec![0x1f, 0x8b], "x is compressed by gzip: unpack it with gunzip first"),
            (vec![0x28, 0xb5, 0x2f, 0xfd], "x is compressed by Zstandard: unpack it with unzstd first"),
            (b"MZ\0\0zimg".to_vec(), "x is a compressed EFI kernel: take the kernel's flat Image instead"),
            (vec![0xd0, 0x0d, 0xfe, 0xed], "x is a device tree, not a program: pass it as the device tree"),
            (
                large,
                "x: the image at 0x80000000..0x80100001 lies outside main memory 0x80000000..0x80100000: \
                 link it there, or enlarge the memory",
            ),
        ];
        for (bytes, message) in cases {
            let image = Image::new("x", bytes);
            assert_eq!(Program::parse(&image, 0x8000_0000, &RAM).unwrap_err().to_string(), message);
        }
    }

    #[test]
    fn an_unreadable_file_is_named() {
        let error = Image::read(Path::new("no/such/file")).unwrap_err().to_string();
        assert!(error.starts_with("cannot read no/such/file: "), "{error}");
    }
}
