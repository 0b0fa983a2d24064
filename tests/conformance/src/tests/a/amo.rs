//! Atomic memory operations, by the words of the manual.

use iss::variant::MisalignedAtomic;

use crate::prelude::*;

/// An operation's name and funct5, and what it makes of the old value and of rs2.
type Operation = (&'static str, u32, fn(u32, u32) -> u32, fn(u64, u64) -> u64);

const OPERATIONS: [Operation; 9] = [
    ("amoswap", 0b00001, |_, b| b, |_, b| b),
    ("amoadd", 0b00000, u32::wrapping_add, u64::wrapping_add),
    ("amoxor", 0b00100, |a, b| a ^ b, |a, b| a ^ b),
    ("amoand", 0b01100, |a, b| a & b, |a, b| a & b),
    ("amoor", 0b01000, |a, b| a | b, |a, b| a | b),
    ("amomin", 0b10000, |a, b| (a as i32).min(b as i32) as u32, |a, b| (a as i64).min(b as i64) as u64),
    ("amomax", 0b10100, |a, b| (a as i32).max(b as i32) as u32, |a, b| (a as i64).max(b as i64) as u64),
    ("amominu", 0b11000, u32::min, u64::min),
    ("amomaxu", 0b11100, u32::max, u64::max),
];

/// Old values and operands: signs and sizes in all combinations, of words and of doublewords.
const PAIRS: [(u64, u64); 4] = [
    (0x7fff_ffff_8000_0001, 0x8000_0000_7fff_ffff),
    (0xffff_ffff_ffff_fffe, 0x0000_0003_0000_0003),
    (0x0123_4567_89ab_cdef, 0xf0f0_f0f0_f0f0_f0f0),
    (0x8000_0000_0000_0000, 0xffff_ffff_ffff_ffff),
];

/// The word with rd a0, rs1 a1 and rs2 a2; `order` is aq and rl.
fn code(funct5: u32, funct3: u32, order: u32) -> u32 {
    funct5 << 27 | order << 25 | 12 << 20 | 11 << 15 | funct3 << 12 | 10 << 7 | 0x2f
}

conformance_tests! {
    /// Each operation on words and doublewords: rd is the old value, words sign-extended; the upper half of rs2 does not matter to words.
    amos
    [rules "amo_operand_size" "a_aq_rl_bits"]
    |p| {
        let page = p.page();
        for (name, funct5, word, double) in OPERATIONS {
            // Each with another of the orders.
            for (order, (old, operand)) in (0u32..).zip(PAIRS) {
                p.store(page, old);
                p.li(A1, page).li(A2, operand).word(code(funct5, 3, order));
                p.check_eq(A0, old, &format!("rd of {name}, a doubleword"));
                p.check_memory(page, double(old, operand), &format!("memory after {name}, a doubleword"));
                for offset in [0u64, 4] {
                    let (shift, mask) = (8 * offset, 0xffff_ffff << (8 * offset));
                    p.store(page, old);
                    p.li(A1, page + offset).word(code(funct5, 2, order));
                    p.check_eq(A0, (old >> shift) as i32 as u64, &format!("rd of {name}, a word"));
                    let new = u64::from(word((old >> shift) as u32, operand as u32)) << shift;
                    p.check_memory(page, old & !mask | new, &format!("memory after {name}, a word"));
                }
            }
        }
    }

    /// An address that is not a multiple of the size traps, as address misaligned or as access fault: there is no misaligned atomicity granule.
    misaligned_amos
    [rules "amo_alignment" "MISALIGNED_ATOMICITY_GRANULE_SIZE"]
    [cpus "misaligned-amo=access"]
    |p| {
        let page = p.page();
        let exception = match p.cpu().misaligned_atomic {
            MisalignedAtomic::Address => Exception::StoreAddrMisaligned,
            MisalignedAtomic::Access => Exception::StoreAccessFault,
        };
        p.store(page, 0x1234);
        for (_, funct5, ..) in OPERATIONS {
            for (funct3, offset) in [(2, 1), (2, 2), (2, 3), (3, 1), (3, 4), (3, 6)] {
                p.li(A1, page + offset);
                p.expect_trap(trap(exception, Mode::M).tval(page + offset).tinst_transformed(0), |p| {
                    p.word(code(funct5, funct3, 0));
                });
            }
        }
        p.check_memory(page, 0x1234, "memory");
    }

    /// With any aq and rl, an access sees those before it in program order and not those after it.
    own_accesses_around_amos
    [rules "a_aq_rl_bits" "a_acquire_semantics" "a_release_semantics" "a_seq_cst_semantics" "amo_release_consistency" "sc_not_observable_before_lr"]
    |p| {
        let page = p.page();
        p.li(A1, page).li(A5, 1);
        for order in 0..4 {
            p.li(A2, 3).sd(A2, 0, A1);
            // amoadd.d of 3 to the 3 stored just before, loaded just after, stored over after that.
            p.word(code(0b00000, 3, order)).ld(A3, 0, A1).sd(A5, 0, A1).ld(A4, 0, A1);
            p.check_eq(A0, 3, "what the AMO has loaded");
            p.check_eq(A3, 6, "what is loaded after it");
            p.check_eq(A4, 1, "what is loaded after the next store");
        }
        for order in [Order::Plain, Order::Aq, Order::Rl, Order::AqRl] {
            p.li(A2, 3)
                .sd(A2, 0, A1)
                .lr_d(A0, A1, order)
                .addi(A2, A0, 4)
                .sc_d(A4, A2, A1, order)
                .ld(A3, 0, A1);
            p.check_eq(A4, 0, "what SC says");
            p.check_eq(A3, 7, "what is loaded after it");
        }
    }
}
