//! The ELF of a bare-metal program, with the symbols by which simulators find HTIF.

const HEADER_SIZE: u64 = 64;
const SEGMENT_SIZE: u64 = 56;
const SECTION_SIZE: u64 = 64;
const SYMBOL_SIZE: u64 = 24;

/// A table under construction: fields one after another, little-endian.
#[derive(Default)]
struct Table(Vec<u8>);

impl Table {
    /// Adds fields, each a value and its size in bytes.
    fn put(&mut self, fields: &[(u64, usize)]) {
        for (value, size) in fields {
            self.0.extend(&value.to_le_bytes()[..*size]);
        }
    }

    fn len(&self) -> u64 {
        self.0.len() as u64
    }
}

/// A 64-bit RISC-V ELF with `code` at address `base`, entered at its first byte.
///
/// The sections are named, because Spike finds the symbols through the names `.symtab` and `.strtab`.
pub(crate) fn elf(base: u64, code: &[u8], symbols: &[(&str, u64)]) -> Vec<u8> {
    let mut strings = vec![0];
    let mut name = |text: &str| {
        let at = strings.len() as u64;
        strings.extend(text.bytes().chain([0]));
        at
    };
    let mut table = Table(vec![0; SYMBOL_SIZE as usize]);
    for (symbol, value) in symbols {
        // Global, without a type; in no section but absolute.
        table.put(&[(name(symbol), 4), (0x10, 1), (0, 1), (0xfff1, 2), (*value, 8), (8, 8)]);
    }
    let (symtab, strtab) = (name(".symtab"), name(".strtab"));

    let code_at = HEADER_SIZE + SEGMENT_SIZE;
    let code_len = code.len() as u64;
    let table_at = code_at + code_len.next_multiple_of(8);
    let strings_at = table_at + table.len();
    let sections_at = strings_at + (strings.len() as u64).next_multiple_of(8);

    let mut out = Table(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec());
    // Executable, RISC-V, version 1; the entry; where the segment and the sections are described; flags; the
    // sizes and numbers of those descriptions; the section with the names.
    out.put(&[(2, 2), (243, 2), (1, 4), (base, 8), (HEADER_SIZE, 8), (sections_at, 8), (0, 4)]);
    out.put(&[(HEADER_SIZE, 2), (SEGMENT_SIZE, 2), (1, 2), (SECTION_SIZE, 2), (3, 2), (2, 2)]);
    // A segment to load: readable, writable and executable; from where to where; its sizes; its alignment.
    out.put(&[(1, 4), (7, 4), (code_at, 8), (base, 8), (base, 8), (code_len, 8), (code_len, 8), (8, 8)]);
    out.0.extend(code);
    out.0.resize(table_at as usize, 0);
    out.0.extend(&table.0);
    out.0.extend(&strings);
    out.0.resize(sections_at as usize, 0);
    // Name, type, flags, address, offset, size, section with the names, first global, alignment, entry size.
    let sections = [
        [0; 10],
        [symtab, 2, 0, 0, table_at, table.len(), 2, 1, 8, SYMBOL_SIZE],
        [strtab, 3, 0, 0, strings_at, strings.len() as u64, 0, 0, 1, 0],
    ];
    for section in sections {
        let sizes = [4, 4, 8, 8, 8, 8, 4, 4, 8, 8];
        out.put(&section.into_iter().zip(sizes).collect::<Vec<_>>());
    }
    out.0
}
