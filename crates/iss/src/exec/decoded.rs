//! A memory of decoded instruction words.
//!
//! What a word decodes to depends on the word and on the hart's extensions alone, so nothing ever has to be
//! forgotten.

use isa::ext::ExtSet;
use isa::{Inst, decode_for};

use crate::variant::Variant;

/// Words remembered, one for each value of a hash.
const SIZE: usize = 4096;

/// The instructions of words decoded lately.
#[derive(Clone, Debug)]
pub(crate) struct Decoded {
    variant: Variant,
    words: Vec<Option<(u32, Inst)>>,
}

impl Decoded {
    pub(crate) fn new(variant: Variant) -> Decoded {
        Decoded { variant, words: vec![None; SIZE] }
    }

    /// The extensions of the hart.
    pub(crate) fn extensions(&self) -> ExtSet {
        self.variant.extensions
    }

    /// The instruction that `word` is, if it is one and a hart of this variant has its extension.
    pub(crate) fn decode(&mut self, word: u32) -> Option<Inst> {
        let slot = &mut self.words[(word.wrapping_mul(0x9e37_79b1) >> 20) as usize % SIZE];
        match slot {
            Some((known, i)) if *known == word => Some(*i),
            _ => {
                let i = decode_for(word, self.variant.extensions)?;
                *slot = Some((word, i));
                Some(i)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use isa::Op;
    use isa::ext::Ext;

    use super::*;

    /// Whether harts of `variant` have each of the instructions, also when they meet them again.
    fn has<const N: usize>(variant: Variant, ops: [Op; N]) -> [bool; N] {
        let mut decoded = Decoded::new(variant);
        ops.map(|op| {
            let word = Inst::new(op).encode();
            let first = decoded.decode(word);
            assert_eq!(decoded.decode(word), first);
            first.is_some_and(|i| i.op == op)
        })
    }

    #[test]
    fn instructions_of_missing_extensions_are_none() {
        let ops = [Op::add, Op::hlv_d, Op::sinval_vma, Op::hinval_vvma];
        let all = Variant::default();
        assert_eq!(has(all, ops), [true; 4]);
        assert_eq!(has(all.without(Ext::H), ops), [true, false, true, false]);
        assert_eq!(has(all.without(Ext::Svinval), ops), [true, true, false, false]);
        let ops = [Op::flh, Op::fadd_h, Op::fli_h, Op::fli_s];
        assert_eq!(has(all, ops), [true; 4]);
        assert_eq!(has(all.without(Ext::Zfh), ops), [true, false, false, true]);
        assert_eq!(has(all.without(Ext::Zfhmin), ops), [false, false, false, true]);
        assert_eq!(has(all.without(Ext::Zfa), ops), [true, true, false, false]);
        let ops = [Op::rol, Op::clz, Op::pack, Op::c_sext_b, Op::c_not];
        assert_eq!(has(all.without(Ext::Zbb), ops), [true, false, true, false, true]);
        assert_eq!(has(all.without(Ext::Zbb).without(Ext::Zbkb), ops), [false, false, false, false, true]);
        assert_eq!(has(all.without(Ext::Zcb), ops), [true, true, true, false, false]);
    }
}
