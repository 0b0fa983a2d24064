//! Flat images: what an ELF file loads, as one run of bytes.

use anyhow::{Context, Result, ensure};
use goblin::elf::Elf;
use goblin::elf::program_header::PT_LOAD;

/// Larger images are a mistake in a linker script.
const MAX_SIZE: u64 = 16 << 20;

/// The bytes that `elf` loads, from its lowest address, which must be its entry, to its last byte that is not bss.
pub(crate) fn flatten(elf: &[u8]) -> Result<Vec<u8>> {
    let parsed = Elf::parse(elf).context("not an ELF file")?;
    let loaded =
        || parsed.program_headers.iter().filter(|header| header.p_type == PT_LOAD && header.p_filesz > 0);
    let base = loaded().map(|header| header.p_paddr).min().context("the ELF file loads nothing")?;
    ensure!(parsed.entry == base, "the entry {:#x} is not the first byte {base:#x}", parsed.entry);

    let mut image = Vec::new();
    for header in loaded() {
        let start = header.p_paddr - base;
        ensure!(
            start.saturating_add(header.p_filesz) <= MAX_SIZE,
            "the image is larger than {MAX_SIZE} bytes"
        );
        let bytes = elf.get(header.file_range()).context("a segment lies outside the file")?;
        let end = start as usize + bytes.len();
        if image.len() < end {
            image.resize(end, 0);
        }
        image[start as usize..end].copy_from_slice(bytes);
    }
    Ok(image)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An ELF file with two segments, the second first, a gap between them and bss behind.
    fn two_segments(entry: u64) -> Vec<u8> {
        let mut elf = vec![0x7f, b'E', b'L', b'F', 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
        elf.extend([2_u16, 243].iter().flat_map(|half| half.to_le_bytes()));
        elf.extend(1_u32.to_le_bytes());
        elf.extend([entry, 64, 0].iter().flat_map(|double| double.to_le_bytes()));
        elf.extend(0_u32.to_le_bytes());
        elf.extend([64_u16, 56, 2, 64, 0, 0].iter().flat_map(|half| half.to_le_bytes()));
        for (offset, address, file_size, memory_size) in
            [(178_u64, 0x1008_u64, 2_u64, 9_u64), (176, 0x1000, 2, 2)]
        {
            elf.extend([1_u32, 7].iter().flat_map(|word| word.to_le_bytes()));
            let fields = [offset, address, address, file_size, memory_size, 1];
            elf.extend(fields.iter().flat_map(|double| double.to_le_bytes()));
        }
        elf.extend(b"abcd");
        elf
    }

    #[test]
    fn segments_lie_at_their_addresses_and_bss_is_left_out() {
        assert_eq!(flatten(&two_segments(0x1000)).unwrap(), b"ab\0\0\0\0\0\0cd");
    }

    #[test]
    fn the_entry_must_come_first() {
        let error = flatten(&two_segments(0x1002)).unwrap_err().to_string();
        assert_eq!(error, "the entry 0x1002 is not the first byte 0x1000");
    }

    #[test]
    fn a_truncated_file_is_refused() {
        let elf = two_segments(0x1000);
        assert!(flatten(&elf[..elf.len() - 1]).is_err());
        assert!(flatten(b"").is_err());
    }
}
