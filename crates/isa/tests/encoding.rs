//! Decoding and encoding: each undoes the other, and reserved words are refused.

use isa::ext::ExtSet;
use isa::{Inst, Op, decode, decode_for};
use proptest::prelude::*;

fn check_round_trip(word: u32) {
    let Some(inst) = decode(word) else {
        return;
    };
    let row = inst.op.row();
    let bits = if row.len == 4 { word } else { word & 0xffff };
    assert_eq!(inst.bits, bits, "{word:#x}");
    assert_eq!(inst.encode(), bits, "{word:#x} is {inst}");
    assert_eq!(inst.size(), u64::from(row.len), "{inst}");
    assert!(row.format.holds(&inst), "{inst}");
}

/// A compressed instruction must stand for a 32-bit one with the same operands.
fn check_expansion(inst: Inst) {
    let long = inst.expand();
    let again = decode(long.bits).expect("an instruction");
    if again.op == long.op {
        assert_eq!(again, long, "{inst} expands to {long}");
    } else {
        // The word of c.mv zero,sp is that of ntl.p1.
        let (special, general) = (again.op.row(), long.op.row());
        assert_eq!(special.mask & general.mask, general.mask, "{inst} expands to {long}");
    }
    assert_eq!(long.size(), 4, "{inst} expands to {long}");
    assert_eq!(Inst { op: inst.op, bits: inst.bits, ..long }, inst);
    assert_eq!(Some(long.op), inst.op.row().long);
}

#[test]
fn every_16_bit_word() {
    let mut valid = 0;
    for word in (0..=0xffff).filter(|word| word & 3 != 3) {
        check_round_trip(word);
        assert_eq!(decode(word), decode(word | 0xdead_0000), "the upper half is another instruction's");
        if let Some(inst) = decode(word) {
            check_expansion(inst);
            valid += 1;
        }
    }
    assert_eq!(valid, VALID_16_BIT_WORDS);
}

/// How many 16-bit words are instructions or hints of RV64DC with Zcb and Zcmop; counted per row of "RVC
/// Instruction Set Listings", by quadrant, and of the encodings of the other two.
const VALID_16_BIT_WORDS: usize = {
    // c.addi4spn wants a nonzero immediate of 8 bits; the 6 loads and stores have 11 operand bits.
    let quadrant_0 = 255 * 8 + 6 * (1 << 11);
    // c.addiw wants a nonzero rd, c.addi16sp and c.lui want a nonzero immediate.
    let upper = 31 * 63 + 63;
    // c.srli, c.srai and c.andi have 9 operand bits, six operations on two registers have 6.
    let arithmetic = 3 * (1 << 9) + 6 * (1 << 6);
    let quadrant_1 = 5 * (1 << 11) - 64 + upper + arithmetic + (1 << 11);
    // c.lwsp and c.ldsp want a nonzero rd; of c.jr to c.add only c.jr with rs1=x0 is reserved.
    let quadrant_2 = 7 * (1 << 11) - 2 * 64 + (1 << 11) - 1;
    // Of the loads and stores those of bytes have 8 operand bits and those of halfwords 7; six operations
    // on one register have 3, and c.mul has 6.
    let zcb = 2 * (1 << 8) + 3 * (1 << 7) + 6 * (1 << 3) + (1 << 6);
    let zcmop = 8;
    quadrant_0 + quadrant_1 + quadrant_2 + zcb + zcmop
};

#[test]
fn two_million_32_bit_words() {
    // Random words are rarely instructions, so half are made of a row's fixed bits.
    let mut random = Random(0x9e37_79b9_7f4a_7c15);
    let mut valid = 0;
    for _ in 0..1_000_000 {
        check_round_trip(random.next() | 3);
        let row = &isa::inst::ROWS[random.next() as usize % Op::COUNT];
        let word = row.pattern | random.next() & !row.mask;
        check_round_trip(word);
        valid += usize::from(decode(word).is_some());
    }
    assert!(valid > 900_000, "only {valid} of the made words are instructions");
}

/// Xorshift: fixed, so that a failure can be repeated.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as u32
    }
}

proptest! {
    /// What a format holds is what comes back from the word.
    #[test]
    fn operands_that_fit_come_back(
        row in 0..Op::COUNT,
        rd in 0..40u8,
        rs1 in 0..40u8,
        rs2 in 0..40u8,
        rs3 in 0..40u8,
        rm in 0..10u8,
        imm in prop_oneof![-40..40, -5000..5000, any::<i32>()],
    ) {
        let inst = Inst { rd, rs1, rs2, rs3, rm, imm, ..Inst::new(Op::from_index(row).unwrap()) };
        let word = inst.encode();
        let again = decode(word).map(|again| Inst { bits: 0, ..again });
        if inst.op.row().format.holds(&inst) {
            // A word may belong to a special case of the row: c.mv with rs2=x0 is c.jr.
            prop_assert!(again.is_some_and(|again| Inst { op: inst.op, ..again } == inst), "{} {:#x}", inst, word);
        } else {
            prop_assert_ne!(again, Some(inst));
        }
    }
}

