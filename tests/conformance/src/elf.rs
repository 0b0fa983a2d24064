//! ELF files of programs that have no linker.

/// A part of memory that a program starts with.
pub(crate) struct Segment {
    /// Its physical address, which is its virtual one too.
    pub(crate) address: u64,
    /// Its content.
    pub(crate) bytes: Vec<u8>,
}

/// An executable 64-bit RISC-V ELF of `segments`, entered at the first byte of the first one.
///
/// Simulators find `symbols` by the names of their sections, `.symtab` and `.strtab`.
pub(crate) fn write(segments: &[Segment], symbols: &[(&str, u64)]) -> Vec<u8> {
    const HEADER: u64 = 64;
    const SEGMENT: u64 = 56;
    const SYMBOL: u64 = 24;
    let (mut table, mut strings) = (vec![0; SYMBOL as usize], b"\0.symtab\0.strtab\0".to_vec());
    for (name, value) in symbols {
        table.extend((strings.len() as u32).to_le_bytes());
        // Global, without a type; in no section but absolute.
        table.extend([0x10, 0, 0xf1, 0xff]);
        table.extend(value.to_le_bytes());
        table.extend(8u64.to_le_bytes());
        strings.extend(name.bytes().chain([0]));
    }
    let data_at = HEADER + SEGMENT * segments.len() as u64;
    let table_at = data_at + segments.iter().map(|segment| segment.size()).sum::<u64>();
    let strings_at = table_at + table.len() as u64;
    let sections_at = (strings_at + strings.len() as u64).next_multiple_of(8);
    let entry = segments.first().map_or(0, |segment| segment.address);

    let mut out = Vec::new();
    out.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    // Executable, RISC-V, version 1; the entry; the places of the tables; flags and sizes.
    put(&mut out, &[(2, 2), (243, 2), (1, 4), (entry, 8), (HEADER, 8), (sections_at, 8)]);
    put(&mut out, &[(0, 4), (HEADER, 2), (SEGMENT, 2), (segments.len() as u64, 2), (64, 2), (3, 2), (2, 2)]);
    let mut at = data_at;
    for segment in segments {
        let (address, size) = (segment.address, segment.size());
        // To be loaded: readable, writable and executable.
        put(&mut out, &[(1, 4), (7, 4), (at, 8), (address, 8), (address, 8), (size, 8), (size, 8), (8, 8)]);
        at += size;
    }
    for segment in segments {
        out.extend(&segment.bytes);
        out.resize(out.len().next_multiple_of(8), 0);
    }
    out.extend(&table);
    out.extend(&strings);
    out.resize(sections_at as usize, 0);
    // No section; the symbols, of which the first is local; their names.
    let sections = [
        [0; 10],
        [1, 2, 0, 0, table_at, table.len() as u64, 2, 1, 8, SYMBOL],
        [9, 3, 0, 0, strings_at, strings.len() as u64, 0, 0, 1, 0],
    ];
    for section in sections {
        let sizes = [4, 4, 8, 8, 8, 8, 4, 4, 8, 8];
        put(&mut out, &section.into_iter().zip(sizes).collect::<Vec<_>>());
    }
    out
}

impl Segment {
    /// The size in the file, where each segment starts at a multiple of 8.
    fn size(&self) -> u64 {
        (self.bytes.len() as u64).next_multiple_of(8)
    }
}

/// Appends numbers of so many bytes each.
fn put(out: &mut Vec<u8>, fields: &[(u64, usize)]) {
    for (value, bytes) in fields {
        out.extend(&value.to_le_bytes()[..*bytes]);
    }
}
