//! ELF files of programs that have no linker.

/// Where programs lie: the start of main memory.
const BASE: u64 = 0x8000_0000;

/// The size of the pieces of which those that are zero are left out.
const PIECE: usize = 4096;

const HEADER: u64 = 64;
const SEGMENT: u64 = 56;
const SYMBOL: usize = 24;

/// A 64-bit RISC-V ELF with `memory` and then 4 KiB of zeros at [`BASE`], entered at its first byte.
pub(crate) fn elf(memory: &[u8], symbols: &[(&str, u64)]) -> Vec<u8> {
    // Spike finds the symbols by the names of their sections.
    let (mut table, mut strings) = (vec![0; SYMBOL], b"\0.symtab\0.strtab\0".to_vec());
    for (name, value) in symbols {
        table.extend((strings.len() as u32).to_le_bytes());
        // Global, without a type; in no section but absolute.
        table.extend([0x10, 0, 0xf1, 0xff]);
        table.extend(value.to_le_bytes());
        table.extend(8u64.to_le_bytes());
        strings.extend(name.bytes().chain([0]));
    }
    let pieces = filled(memory);
    let content_at = HEADER + SEGMENT * pieces.len() as u64;
    let content: Vec<u8> = pieces.iter().flat_map(|(_, piece)| piece.iter().copied()).collect();
    let table_at = (content_at + content.len() as u64).next_multiple_of(8);
    let strings_at = table_at + table.len() as u64;
    let sections_at = (strings_at + strings.len() as u64).next_multiple_of(8);

    let mut out = Vec::new();
    out.extend(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
    // Executable, RISC-V, version 1; the entry; the places of the tables; flags and sizes.
    put(&mut out, &[(2, 2), (243, 2), (1, 4), (BASE, 8), (HEADER, 8), (sections_at, 8)]);
    put(&mut out, &[(0, 4), (HEADER, 2), (SEGMENT, 2), (pieces.len() as u64, 2), (64, 2), (3, 2), (2, 2)]);
    // Segments to load: readable, writable and executable.
    let mut at = content_at;
    for (index, (offset, piece)) in pieces.iter().enumerate() {
        let (address, len) = (BASE + *offset as u64, piece.len() as u64);
        let next = pieces.get(index + 1).map_or(memory.len() + PIECE, |(next, _)| *next);
        put(&mut out, &[(1, 4), (7, 4), (at, 8), (address, 8), (address, 8), (len, 8)]);
        put(&mut out, &[((next - offset) as u64, 8), (8, 8)]);
        at += len;
    }
    out.extend(content);
    out.resize(table_at as usize, 0);
    out.extend(&table);
    out.extend(&strings);
    out.resize(sections_at as usize, 0);
    // No section; the symbols, of which the first is local; their names.
    let sections = [
        [0; 10],
        [1, 2, 0, 0, table_at, table.len() as u64, 2, 1, 8, SYMBOL as u64],
        [9, 3, 0, 0, strings_at, strings.len() as u64, 0, 0, 1, 0],
    ];
    for section in sections {
        let sizes = [4, 4, 8, 8, 8, 8, 4, 4, 8, 8];
        put(&mut out, &section.into_iter().zip(sizes).collect::<Vec<_>>());
    }
    out
}

/// The pieces of `memory` that are not zero, and the first one, with their places.
fn filled(memory: &[u8]) -> Vec<(usize, &[u8])> {
    let pieces = memory.chunks(PIECE).enumerate().map(|(index, piece)| (index * PIECE, piece));
    pieces.filter(|(offset, piece)| *offset == 0 || piece.iter().any(|byte| *byte != 0)).collect()
}

fn put(out: &mut Vec<u8>, fields: &[(u64, usize)]) {
    for (value, bytes) in fields {
        out.extend(&value.to_le_bytes()[..*bytes]);
    }
}