#[test]
fn reserved_compressed_words_are_refused() {
    for (word, why) in [
        (0x0000, "all zeros"),
        (0x0004, "c.addi4spn with immediate 0"),
        (0x2001, "c.addiw with rd=x0"),
        (0x6101, "c.addi16sp with immediate 0"),
        (0x6201, "c.lui of an even register with immediate 0"),
        (0x6881, "c.lui of a register above 15 with immediate 0"),
        (0x6001, "c.lui with rd=x0 and immediate 0"),
        (0x8002, "c.jr with rs1=x0"),
        (0x4002, "c.lwsp with rd=x0"),
        (0x6002, "c.ldsp with rd=x0"),
        (0x9000, "quadrant 0, after c.sh"),
        (0x8c40, "c.sh with bit 6 set"),
        (0x9c79, "after c.not"),
        (0x9c7d, "after c.not"),
    ] {
        assert_eq!(decode(word), None, "{why}");
    }
}

#[test]
fn hints_are_instructions() {
    for (word, op) in [
        (0x0085, Op::c_addi),
        (0x0081, Op::c_addi),
        (0x0005, Op::c_nop),
        (0x4005, Op::c_li),
        (0x6005, Op::c_lui),
        (0x8006, Op::c_mv),
        (0x9006, Op::c_add),
        (0x0002, Op::c_slli),
        (0x0082, Op::c_slli),
        (0x8401, Op::c_srai),
        (0x8001, Op::c_srli),
        (0x0010_0013, Op::addi),
        (0x0200_000f, Op::fence),
        (0x0100_000f, Op::pause),
        (0x0020_0033, Op::ntl_p1),
        (0x0060_0033, Op::add),
        (0x9016, Op::c_ntl_all),
        (0x901a, Op::c_add),
        (0x0015_6013, Op::prefetch_r),
        (0x0025_6013, Op::ori),
    ] {
        assert_eq!(decode(word).map(|inst| inst.op), Some(op), "{word:#x}");
    }
}

#[test]
fn a_hart_may_have_a_special_case_without_the_general_one_and_the_other_way_round() {
    let zext_h = 0x080bc53b;
    let has = |names: &str| {
        let extensions = ExtSet::from_isa_string(names).unwrap();
        decode_for(zext_h, extensions).map(|inst| inst.op)
    };
    assert_eq!(has("rv64i_zbb"), Some(Op::zext_h));
    assert_eq!(has("rv64i_zbkb"), Some(Op::packw));
    assert_eq!(has("rv64i_zbb_zbkb"), Some(Op::zext_h));
    assert_eq!(has("rv64i_zba"), None);
}

#[test]
fn reserved_rounding_modes_are_refused() {
    for (word, is_valid) in
        [(0x0020_8053, true), (0x0020_f053, true), (0x0020_d053, false), (0x0020_e053, false)]
    {
        assert_eq!(decode(word).is_some(), is_valid, "fadd.s with rm {}", word >> 12 & 7);
    }
}

#[test]
fn reserved_fences_are_fences() {
    for word in [0x0000_000f, 0xfff0_000f, 0x1330_8f8f] {
        assert_eq!(decode(word).map(|inst| inst.op), Some(Op::fence), "{word:#x}");
    }
    assert_eq!(decode(0xfff0_9f8f).map(|inst| inst.op), Some(Op::fence_i));
}

#[test]
fn words_next_to_instructions_are_refused() {
    for (word, why) in [
        (0xffff_ffff, "all ones"),
        (0x0000_007f, "longer than 32 bits"),
        (0x0200_1013 | 1 << 26, "slli with a shift amount of seven bits"),
        (0x0200_101b, "slliw with a shift amount of six bits"),
        (0x1020_00f3, "sret with rd"),
        (0x1200_00f3, "sfence.vma with rd"),
        (0x6c15_45f3, "hlv.d with rs2=1"),
        (0x6e00_40f3, "hsv.d with rd"),
        (0x1015_262f, "lr.w with rs2"),
        (0x28c5_45af, "amocas.q with an odd rd"),
        (0x28d5_452f, "amocas.q with an odd rs2"),
        (0x0035_200f, "a cache-block operation of nothing"),
        (0x0000_4073, "funct3 100 of SYSTEM"),
        (0x4200_4033, "a funct7 of nothing"),
    ] {
        assert_eq!(decode(word), None, "{why}");
    }
}
