//! Atomics of bytes and halfwords.

use iss::variant::MisalignedAtomic;

use crate::prelude::*;

/// What an operation makes of the old value and of rs2; bits above the operand do not matter.
type Operation = fn(u64, u64) -> u64;

/// Each operation's name and funct5, and what it makes of a byte and of a halfword.
const OPERATIONS: [(&str, u32, Operation, Operation); 9] = [
    ("swap", 0b00001, |_, b| b, |_, b| b),
    ("add", 0b00000, u64::wrapping_add, u64::wrapping_add),
    ("xor", 0b00100, |a, b| a ^ b, |a, b| a ^ b),
    ("and", 0b01100, |a, b| a & b, |a, b| a & b),
    ("or", 0b01000, |a, b| a | b, |a, b| a | b),
    ("min", 0b10000, |a, b| (a as i8).min(b as i8) as u64, |a, b| (a as i16).min(b as i16) as u64),
    ("max", 0b10100, |a, b| (a as i8).max(b as i8) as u64, |a, b| (a as i16).max(b as i16) as u64),
    ("minu", 0b11000, |a, b| (a as u8).min(b as u8).into(), |a, b| (a as u16).min(b as u16).into()),
    ("maxu", 0b11100, |a, b| (a as u8).max(b as u8).into(), |a, b| (a as u16).max(b as u16).into()),
];

conformance_tests! {
    /// A byte or halfword is replaced, and what is beside it is not; the old value is sign-extended; bits of rs2 above do not matter.
    narrow_amos
    [rules "Zabha_rd_sign_extension"]
    [needs Zabha]
    |p| {
        let page = p.page();
        let (old, operand) = (0x1180_2233_4455_f066, 0xffff_ffff_ffff_7f31);
        for (name, funct5, byte, half) in OPERATIONS {
            for (size, offset, operation) in [(0u32, 6u64, byte), (0, 0, byte), (1, 6, half), (1, 2, half)] {
                let bits = 8 << size;
                let mask = ((1u64 << bits) - 1) << (8 * offset);
                let before = (old & mask) >> (8 * offset);
                let after = operation(before, operand) << (8 * offset) & mask;
                p.store(page, old);
                p.li(A1, page + offset).li(A2, operand);
                p.word(funct5 << 27 | size << 12 | 0x2f | 10 << 7 | 11 << 15 | 12 << 20);
                let extended = (before << (64 - bits)) as i64 >> (64 - bits);
                p.check_eq(A0, extended as u64, &format!("rd after {name} of {bits} bits"));
                p.check_memory(page, old & !mask | after, &format!("memory after {name} of {bits} bits"));
            }
        }
    }

    /// Bits of rd and rs2 above the operand do not matter.
    narrow_amocas
    [rules "Zabha_amocas-BH_ignore_bits" "Zabha_rd_sign_extension"]
    [needs Zabha Zacas]
    |p| {
        let page = p.page();
        let old = 0x1180_2233_4455_f0e6;
        for (word, mask, extended) in
            [(0x2800_002f, 0xff, 0xffff_ffff_ffff_ffe6), (0x2800_102f, 0xffff, 0xffff_ffff_ffff_f0e6)]
        {
            for (compare, swaps) in [(old, true), (old ^ 0xabcd_0123_4567_0000, true), (old ^ 1, false)] {
                p.store(page, old);
                p.li(A1, page).li(A0, compare).li(A2, 0x7777_7777_7777_1234);
                p.word(word | 10 << 7 | 11 << 15 | 12 << 20);
                p.check_eq(A0, extended, "the old value");
                p.check_memory(page, if swaps { old & !mask | 0x1234 & mask } else { old }, "memory");
            }
        }
    }

    /// A halfword at an odd address traps, as address misaligned or as access fault; a byte never does.
    narrow_amos_of_misaligned_addresses
    [rules "Zabha_rs1_align_addr"]
    [needs Zabha]
    [cpus "misaligned-amo=access"]
    |p| {
        let page = p.page();
        let exception = match p.cpu().misaligned_atomic {
            MisalignedAtomic::Address => Exception::StoreAddrMisaligned,
            MisalignedAtomic::Access => Exception::StoreAccessFault,
        };
        for (name, funct5, ..) in OPERATIONS {
            p.li(A1, page + 7);
            p.word(funct5 << 27 | 0x2f | 11 << 15 | 12 << 20);
            let fault = trap(exception, Mode::M).tval(page + 7).tinst_transformed(0);
            p.expect_trap(fault, |p| {
                p.word(funct5 << 27 | 1 << 12 | 0x2f | 11 << 15 | 12 << 20);
            });
            p.check_eq(A1, page + 7, name);
        }
    }
}
