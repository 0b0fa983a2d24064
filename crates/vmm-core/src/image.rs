//! Guests' images: ELF files, and anything else as flat bytes.

use core::fmt;

use crate::map::{ENTRY, ram_range};

/// The first bytes of an ELF file; then 64 bits, little-endian.
const MAGIC: &[u8] = b"\x7fELF";
const CLASS_AND_DATA: [u8; 2] = [2, 1];
/// `EM_RISCV`.
const MACHINE: u64 = 243;
/// `PT_LOAD`.
const LOAD: u64 = 1;
/// Bytes of a program header.
const HEADER_SIZE: usize = 56;

/// Why a file is no guest.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// There is nothing in it.
    Empty,
    /// It does not fit into RAM where it belongs.
    OutsideRam,
    /// It is an ELF file for another machine.
    OtherMachine,
    /// It is an ELF file that has been cut.
    Truncated,
    /// Its entry is in none of its segments.
    NoEntry,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Error::Empty => "is empty: give an ELF file for RISC-V or a flat image",
            Error::OutsideRam => {
                "does not fit into RAM, which is 0x80000000 to 0x81000000: link it for 0x80200000"
            }
            Error::OtherMachine => "is an ELF file, but not for 64-bit RISC-V: build it for riscv64",
            Error::Truncated => "is an ELF file with parts that lie outside it: get it again",
            Error::NoEntry => "is an ELF file whose entry is in none of its segments: link it with an entry",
        })
    }
}

/// Puts `file` into `ram`, which is all zero, and returns where it is entered.
///
/// # Errors
/// `ram` may then have been written in part.
pub fn load(file: &[u8], ram: &mut [u8]) -> Result<u64, Error> {
    if file.is_empty() {
        return Err(Error::Empty);
    }
    if file.starts_with(MAGIC) {
        return load_elf(file, ram);
    }
    place(file, ENTRY, file.len() as u64, ram)?;
    Ok(ENTRY)
}

fn load_elf(file: &[u8], ram: &mut [u8]) -> Result<u64, Error> {
    if file.get(4..6) != Some(&CLASS_AND_DATA) || field::<2>(file, 18)? != MACHINE {
        return Err(Error::OtherMachine);
    }
    let (entry, headers) = (field::<8>(file, 24)?, field::<8>(file, 32)?);
    let (header_size, count) = (field::<2>(file, 54)?, field::<2>(file, 56)?);
    let mut physical_entry = Err(Error::NoEntry);
    for n in 0..count {
        let header = slice(file, headers.wrapping_add(n * header_size), HEADER_SIZE as u64)?;
        if field::<4>(header, 0)? != LOAD {
            continue;
        }
        let (offset, virtual_address, physical_address) =
            (field::<8>(header, 8)?, field::<8>(header, 16)?, field::<8>(header, 24)?);
        let (file_size, memory_size) = (field::<8>(header, 32)?, field::<8>(header, 40)?);
        place(slice(file, offset, file_size)?, physical_address, memory_size, ram)?;
        let inside = entry.wrapping_sub(virtual_address);
        if inside < memory_size {
            physical_entry = Ok(physical_address.wrapping_add(inside));
        }
    }
    physical_entry
}

/// Copies `bytes` to a guest physical address at which `size` bytes must be RAM.
fn place(bytes: &[u8], address: u64, size: u64, ram: &mut [u8]) -> Result<(), Error> {
    let range = ram_range(address, size.max(bytes.len() as u64)).ok_or(Error::OutsideRam)?;
    let target = ram.get_mut(range).ok_or(Error::OutsideRam)?;
    target[..bytes.len()].copy_from_slice(bytes);
    Ok(())
}

fn slice(bytes: &[u8], offset: u64, length: u64) -> Result<&[u8], Error> {
    let end = offset.checked_add(length).ok_or(Error::Truncated)?;
    bytes.get(offset as usize..end as usize).ok_or(Error::Truncated)
}

