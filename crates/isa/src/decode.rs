//! The decoder: from an instruction word to an operation and its operands.
//!
//! It knows no enabled extensions: whether a hart has an instruction is the hart's question.

use crate::inst::{Inst, ROWS, Row};
use crate::{Op, inst::Xlen};

/// Buckets: bits 6:2 and 14:12 of a 32-bit word, then quadrant and bits 15:13 of a 16-bit one.
const BUCKETS: usize = 256 + 32;
const SIZE: usize = 2048;

/// Row numbers sorted by bucket, and where each bucket starts.
struct Index {
    start: [u16; BUCKETS + 1],
    rows: [u16; SIZE],
}

static INDEX: Index = Index::new();

const fn bucket(word: u32) -> usize {
    if word & 3 == 3 {
        (word >> 2 & 0x1f | word >> 7 & 0xe0) as usize
    } else {
        (256 + (word & 3 | word >> 11 & 0x1c)) as usize
    }
}

/// The word whose bucket is `b`, with zero elsewhere, and the mask of the bits that select it.
const fn key(b: usize) -> (u32, u32) {
    let b = b as u32;
    if b < 256 {
        (b << 2 & 0x7c | b << 7 & 0x7000 | 3, 0x707f)
    } else {
        ((b - 256) & 3 | (b - 256) << 11 & 0xe000, 0xe003)
    }
}

impl Index {
    #[allow(long_running_const_eval)]
    const fn new() -> Index {
        let mut index = Index { start: [0; BUCKETS + 1], rows: [0; SIZE] };
        let (mut b, mut used) = (0, 0);
        while b < BUCKETS {
            let (word, select) = key(b);
            let first = used;
            let mut r = 0;
            while r < ROWS_CONST.len() {
                let row = &ROWS_CONST[r];
                let both = row.1 & select;
                if row.0 == (word & 3 == 3) && (row.2 ^ word) & both == 0 {
                    // The row with more fixed bits is looked at first: c.ebreak before c.add.
                    let mut at = used;
                    while at > first
                        && ROWS_CONST[index.rows[at - 1] as usize].1.count_ones() < row.1.count_ones()
                    {
                        index.rows[at] = index.rows[at - 1];
                        at -= 1;
                    }
                    index.rows[at] = r as u16;
                    used += 1;
                }
                r += 1;
            }
            b += 1;
            index.start[b] = used as u16;
        }
        index
    }
}

/// Of each row: whether it is 32 bits wide, its mask and its pattern (a static cannot be read in const).
const ROWS_CONST: [(bool, u32, u32); Op::COUNT] = {
    let mut all = [(false, 0, 0); Op::COUNT];
    let mut i = 0;
    while i < Op::COUNT {
        let row = &crate::inst::TABLE[i];
        all[i] = (row.len == 4, row.mask, row.pattern);
        i += 1;
    }
    all
};

/// The rows that could match `word`, those with more fixed bits first.
fn candidates(word: u32) -> impl Iterator<Item = &'static Row> {
    let b = bucket(word);
    let (from, to) = (INDEX.start[b] as usize, INDEX.start[b + 1] as usize);
    INDEX.rows[from..to].iter().map(|&r| &ROWS[r as usize])
}

/// Decodes an RV64 instruction: all of `word` where its two low bits are ones, else its low half.
///
/// Returns `None` for words that no row of the table matches and for reserved operands.
pub fn decode(word: u32) -> Option<Inst> {
    let bits = if word & 3 == 3 { word } else { word & 0xffff };
    candidates(bits)
        .filter(|row| bits & row.mask == row.pattern && matches!(row.xlen, Xlen::any | Xlen::rv64))
        .find_map(|row| row.format.extract(Inst { bits, ..Inst::new(row.op) }))
}
