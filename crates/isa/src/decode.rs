//! The decoder: from an instruction word to an operation and its operands.

use crate::ext::ExtSet;
use crate::inst::{Inst, ROWS, Row};

/// Decodes an RV64 instruction of any extension: all of `word` where its two low bits are ones, else its
/// low half.
///
/// Returns `None` for words that no row of the table matches and for reserved operands.
pub fn decode(word: u32) -> Option<Inst> {
    decode_for(word, ExtSet::ALL)
}

/// Decodes as [`decode`] does, for a hart with `extensions`.
///
/// Where one row is a special case of another, as PAUSE is of FENCE and zext.h of packw, the hart may have either alone.
pub fn decode_for(word: u32, extensions: ExtSet) -> Option<Inst> {
    let bits = if word & 3 == 3 { word } else { word & 0xffff };
    RV64.candidates(bits)
        .filter(|row| bits & row.mask == row.pattern && extensions.meets(row.needs))
        .find_map(|row| row.format.extract(Inst { bits, ..Inst::new(row.op) }))
}

/// Which rows of the table can match a word, by the bits that hold the opcode and funct3 of a 32-bit
/// instruction. Compressed instructions, whose opcode lies elsewhere, are listed more than once.
struct Index {
    /// Row numbers, sorted by bucket; within a bucket those with more fixed bits are first, so that
    /// c.ebreak is found before c.add.
    rows: [u16; CAPACITY],
    /// Where each bucket starts, and where the last one ends.
    start: [u16; BUCKETS + 1],
}

/// The bits that choose a bucket.
const SELECT: u32 = 0x707f;
const BUCKETS: usize = 1 << SELECT.count_ones();

/// Enough for the rows of all buckets; a table that outgrows it does not compile.
const CAPACITY: usize = 4096;

static RV64: Index = Index::new(64);

const fn bucket(word: u32) -> usize {
    (word & 0x7f | word >> 5 & 0x380) as usize
}

/// The word with the bits of `bucket`, and zero elsewhere.
const fn word_of(bucket: usize) -> u32 {
    let bits = bucket as u32;
    bits & 0x7f | (bits & 0x380) << 5
}

impl Index {
    /// The index of the rows that a base ISA of `xlen` bits has.
    #[allow(long_running_const_eval)]
    const fn new(xlen: u32) -> Index {
        let mut index = Index { rows: [0; CAPACITY], start: [0; BUCKETS + 1] };
        let (mut bucket, mut used) = (0, 0);
        while bucket < BUCKETS {
            let first = used;
            let mut r = 0;
            while r < ROWS.len() {
                let row = &ROWS[r];
                let fits = (row.pattern ^ word_of(bucket)) & row.mask & SELECT == 0;
                if row.xlen.includes(xlen) && fits {
                    let mut at = used;
                    while at > first && index.row(at - 1).mask.count_ones() < row.mask.count_ones() {
                        index.rows[at] = index.rows[at - 1];
                        at -= 1;
                    }
                    index.rows[at] = r as u16;
                    used += 1;
                }
                r += 1;
            }
            bucket += 1;
            index.start[bucket] = used as u16;
        }
        index
    }

    const fn row(&self, at: usize) -> &'static Row {
        &ROWS[self.rows[at] as usize]
    }

    fn candidates(&self, word: u32) -> impl Iterator<Item = &'static Row> {
        let bucket = bucket(word);
        (self.start[bucket]..self.start[bucket + 1]).map(|at| self.row(at.into()))
    }
}

#[cfg(test)]
mod tests {
    use alloc::boxed::Box;

    use super::*;

    #[test]
    fn buckets_have_words_of_their_own() {
        for b in 0..BUCKETS {
            assert_eq!(bucket(word_of(b)), b);
            assert_eq!(word_of(b) & !SELECT, 0);
        }
    }

    #[test]
    fn every_row_of_the_base_isa_is_a_candidate_for_its_pattern() {
        let rv32 = Box::new(Index::new(32));
        for row in &ROWS {
            let finds = |index: &Index| index.candidates(row.pattern).any(|found| found.op == row.op);
            assert!(finds(&RV64), "{}", row.name);
            assert_eq!(finds(&rv32), row.xlen.includes(32), "{}", row.name);
        }
    }
}
