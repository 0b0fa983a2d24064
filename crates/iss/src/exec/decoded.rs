//! A memory of decoded instruction words.
//!
//! Decoding depends on the word alone, so nothing ever has to be forgotten.

use isa::{Inst, decode};

/// Words remembered, one for each value of a hash.
const SIZE: usize = 4096;

/// The instructions of words decoded lately.
#[derive(Clone, Debug)]
pub(crate) struct Decoded {
    words: Vec<Option<(u32, Inst)>>,
}

impl Decoded {
    pub(crate) fn new() -> Decoded {
        Decoded { words: vec![None; SIZE] }
    }

    /// What [`isa::decode`] makes of `word`.
    pub(crate) fn decode(&mut self, word: u32) -> Option<Inst> {
        let slot = &mut self.words[(word.wrapping_mul(0x9e37_79b1) >> 20) as usize % SIZE];
        match slot {
            Some((known, i)) if *known == word => Some(*i),
            _ => {
                let i = decode(word)?;
                *slot = Some((word, i));
                Some(i)
            }
        }
    }
}
