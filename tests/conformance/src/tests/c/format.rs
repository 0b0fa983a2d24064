//! The formats of 16-bit instructions, as the manual draws them, so that tests do not take encodings from the
//! table that they test.

/// `(hi, lo, to)`: bits `hi..=lo` of an operand lie from bit `to` of the instruction upwards.
type Pieces = &'static [(u32, u32, u32)];

/// The operand's bits where the instruction has them.
pub(super) fn scatter(value: i64, pieces: Pieces) -> u16 {
    let place = |&(hi, lo, to): &(u32, u32, u32)| (value as u64 >> lo & ((1 << (hi - lo + 1)) - 1)) << to;
    pieces.iter().map(place).sum::<u64>() as u16
}

pub(super) const IMM6: Pieces = &[(5, 5, 12), (4, 0, 2)];
pub(super) const LWSP: Pieces = &[(5, 5, 12), (4, 2, 4), (7, 6, 2)];
pub(super) const LDSP: Pieces = &[(5, 5, 12), (4, 3, 5), (8, 6, 2)];
pub(super) const SWSP: Pieces = &[(5, 2, 9), (7, 6, 7)];
pub(super) const SDSP: Pieces = &[(5, 3, 10), (8, 6, 7)];
pub(super) const WORD: Pieces = &[(5, 3, 10), (2, 2, 6), (6, 6, 5)];
pub(super) const DOUBLE: Pieces = &[(5, 3, 10), (7, 6, 5)];
pub(super) const ADDI16SP: Pieces = &[(9, 9, 12), (4, 4, 6), (6, 6, 5), (8, 7, 3), (5, 5, 2)];
pub(super) const ADDI4SPN: Pieces = &[(5, 4, 11), (9, 6, 7), (2, 2, 6), (3, 3, 5)];
pub(super) const JUMP: Pieces =
    &[(11, 11, 12), (4, 4, 11), (9, 8, 9), (10, 10, 8), (6, 6, 7), (7, 7, 6), (3, 1, 3), (5, 5, 2)];
pub(super) const BRANCH: Pieces = &[(8, 8, 12), (4, 3, 10), (7, 6, 5), (2, 1, 3), (5, 5, 2)];

/// funct3, a full register and a quadrant.
pub(super) fn ci(funct3: u16, register: u16, quadrant: u16) -> u16 {
    funct3 << 13 | register << 7 | quadrant
}

/// funct3, two of x8 to x15 and a quadrant: the first in bits 9:7, the second in bits 4:2.
pub(super) fn cl(funct3: u16, first: u16, second: u16, quadrant: u16) -> u16 {
    funct3 << 13 | (first - 8) << 7 | (second - 8) << 2 | quadrant
}

/// funct4 and two full registers, in quadrant 2.
pub(super) fn cr(funct4: u16, first: u16, second: u16) -> u16 {
    funct4 << 12 | first << 7 | second << 2 | 2
}