/// The little-endian number of `N` bytes at `offset`.
fn field<const N: usize>(bytes: &[u8], offset: usize) -> Result<u64, Error> {
    let field = bytes.get(offset..offset + N).ok_or(Error::Truncated)?;
    Ok(field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

#[cfg(test)]
mod tests {
    extern crate std;
    use std::vec;
    use std::vec::Vec;

    use super::*;
    use crate::map::{RAM_BASE, RAM_SIZE};

    /// An ELF file with one segment, "abcd" at `physical` and at twice that virtually, and four bytes of bss.
    fn elf(entry: u64, physical: u64) -> Vec<u8> {
        let mut file = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0\x02\0\xf3\0\x01\0\0\0".to_vec();
        file.extend([entry, 64, 0].iter().flat_map(|double| double.to_le_bytes()));
        file.extend(0_u32.to_le_bytes());
        file.extend([64_u16, 56, 1, 64, 0, 0].iter().flat_map(|half| half.to_le_bytes()));
        file.extend([1_u32, 7].iter().flat_map(|word| word.to_le_bytes()));
        let fields = [120, physical.wrapping_mul(2), physical, 4, 8, 1];
        file.extend(fields.iter().flat_map(|double: &u64| double.to_le_bytes()));
        file.extend(b"abcd");
        file
    }

    fn loaded(file: &[u8]) -> Result<(u64, Vec<u8>), Error> {
        let mut ram = vec![0; RAM_SIZE];
        load(file, &mut ram).map(|entry| (entry, ram))
    }

    #[test]
    fn flat_bytes_lie_at_the_entry() {
        let (entry, ram) = loaded(b"flat").unwrap();
        assert_eq!((entry, &ram[0x20_0000..0x20_0005]), (0x8020_0000, &b"flat\0"[..]));
    }

    #[test]
    fn segments_lie_at_their_physical_addresses_and_so_does_the_entry() {
        let (entry, ram) = loaded(&elf(2 * 0x8040_0000 + 2, 0x8040_0000)).unwrap();
        assert_eq!((entry, &ram[0x40_0000..0x40_0005]), (0x8040_0002, &b"abcd\0"[..]));
    }

    #[test]
    fn what_does_not_fit_into_ram_is_refused() {
        assert_eq!(loaded(&vec![1; RAM_SIZE - 0x20_0000 + 1]).unwrap_err(), Error::OutsideRam);
        assert!(loaded(&vec![1; RAM_SIZE - 0x20_0000]).is_ok());
        let end = RAM_BASE + RAM_SIZE as u64;
        for base in [RAM_BASE - 1, end - 7, u64::MAX - 3] {
            assert_eq!(loaded(&elf(0, base)).unwrap_err(), Error::OutsideRam, "{base:#x}");
        }
        assert!(loaded(&elf(2 * (end - 8), end - 8)).is_ok());
    }

    #[test]
    fn a_file_cut_anywhere_is_refused() {
        let file = elf(2 * RAM_BASE, RAM_BASE);
        for length in 0..file.len() {
            let cut = loaded(&file[..length]);
            // So little of it is not known for an ELF file.
            assert_eq!(cut.is_err(), length == 0 || length >= 4, "{length}");
        }
    }

    #[test]
    fn other_machines_and_entries_are_refused() {
        let mut file = elf(2 * RAM_BASE, RAM_BASE);
        file[18] = 62;
        assert_eq!(loaded(&file).unwrap_err(), Error::OtherMachine);
        let mut file = elf(2 * RAM_BASE, RAM_BASE);
        file[4] = 1;
        assert_eq!(loaded(&file).unwrap_err(), Error::OtherMachine);
        assert_eq!(loaded(&elf(2 * RAM_BASE + 8, RAM_BASE)).unwrap_err(), Error::NoEntry);
        assert_eq!(loaded(b"").unwrap_err(), Error::Empty);
    }

    #[test]
    fn numbers_at_the_end_of_what_they_can_be_are_refused() {
        let file = elf(2 * RAM_BASE, RAM_BASE);
        // Where the program headers are; a segment's offset, sizes.
        for offset in [32, 64 + 8, 64 + 32, 64 + 40] {
            let mut file = file.clone();
            file[offset..offset + 8].fill(0xff);
            assert!(loaded(&file).is_err(), "{offset}");
        }
    }
}
