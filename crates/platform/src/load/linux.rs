//! The Linux kernel's flat Image. Linux documentation, "Boot image header in RISC-V Linux".

use std::ops::Range;

use super::{Image, Program};
use crate::error::Error;
use crate::map::KERNEL_BASE;

/// Where the header's second magic number lies.
pub(super) const MAGIC_OFFSET: usize = 0x38;
/// The header's second magic number.
pub(super) const MAGIC: &[u8] = b"RSC\x05";
/// The header ends here.
const HEADER_SIZE: usize = 64;
/// The kernel's first mapping uses pages of this size.
const ALIGNMENT: u64 = 0x20_0000;

/// Finds out where a kernel belongs: at the start of main memory plus its `text_offset`.
pub(super) fn parse<'a>(image: &'a Image, ram: &Range<u64>) -> Result<Program<'a>, Error> {
    let advice = "build or copy it again";
    if image.bytes().len() < HEADER_SIZE {
        return Err(Error::unsuitable(image.name(), "is a truncated Linux Image", advice));
    }
    let [text_offset, image_size, flags] = [8, 16, 24].map(|at| doubleword(image.bytes(), at));
    if flags & 1 != 0 {
        return Err(Error::unsuitable(image.name(), "is a big-endian Linux Image", "build it little-endian"));
    }
    // An offset of zero stands for the place that every RV64 kernel since 4.x runs at.
    let base = if text_offset == 0 { KERNEL_BASE } else { ram.start.saturating_add(text_offset) };
    if !base.is_multiple_of(ALIGNMENT) {
        let problem = format!("is a Linux Image with the impossible text_offset {text_offset:#x}");
        return Err(Error::unsuitable(image.name(), problem, advice));
    }
    if truncated_pe(image.bytes()) {
        return Err(Error::unsuitable(image.name(), "is a truncated Linux Image", advice));
    }
    // The size in memory counts the zeros behind the file's end.
    Program::flat(image, base, image_size.max(image.bytes().len() as u64), ram)
}

/// Whether the file ends before a section of its EFI header does; kernels without one pass.
fn truncated_pe(bytes: &[u8]) -> bool {
    if !bytes.starts_with(b"MZ") {
        return false;
    }
    section_ends(bytes).is_none_or(|end| end > bytes.len() as u64)
}

/// Where the last section of the PE/COFF header ends; `None` if the header itself is cut off.
fn section_ends(bytes: &[u8]) -> Option<u64> {
    let field = |at: usize, size: usize| -> Option<u64> {
        let field = bytes.get(at..at.checked_add(size)?)?;
        Some(field.iter().rev().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    };
    let header = field(0x3c, 4)? as usize;
    if bytes.get(header..)?.get(..4)? != b"PE\0\0" {
        return None;
    }
    let (sections, optional_size) = (field(header + 6, 2)?, field(header + 20, 2)?);
    let table = header + 24 + optional_size as usize;
    let mut end = 0;
    for section in 0..sections as usize {
        let row = table + 40 * section;
        end = end.max(field(row + 16, 4)? + field(row + 20, 4)?);
    }
    Some(end)
}

/// The little-endian doubleword at `at`; zero beyond the end, where no header reaches.
fn doubleword(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(|b| b.first_chunk()).map_or(0, |b| u64::from_le_bytes(*b))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RAM: Range<u64> = 0x8000_0000..0x8800_0000;

    fn kernel(text_offset: u64, image_size: u64, flags: u64) -> Vec<u8> {
        let mut bytes = vec![0; 256];
        bytes[8..16].copy_from_slice(&text_offset.to_le_bytes());
        bytes[16..24].copy_from_slice(&image_size.to_le_bytes());
        bytes[24..32].copy_from_slice(&flags.to_le_bytes());
        bytes[0x38..0x3c].copy_from_slice(MAGIC);
        bytes
    }

    fn check(bytes: Vec<u8>) -> Result<(u64, Range<u64>), String> {
        let image = Image::new("Image", bytes);
        let program = parse(&image, &RAM).map_err(|error| error.to_string())?;
        Ok((program.entry, program.segments[0].at.clone()))
    }

    #[test]
    fn the_header_says_where_and_how_large() {
        assert_eq!(check(kernel(0x20_0000, 0x1000, 0)), Ok((0x8020_0000, 0x8020_0000..0x8020_1000)));
        assert_eq!(check(kernel(0x40_0000, 0, 0)), Ok((0x8040_0000, 0x8040_0000..0x8040_0100)));
        assert_eq!(check(kernel(0, 0, 0)), Ok((0x8020_0000, 0x8020_0000..0x8020_0100)));
    }

    #[test]
    fn nonsense_is_refused() {
        for (bytes, part) in [
            (kernel(0x20_0000, 0, 1), "big-endian"),
            (kernel(0x1234, 0, 0), "text_offset 0x1234"),
            (kernel(0x20_0000, u64::MAX, 0), "outside main memory"),
            (kernel(u64::MAX, 0, 0), "text_offset"),
            (kernel(0x20_0000, 0, 0)[..60].to_vec(), "truncated"),
        ] {
            let error = check(bytes).unwrap_err();
            assert!(error.contains(part) && !error.contains('\n'), "{error}");
        }
    }

    #[test]
    fn a_file_cut_inside_its_sections_is_refused() {
        let mut bytes = kernel(0x20_0000, 0, 0);
        bytes[..2].copy_from_slice(b"MZ");
        bytes[0x3c..0x40].copy_from_slice(&64u32.to_le_bytes());
        bytes[64..68].copy_from_slice(b"PE\0\0");
        bytes[70] = 1; // one section, no optional header: its row is at 88
        bytes[104..108].copy_from_slice(&100u32.to_le_bytes());
        bytes[108..112].copy_from_slice(&156u32.to_le_bytes());
        assert!(check(bytes.clone()).is_ok());
        bytes.pop();
        assert_eq!(check(bytes), Err("Image is a truncated Linux Image: build or copy it again".to_string()));
    }
}
